/** Spreads events over time. */
export interface Pace {
  /**
   * Books the next event and yields the milliseconds it must wait, 0 when it may go at once. `nowMs` never goes back. An
   * event of a greater `weight` counts for as many.
   */
  take(nowMs: number, weight?: number): number
}

/**
 * `burst` events at once and `perSecond` from then on: the generic cell rate algorithm in its virtual scheduling form
 * (ITU-T I.371, Annex A), with waiting in place of discarding.
 */
export function pace(perSecond: number, burst: number): Pace {
  const intervalMs = 1000 / perSecond
  const toleranceMs = (burst - 1) * intervalMs
  let arrivalMs = Number.NEGATIVE_INFINITY // theoretical arrival time of the next event
  return {
    take(nowMs, weight = 1) {
      const dueMs = Math.max(arrivalMs, nowMs)
      arrivalMs = dueMs + weight * intervalMs
      return Math.max(0, dueMs - toleranceMs - nowMs)
    },
  }
}
