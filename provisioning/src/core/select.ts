import type { Concern } from './gateway-view.ts'
import type { LifeState } from './life.ts'

/** A word in lower case: it is typed again and again. */
export const TAG = /^[a-z0-9][a-z0-9._-]{0,31}$/

/** Which gateways are meant: all that agree with everything that is given. */
export interface Selection {
  readonly serials?: readonly string[] | undefined
  readonly state?: LifeState | undefined
  readonly concern?: Concern | undefined
  /** Part of a serial, a site, a name on the wire, a member, or, for whoever may see it, a household; case does not matter. */
  readonly text?: string | undefined
  readonly zone?: number | undefined
  readonly community?: number | undefined
  /** Each of them. */
  readonly tags?: readonly string[] | undefined
}

export interface Selectable {
  readonly serial: string
  readonly site: string
  readonly gateway: string
  readonly member: string
  readonly household: string
  readonly state: LifeState
  readonly zone: number
  readonly tags: readonly string[]
  /** Of its grant; undefined while it has none. */
  readonly community?: number | undefined
}

export interface SelectContext<T> {
  /** What is not well with a gateway. */
  readonly concernsOf: (one: T) => readonly Concern[]
  /** Whether households may be searched: a search that finds by what it must not show would tell it. */
  readonly mayNameHouseholds: boolean
}

/** The gateways that are meant, in the order given. */
export function select<T extends Selectable>(
  all: readonly T[],
  selection: Selection,
  { concernsOf, mayNameHouseholds }: SelectContext<T>,
): T[] {
  const { state, concern, zone, community, tags = [] } = selection
  const serials = selection.serials && new Set(selection.serials)
  const text = selection.text?.toLowerCase()
  const textsOf = ({ serial, site, gateway, member, household }: T) => [
    ...[serial, site, gateway, member],
    ...(mayNameHouseholds ? [household] : []),
  ]
  return all.filter(
    (one) =>
      (serials === undefined || serials.has(one.serial)) &&
      (state === undefined || one.state === state) &&
      (zone === undefined || one.zone === zone) &&
      (community === undefined || one.community === community) &&
      tags.every((tag) => one.tags.includes(tag)) &&
      (text === undefined || textsOf(one).some((field) => field.toLowerCase().includes(text))) &&
      (concern === undefined || concernsOf(one).includes(concern)),
  )
}
