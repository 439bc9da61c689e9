/** When a session's client was last connected, and with which certificate. */
export interface Sighting {
  /** Wall clock, ms since 1970: it counts across restarts. */
  readonly seenMs: number
  /** SHA-256 of the certificate, lower-case hex; absent where it is not known. */
  readonly fingerprint?: string
}

/** Why a session was given up. */
export const ENDINGS = ['unseen', 'refused'] as const
export type Ending = (typeof ENDINGS)[number]

export interface AgeLimits {
  /** Longest time without a connection, days. */
  readonly sessionDays: number
  /** No session ends sooner after the broker's start, a step of its clock, or the first refusal of its certificate, ms. */
  readonly sessionGraceMs: number
}

export interface Moment {
  /** Wall clock, ms since 1970. */
  readonly nowMs: number
  /** Since the broker's start, or since its wall clock was stepped, ms by a clock that is never stepped. */
  readonly calmMs: number
  /** For how long the certificate has been refused, ms by the same clock; absent while it is not. */
  readonly refusedMs?: number | undefined
}

/** Who stays connected is noted this often, ms: a crash must not make a session look older than that. */
export const NOTE_EVERY_MS = 3_600_000
const DAY_MS = 86_400_000
/** A wall clock that has gone this far from the steady one between two looks was stepped, ms: less is nothing against days. */
const STEP_MS = 60_000

/** Whether a session whose client is not connected ends now, and why. */
export function endingOf({ seenMs }: Sighting, at: Moment, limits: AgeLimits): Ending | undefined {
  const { nowMs, calmMs, refusedMs } = at
  if (calmMs < limits.sessionGraceMs) return undefined
  const unseenMs = nowMs - seenMs
  // until then it may be connected to another process, whose lists let it in
  const mayBeThere = unseenMs < limits.sessionGraceMs + NOTE_EVERY_MS
  if (refusedMs !== undefined && refusedMs >= limits.sessionGraceMs && !mayBeThere) return 'refused'
  return unseenMs >= limits.sessionDays * DAY_MS ? 'unseen' : undefined
}

/** What the wall clock and a clock that is never stepped said at one moment, ms. */
export interface Look {
  readonly nowMs: number
  readonly steadyMs: number
}

/** How far the wall clock was stepped between two looks, ms, ahead or (below zero) back; 0 where it was not. */
export function stepOf(before: Look, after: Look): number {
  const stepMs = after.nowMs - before.nowMs - (after.steadyMs - before.steadyMs)
  return Math.abs(stepMs) < STEP_MS ? 0 : stepMs
}
