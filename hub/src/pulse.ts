/**
 * Says that there may be something to do. Who waits gives the count it had seen before it looked, so that a beat between
 * looking and waiting is not lost.
 */
export interface Pulse {
  readonly count: number
  beat(): void
  /** Resolves once there was a beat after `seen`, after `atMostMs` of the wall's time, or when aborted. */
  after(seen: number, atMostMs: number, signal: AbortSignal): Promise<void>
}

export function createPulse(): Pulse {
  let count = 0
  const waiting = new Set<() => void>()
  return {
    get count() {
      return count
    },
    beat() {
      count++
      for (const wake of [...waiting]) wake()
    },
    after: (seen, atMostMs, signal) =>
      new Promise((resolve) => {
        if (count !== seen || signal.aborted) return resolve()
        const done = () => {
          clearTimeout(timer)
          waiting.delete(done)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = setTimeout(done, atMostMs)
        waiting.add(done)
        signal.addEventListener('abort', done, { once: true })
      }),
  }
}

/** How long a role sleeps at most before it looks again by itself: in another process nobody beats its pulse. */
export const LOOK_AGAIN_MS = 1000
/** Pause after a fault that a retry can help. */
export const BACK_OFF_MS = 500
