import { type Clock, type ManualClock, manualClock } from '@wattfleet/protocol'
import { expect } from 'vitest'

/** A manual clock that tells how many wait for a moment that will come, so that a test can wait for that. */
export interface WatchedClock extends ManualClock {
  /** Resolves when somebody waits for exactly this moment. */
  waitedFor(atMs: number): Promise<void>
}

export function watchedClock(startMs = 0): WatchedClock {
  const clock = manualClock(startMs)
  const waits: number[] = []
  const until: Clock['until'] = async (atMs, signal) => {
    waits.push(atMs)
    await clock.until(atMs, signal)
    waits.splice(waits.indexOf(atMs), 1)
  }
  return {
    ...clock,
    until,
    waitedFor: async (atMs) => void (await expect.poll(() => waits).toContain(atMs)),
  }
}
