import { type Clock, pause, slotStartOf } from '@wattfleet/protocol'
import { scheduleJob } from 'node-schedule'
import type { Scheduler } from '../ports.ts'

function nextSlot(nowMs: number, slotLengthS: number): number {
  return slotStartOf(Math.floor(nowMs / 1000), slotLengthS) + slotLengthS
}

/** Slot jobs on any clock, a scaled one among them. */
export function clockScheduler(clock: Clock): Scheduler {
  return {
    async everySlot(slotLengthS, job, signal) {
      for (;;) {
        const slotStart = nextSlot(clock.nowMs(), slotLengthS)
        await clock.until(slotStart * 1000, signal)
        if (signal.aborted) return
        job(slotStart)
      }
    },
  }
}

/**
 * Slot jobs on the wall's clock: one job for one date at a time, so that a slot is never run twice or late in a row.
 * node-schedule waits for its date however the clock is stepped, so a date that is out of reach is planned anew.
 */
export function wallScheduler(clock: Clock): Scheduler {
  return {
    async everySlot(slotLengthS, job, signal) {
      let plan = planned(nextSlot(clock.nowMs(), slotLengthS))
      function planned(slotStart: number) {
        const timer = scheduleJob(new Date(slotStart * 1000), () => {
          // a timer may fire a moment early: the next slot is then still the one after this
          plan = planned(Math.max(nextSlot(clock.nowMs(), slotLengthS), slotStart + slotLengthS))
          job(slotStart)
        })
        return { slotStart, timer }
      }
      while (!signal.aborted) {
        await pause(slotLengthS * 1000, signal)
        if (Math.abs(plan.slotStart - clock.nowMs() / 1000) <= 2 * slotLengthS) continue
        plan.timer?.cancel()
        plan = planned(nextSlot(clock.nowMs(), slotLengthS))
      }
      plan.timer?.cancel()
    },
  }
}
