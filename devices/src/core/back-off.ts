/**
 * How long a device or a connection is left alone after faults: twice as long after each, up to a longest wait, and not
 * at all after a success. A line that others share is not held up by one that is dead.
 */
export interface BackOff {
  readonly faults: number
  /** Monotonic milliseconds before which nothing is asked. */
  readonly untilMs: number
}

/** The first wait: an agent that polls every second asks again at its next turn. */
export const FIRST_WAIT_MS = 250
/** The longest wait: a device that comes back is noticed well within a slot of 900 s. */
export const LONGEST_WAIT_MS = 10_000

export const RESTED: BackOff = { faults: 0, untilMs: 0 }

export function afterFault(before: BackOff, nowMs: number): BackOff {
  const wait = Math.min(FIRST_WAIT_MS * 2 ** Math.min(before.faults, 30), LONGEST_WAIT_MS)
  return { faults: before.faults + 1, untilMs: nowMs + wait }
}

export function waitLeftMs(state: BackOff, nowMs: number): number {
  return Math.max(0, state.untilMs - nowMs)
}
