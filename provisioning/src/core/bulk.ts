import { sha256, toHex } from '@wattfleet/protocol'
import type { GatewayView } from './gateway-view.ts'
import { LIFE_EVENTS, type LifeState, stepOf } from './life.ts'

/** What may be said of many gateways at once. */
export const BULK_EVENTS = ['approve', 'suspend', 'resume', 'release', 'revoke', 'retire'] as const
export type BulkEvent = (typeof BULK_EVENTS)[number]

/** What an event would do to each of the gateways that it is said of. */
export interface BulkPlan {
  readonly event: BulkEvent
  readonly will: readonly {
    readonly serial: string
    readonly site: string
    readonly from: LifeState
    readonly to: LifeState
  }[]
  /** Serials of those that are there already. */
  readonly already: readonly string[]
  readonly refused: readonly { readonly serial: string; readonly reason: string }[]
  /** Stands for exactly these gateways and these steps: what is done is what was shown, or it is not done. */
  readonly digest: string
}

/** What an event would do, before it is done. */
export function planBulk(views: readonly GatewayView[], event: BulkEvent): BulkPlan {
  const will: BulkPlan['will'][number][] = []
  const already: string[] = []
  const refused: BulkPlan['refused'][number][] = []
  for (const view of views) {
    const { serial, site, state } = view
    const step =
      event === 'approve' ? approveStep(view) : stepOf({ state, isCertified: view.epoch !== undefined }, event)
    if (step.ok) will.push({ serial, site, from: state, to: step.state })
    else if (step.known) already.push(serial)
    else refused.push({ serial, reason: step.reason })
  }
  const digest = sha256(Buffer.from(JSON.stringify([event, will.map(({ site, from }) => [site, from])]), 'utf8'))
  return { event, will, already, refused, digest: toHex(digest) }
}

/** An approval leaves a gateway where it is: what it waits for comes of itself. */
function approveStep({ state, isApproved }: GatewayView): ReturnType<typeof stepOf> {
  const [from] = LIFE_EVENTS.activate.from
  if (state !== from)
    return { ok: false, known: false, reason: `approve: expected a gateway that is ${from}, it is ${state}` }
  return isApproved ? { ok: false, known: true, reason: 'approve: it is approved' } : { ok: true, state }
}
