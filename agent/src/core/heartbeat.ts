/** The loop that reads the meter, as a watchdog sees it. Times are of a clock that nobody steps, ms. */
export interface Heartbeat {
  /** A turn begins, and the next one within `nextMs`. */
  beat(nextMs: number): void
  /** The loop has ended: nothing is to be expected of it. */
  rest(): void
  /** Whether no turn is overdue; true before the first. */
  isWell(): boolean
}

export function createHeartbeat(nowMs: () => number): Heartbeat {
  let dueMs = Number.POSITIVE_INFINITY
  return {
    beat(nextMs) {
      dueMs = nowMs() + nextMs
    },
    rest() {
      dueMs = Number.POSITIVE_INFINITY
    },
    isWell: () => nowMs() <= dueMs,
  }
}
