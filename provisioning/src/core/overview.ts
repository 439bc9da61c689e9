import { CONCERNS, type Concern, concernsOf, type GatewayView } from './gateway-view.ts'
import { LIFE_STATES, type LifeState } from './life.ts'

/** A fleet in figures. */
export interface FleetOverview {
  readonly gateways: number
  readonly states: Readonly<Record<LifeState, number>>
  /** How many gateways each concern is about; those with none are not here. */
  readonly concerns: Readonly<Partial<Record<Concern, number>>>
  /** Active gateways about which there is no concern. */
  readonly well: number
  /** When an active gateway was last heard of: within so much time before now. */
  readonly lastSeen: Readonly<Record<'minutes5' | 'hour' | 'day' | 'week' | 'longer' | 'never', number>>
  /** Active gateways by the version of their software, most frequent first; `unknown` where they do not say. */
  readonly versions: readonly { readonly version: string; readonly gateways: number }[]
  /** The certificate that ends first among those of active gateways, UTC Unix milliseconds. */
  readonly nextExpiryMs: number | undefined
  /** What gateways found of their devices, most frequent first. */
  readonly findings: readonly { readonly finding: string; readonly gateways: number }[]
}

const SEEN_WITHIN_MS = { minutes5: 5 * 60_000, hour: 3_600_000, day: 86_400_000, week: 7 * 86_400_000 } as const

/** Counts a fleet at one moment. */
export function overviewOf(views: readonly GatewayView[], nowMs: number, byHand: boolean): FleetOverview {
  const states = Object.fromEntries(LIFE_STATES.map((state) => [state, 0])) as Record<LifeState, number>
  const concerns: Partial<Record<Concern, number>> = {}
  const lastSeen = { minutes5: 0, hour: 0, day: 0, week: 0, longer: 0, never: 0 }
  let well = 0
  for (const view of views) {
    states[view.state]++
    const own = concernsOf(view, nowMs, byHand)
    for (const concern of own) concerns[concern] = (concerns[concern] ?? 0) + 1
    if (view.state !== 'active') continue
    if (own.length === 0) well++
    lastSeen[seenWithin(view, nowMs)]++
  }
  const active = views.filter(({ state }) => state === 'active')
  const ends = active.flatMap(({ certificateEndsMs }) => certificateEndsMs ?? [])
  return {
    ...{ gateways: views.length, states, well, lastSeen },
    concerns: Object.fromEntries(CONCERNS.flatMap((name) => (concerns[name] ? [[name, concerns[name]]] : []))),
    versions: tally(
      active.map(({ seen }) => seen?.version ?? 'unknown'),
      'version',
    ),
    nextExpiryMs: ends.length === 0 ? undefined : ends.reduce((first, at) => Math.min(first, at)),
    findings: tally(
      active.flatMap(({ seen }) => seen?.findings ?? []),
      'finding',
    ),
  }
}

function seenWithin({ seen }: GatewayView, nowMs: number): keyof FleetOverview['lastSeen'] {
  if (seen === undefined) return 'never'
  const names = Object.keys(SEEN_WITHIN_MS) as (keyof typeof SEEN_WITHIN_MS)[]
  return names.find((name) => nowMs - seen.atMs <= SEEN_WITHIN_MS[name]) ?? 'longer'
}

/** How often each text occurs, most frequent first, then by the text. */
function tally<N extends string>(texts: readonly string[], name: N) {
  const counts = new Map<string, number>()
  for (const text of texts) counts.set(text, (counts.get(text) ?? 0) + 1)
  return [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .map(([text, gateways]) => ({ [name]: text, gateways }) as Record<N, string> & { gateways: number })
}
