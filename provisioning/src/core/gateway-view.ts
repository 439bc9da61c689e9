import type { DeviceSources } from '@wattfleet/protocol'
import type { ManifestDevices } from './devices.ts'
import type { LifeState } from './life.ts'

/** What a gateway last said of itself, and when that was received. Times are UTC Unix milliseconds of the wall's clock. */
export interface GatewaySeen {
  readonly atMs: number
  /** Of its software; undefined where it does not say. */
  readonly version: string | undefined
  /** Whether it trusts its own clock. */
  readonly clock: 'trusted' | 'doubted'
  /** Our clock less its at that moment: what the message took is in it. */
  readonly clockOffsetMs: number
  readonly meter: 'good' | 'missing'
  /** What it found of its devices within a day. */
  readonly findings: readonly string[]
  /** Whether it has gone since, as its broker says. */
  readonly isAway: boolean
  /** Whose word about its devices it goes by, and what is missing; undefined where it does not say. */
  readonly devices?: DeviceSources | undefined
}

/** A gateway as an operator looks at it. */
export interface GatewayView extends ManifestDevices {
  readonly serial: string
  readonly household: string
  readonly site: string
  readonly gateway: string
  readonly member: string
  readonly zone: number
  readonly state: LifeState
  /** Claimed, and nobody has let it in yet. */
  readonly isApproved: boolean
  /** Whether a certificate has come of its claim. */
  readonly isClaimSpent: boolean
  /** Whether it has gone to another household: then this is what it was here, and its serial is in use elsewhere. */
  readonly movedOn: boolean
  /** Whether other keys with its claim wait for an approval of its reset. */
  readonly resetAsked: boolean
  readonly onChain: boolean
  readonly claimExpiresMs: number
  readonly epoch: number | undefined
  /** End of the certificate that it uses; undefined without one. */
  readonly certificateEndsMs: number | undefined
  /** Words that an operator has put on it, sorted. */
  readonly tags: readonly string[]
  readonly seen: GatewaySeen | undefined
}

/** A gateway says something once a minute: after three of them it is not just late. */
export const SILENT_AFTER_MS = 5 * 60_000
/** Of 90 days a gateway renews with 22 to 30 left; one that ends this soon did not. */
export const EXPIRES_SOON_MS = 14 * 86_400_000
/** Slots are quarter-hours and gates close to the second: a clock this far off moves energy between slots. */
export const CLOCK_OFF_MS = 5_000

/** What is not well with a gateway, as a closed set. Each is something that an operator can look into. */
export const CONCERNS = [
  'quarantined',
  'awaiting-approval', // claimed, and the utility lets gateways in by hand
  'reset-asked', // other keys use its claim: it was reset, or the claim was stolen
  'claim-expired', // nobody can enrol with its claim any more
  'not-on-chain', // the registry does not hold its site yet
  'certificate-expired',
  'certificate-expires-soon',
  'never-seen', // active, and no status of it was ever received
  'silent', // active, and not heard of lately
  'clock-doubted', // it does not trust its clock, and signs nothing
  'clock-off',
  'meter-missing', // its meter cannot be read
  'device-findings', // it found something wrong about its devices
  'device-not-configured', // it has no meter to read, or cannot use what its grant says of a device
] as const
export type Concern = (typeof CONCERNS)[number]

/** What is not well at this moment. `byHand`: whether the utility approves gateways by hand. */
export function concernsOf(view: GatewayView, nowMs: number, byHand: boolean): Concern[] {
  const { state, seen, certificateEndsMs: endsMs } = view
  const isTrading = state === 'active'
  const isHeard = isTrading && seen !== undefined && !isSilent(seen, nowMs)
  const found: Readonly<Record<Concern, boolean>> = {
    quarantined: state === 'quarantined',
    'awaiting-approval': byHand && state === 'claimed' && !view.isApproved,
    'reset-asked': view.resetAsked,
    'claim-expired': state === 'expected' && view.claimExpiresMs > 0 && nowMs >= view.claimExpiresMs,
    'not-on-chain': isTrading && !view.onChain,
    'certificate-expired': isTrading && endsMs !== undefined && nowMs >= endsMs,
    'certificate-expires-soon':
      isTrading && endsMs !== undefined && nowMs < endsMs && endsMs - nowMs <= EXPIRES_SOON_MS,
    'never-seen': isTrading && seen === undefined,
    silent: isTrading && seen !== undefined && !isHeard,
    // what a gateway said before it fell silent says nothing of now
    'clock-doubted': isHeard && seen.clock === 'doubted',
    'clock-off': isHeard && Math.abs(seen.clockOffsetMs) > CLOCK_OFF_MS,
    'meter-missing': isHeard && seen.meter === 'missing',
    'device-findings': isHeard && seen.findings.length > 0,
    'device-not-configured': isHeard && seen.devices?.reason !== undefined,
  }
  return CONCERNS.filter((concern) => found[concern])
}

function isSilent(seen: GatewaySeen, nowMs: number): boolean {
  return seen.isAway || nowMs - seen.atMs > SILENT_AFTER_MS
}
