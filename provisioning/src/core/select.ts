import { type Concern, concernsOf, type GatewayView } from './gateway-view.ts'
import type { LifeState } from './life.ts'

/** Which gateways are meant: all that agree with everything that is given. */
export interface Selection {
  readonly serials?: readonly string[] | undefined
  readonly state?: LifeState | undefined
  readonly concern?: Concern | undefined
  /** Part of a serial, a site, a name on the wire, a member, or, for whoever may see it, a household; case does not matter. */
  readonly text?: string | undefined
  readonly zone?: number | undefined
  readonly tag?: string | undefined
}

export interface SelectContext {
  readonly nowMs: number
  readonly byHand: boolean
  /** Whether households may be searched: a search that finds by what it must not show would tell it. */
  readonly mayNameHouseholds: boolean
  /** Tags of a site; empty where it has none. */
  readonly tagsOf: (site: string) => readonly string[]
}

/** The gateways that are meant, in the order given. */
export function selectGateways(
  views: readonly GatewayView[],
  selection: Selection,
  { nowMs, byHand, mayNameHouseholds, tagsOf }: SelectContext,
): GatewayView[] {
  const { state, concern, zone, tag } = selection
  const serials = selection.serials && new Set(selection.serials)
  const text = selection.text?.toLowerCase()
  const textsOf = ({ serial, site, gateway, member, household }: GatewayView) => [
    ...[serial, site, gateway, member],
    ...(mayNameHouseholds ? [household] : []),
  ]
  return views.filter(
    (view) =>
      (serials === undefined || serials.has(view.serial)) &&
      (state === undefined || view.state === state) &&
      (zone === undefined || view.zone === zone) &&
      (tag === undefined || tagsOf(view.site).includes(tag)) &&
      (text === undefined || textsOf(view).some((one) => one.toLowerCase().includes(text))) &&
      (concern === undefined || concernsOf(view, nowMs, byHand).includes(concern)),
  )
}
