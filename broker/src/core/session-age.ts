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
  /** No session ends sooner after the broker's start, or after its certificate was refused first, ms. */
  readonly sessionGraceMs: number
}

export interface Moment {
  readonly nowMs: number
  readonly startedMs: number
  /** Since when the certificate is refused; absent while it is not. */
  readonly refusedSinceMs?: number | undefined
}

const DAY_MS = 86_400_000

/** Whether a session whose client is not connected ends now, and why. */
export function endingOf({ seenMs }: Sighting, at: Moment, limits: AgeLimits): Ending | undefined {
  const { nowMs, startedMs, refusedSinceMs } = at
  if (nowMs - startedMs < limits.sessionGraceMs) return undefined
  if (refusedSinceMs !== undefined && nowMs - refusedSinceMs >= limits.sessionGraceMs) return 'refused'
  return nowMs - seenMs >= limits.sessionDays * DAY_MS ? 'unseen' : undefined
}
