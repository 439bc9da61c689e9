import { sha256, toHex } from '@wattfleet/protocol'
import type { LifeState } from './life.ts'

/** Which gateways are meant: those that fit all that is given. */
export interface Selection {
  /** Each of them. */
  readonly tags: readonly string[]
  readonly community?: number
  readonly state?: LifeState
}

export interface Selectable {
  readonly site: string
  readonly state: LifeState
  readonly tags: ReadonlySet<string>
  /** Of its grant; undefined while it has none. */
  readonly community: number | undefined
}

/** A word in lower case: it is typed again and again. */
export const TAG = /^[a-z0-9][a-z0-9._-]{0,31}$/

export function select<T extends Selectable>(all: readonly T[], { tags, community, state }: Selection): readonly T[] {
  return all.filter(
    (one) =>
      tags.every((tag) => one.tags.has(tag)) &&
      (community === undefined || one.community === community) &&
      (state === undefined || one.state === state),
  )
}

/**
 * The order in which gateways are told: by a hash of what is rolled out and the site, so that a stage is spread over
 * streets, makes and installers however the manifest was sorted, that no house is the first each time, and that a preview
 * shows what will be done.
 */
export function spread<T extends { readonly site: string }>(all: readonly T[], seed: string): readonly T[] {
  const keyed = all.map((one) => ({ one, key: toHex(sha256(Buffer.from(`${seed}\n${one.site}`, 'utf8'))) }))
  return keyed.sort((a, b) => (a.key < b.key ? -1 : 1)).map(({ one }) => one)
}
