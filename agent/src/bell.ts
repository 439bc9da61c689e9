import type { Clock } from '@wattfleet/protocol'

/** Wakes a loop before its time. A ring while nobody waits is heard by the next wait; several count as one. */
export interface Bell {
  ring(): void
  /** Resolves at `atMs` of the clock, at a ring, or when aborted. */
  wait(clock: Clock, atMs: number, signal: AbortSignal): Promise<void>
}

export function createBell(): Bell {
  let rung = false
  let wake: (() => void) | undefined
  return {
    ring() {
      rung = true
      wake?.()
    },
    async wait(clock, atMs, signal) {
      if (!rung && !signal.aborted) {
        const controller = new AbortController()
        wake = () => controller.abort()
        signal.addEventListener('abort', wake, { once: true })
        await clock.until(atMs, controller.signal)
        signal.removeEventListener('abort', wake)
        wake = undefined
      }
      rung = false
    },
  }
}
