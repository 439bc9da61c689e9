import { type Clock, monotonicMs, pause } from '@wattfleet/protocol'

/** Timers are late by up to so much, and a gap between frames is 1.75 ms. */
const TIMER_LATE_MS = 1

const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve))

/**
 * The system's monotonic clock with parts of a millisecond: one that is cut to whole ones ends a gap of 1.75 ms after 1.01.
 * The end of a wait is not left to a timer, which at 115,200 baud would cost the line a tenth of its registers: the clock is
 * looked at, between what else there is to do.
 */
export function lineClock(): Clock {
  return {
    nowMs: monotonicMs,
    steadyMs: monotonicMs,
    async until(atMs, signal) {
      for (let left = atMs - monotonicMs(); left > 0 && !signal?.aborted; left = atMs - monotonicMs()) {
        const restMs = Math.floor(left - TIMER_LATE_MS)
        await (restMs >= 1 ? pause(restMs, signal) : nextTurn())
      }
    },
  }
}
