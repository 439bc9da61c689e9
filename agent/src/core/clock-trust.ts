/** What is believed of a clock that may be stepped, measured against one that never is and runs at the same rate. */
export interface ClockTrust {
  /** The most that the clock was ever believed to be ahead of the steady one, ms. */
  readonly offsetMs: number
  /** Where the clock went that is not believed yet, and when, by the steady one. */
  readonly jump?: { readonly offsetMs: number; readonly sinceMs: number }
}

/**
 * A step ahead of no more than this is taken at once: NTP's corrections, and a gateway that signs nothing before what it
 * has already seen would wait no longer than this if it was wrong.
 */
export const JUMP_MS = 3_600_000
/** A jump that stands this long is the time: a wrong answer of a time server is corrected at the next, minutes later. */
export const STAND_MS = 5 * 60_000

/** Believes what a clock says when its gateway starts: there is nothing to compare it with. */
export function trustAtStart(nowMs: number, steadyMs: number): ClockTrust {
  return { offsetMs: nowMs - steadyMs }
}

/**
 * Takes in one look at both clocks. While the result has a `jump`, `nowMs` may be years ahead of the truth, and nothing
 * durable must come of it. A clock that went back needs no patience here: the floor of what was committed holds it.
 */
export function look(trust: ClockTrust, nowMs: number, steadyMs: number): ClockTrust {
  const offsetMs = nowMs - steadyMs
  if (offsetMs - trust.offsetMs <= JUMP_MS) return { offsetMs: Math.max(offsetMs, trust.offsetMs) }
  const { jump } = trust
  if (jump === undefined || Math.abs(offsetMs - jump.offsetMs) > JUMP_MS) {
    return { offsetMs: trust.offsetMs, jump: { offsetMs, sinceMs: steadyMs } }
  }
  return steadyMs - jump.sinceMs < STAND_MS ? trust : { offsetMs }
}
