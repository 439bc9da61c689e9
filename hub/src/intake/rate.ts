/** What one sender may send: `burst` at once, `perSecond` in the long run. */
export interface RateLimit {
  readonly perSecond: number
  readonly burst: number
}

/** A gateway that was away catches up in a burst; in the long run it has a handful of messages a slot. */
export const DEFAULT_RATE: RateLimit = { perSecond: 20, burst: 400 }
/** Most senders remembered at once; one that is forgotten starts with a full allowance. */
const MAX_SENDERS = 100_000

/** A token bucket per sender. `nowMs` is the wall's monotonic time: this protects a transport, not a slot. */
export function createRateLimiter(limit: RateLimit, nowMs: () => number): { take(sender: string): boolean } {
  const buckets = new Map<string, { tokens: number; atMs: number }>()
  return {
    take(sender) {
      const now = nowMs()
      const bucket = buckets.get(sender) ?? { tokens: limit.burst, atMs: now }
      const tokens = Math.min(limit.burst, bucket.tokens + ((now - bucket.atMs) / 1000) * limit.perSecond)
      const isAllowed = tokens >= 1
      // the sender moves to the end: the one that goes first when there are too many was silent the longest
      buckets.delete(sender)
      buckets.set(sender, { tokens: isAllowed ? tokens - 1 : tokens, atMs: now })
      if (buckets.size > MAX_SENDERS) {
        const oldest = buckets.keys().next().value
        if (oldest !== undefined) buckets.delete(oldest)
      }
      return isAllowed
    },
  }
}
