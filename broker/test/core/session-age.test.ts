import { describe, expect, it } from 'vitest'
import { type Ending, endingOf } from '../../src/core/session-age.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
const LIMITS = { sessionDays: 30, sessionGraceMs: HOUR_MS }

describe('a session ends', () => {
  // hours since the broker's start or a step of its clock, days since its client was seen, hours since its certificate was refused
  it.each<[number, number, number | undefined, Ending | undefined]>([
    [1, 0, undefined, undefined],
    [1, 29.99, undefined, undefined],
    [1, 30, undefined, 'unseen'],
    [1, 400, undefined, 'unseen'],
    [0.99, 400, undefined, undefined], // the broker has just started: whoever waited for it comes back
    [0.99, 0, 2, undefined],
    [5, 1, 0.99, undefined], // the list may be wrong for a moment
    [5, 1, 1, 'refused'],
    [5, 1.99 / 24, 3, undefined], // it may be connected to another process, which notes that every hour
    [5, 2 / 24, 3, 'refused'],
    [5, -1, 3, undefined],
    [5, 400, 1, 'refused'],
    [5, 400, 0, 'unseen'],
    [5, -1, undefined, undefined], // the clock went back
  ])('%d h after the start, %d days unseen, refused for %s h: %s', (calmH, unseenDays, refusedH, ending) => {
    const nowMs = 1_800_000_000_000
    const refusedMs = refusedH === undefined ? undefined : refusedH * HOUR_MS
    const at = { nowMs, calmMs: calmH * HOUR_MS, refusedMs }
    expect(endingOf({ seenMs: nowMs - unseenDays * DAY_MS }, at, LIMITS)).toBe(ending)
  })
})
