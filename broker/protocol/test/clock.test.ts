import { getEventListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Clock, manualClock, monotonicClock, monotonicMs, pause, scaledClock, wallClock } from '../src/clock.ts'

const START = 1_750_413_600_000

/** Whether a promise is settled after everything that could run has run. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false
  void promise.then(() => {
    settled = true
  })
  await turn()
  return settled
}

describe('steady time', () => {
  it('does not move when the clock is stepped', async () => {
    const clock = manualClock(START)
    await clock.advance(100)
    const before = clock.steadyMs()
    clock.step(-3_600_000)
    expect(clock.nowMs()).toBe(START + 100 - 3_600_000)
    expect(clock.steadyMs()).toBe(before)
    const waiting = clock.until(clock.nowMs() + 5)
    await clock.advance(5)
    await waiting
    expect(clock.steadyMs()).toBe(before + 5)
  })

  it('of the wall’s clock is the system’s monotonic one', () => {
    const clock = wallClock()
    const [before, said, after] = [monotonicMs(), clock.steadyMs(), monotonicMs()]
    expect(said).toBeGreaterThanOrEqual(before)
    expect(said).toBeLessThanOrEqual(after)
  })
})

describe('manualClock', () => {
  it('stands until it is moved', async () => {
    const clock = manualClock(START)
    const waiting = clock.until(START + 1)
    expect(await isSettled(waiting)).toBe(false)
    expect(clock.nowMs()).toBe(START)
    await clock.advance(1)
    expect(await isSettled(waiting)).toBe(true)
    expect(clock.nowMs()).toBe(START + 1)
  })

  it('wakes the earliest first, each at its own moment, and nobody too early', async () => {
    const clock = manualClock(START)
    const woken: [string, number][] = []
    const wait = async (name: string, afterMs: number) => {
      await clock.until(START + afterMs)
      woken.push([name, clock.nowMs() - START])
    }
    const all = [wait('c', 30), wait('a', 10), wait('b1', 20), wait('b2', 20), wait('d', 31)]
    await clock.advance(30)
    expect(woken).toEqual([
      ['a', 10],
      ['b1', 20],
      ['b2', 20],
      ['c', 30],
    ])
    await clock.advance(1)
    expect(woken.at(-1)).toEqual(['d', 31])
    await Promise.all(all)
  })

  it('lets whoever woke wait again before time goes on', async () => {
    const clock = manualClock(START)
    const woken: string[] = []
    const every = async (name: string, ms: number, times: number) => {
      for (let i = 0; i < times; i++) {
        await clock.until(clock.nowMs() + ms)
        woken.push(`${name}@${clock.nowMs() - START}`)
      }
    }
    const all = [every('slow', 25, 2), every('fast', 10, 5)]
    await clock.advance(50)
    expect(woken).toEqual(['fast@10', 'fast@20', 'slow@25', 'fast@30', 'fast@40', 'slow@50', 'fast@50'])
    await Promise.all(all)
  })

  it('does not wake one that was aborted a second time, nor stops for it', async () => {
    const clock = manualClock(START)
    const controller = new AbortController()
    const waiting = clock.until(START + 10, controller.signal)
    controller.abort()
    expect(await isSettled(waiting)).toBe(true)
    await clock.advance(20)
    expect(clock.nowMs()).toBe(START + 20)
  })
})

const ANCHOR_STREET = 1_000_000_000_000
const RATE = 1_000
const fast = () => scaledClock({ monotonicMs: monotonicMs(), streetMs: ANCHOR_STREET, rate: RATE })

describe('scaledClock', () => {
  it('runs at its rate from its anchor', async () => {
    const anchor = { monotonicMs: monotonicMs(), streetMs: ANCHOR_STREET, rate: RATE }
    const clock = scaledClock(anchor)
    const streetAt = (monotonic: number) => ANCHOR_STREET + (monotonic - anchor.monotonicMs) * RATE
    for (let i = 0; i < 5; i++) {
      const before = monotonicMs()
      const now = clock.nowMs()
      const after = monotonicMs()
      expect(Number.isInteger(now)).toBe(true)
      expect(now).toBeGreaterThanOrEqual(Math.floor(streetAt(before)))
      expect(now).toBeLessThanOrEqual(streetAt(after))
      await turn()
    }
  })

  it('waits in its own time: five street seconds are five milliseconds of the machine', async () => {
    const clock = fast()
    const [from, streetFrom] = [monotonicMs(), clock.nowMs()]
    await clock.until(streetFrom + 5_000)
    expect(clock.nowMs()).toBeGreaterThanOrEqual(streetFrom + 5_000)
    expect(monotonicMs() - from).toBeGreaterThan(4)
  })

  it('is the same clock for everyone who has the anchor', () => {
    const anchor = { monotonicMs: monotonicMs() - 60_000, streetMs: ANCHOR_STREET, rate: 30 }
    const [one, two] = [scaledClock(anchor), scaledClock(anchor)]
    const readings = [one.nowMs(), two.nowMs(), one.nowMs(), two.nowMs()]
    expect(readings).toEqual(readings.toSorted((a, b) => a - b))
    expect(readings[0]).toBeGreaterThanOrEqual(ANCHOR_STREET + 60_000 * 30)
  })

  it('may run slower than the machine', () => {
    const clock = scaledClock({ monotonicMs: monotonicMs() - 1_000, streetMs: 0, rate: 0.5 })
    expect(clock.nowMs()).toBeGreaterThanOrEqual(500)
  })
})

describe('wallClock', () => {
  it('is the machine’s', () => {
    const before = Date.now()
    const now = wallClock().nowMs()
    expect(now >= before && now <= Date.now()).toBe(true)
  })
})

describe('a step of the wall’s clock', () => {
  const HOUR = 3_600_000
  beforeEach(() => {
    vi.useFakeTimers({ now: START, toFake: ['setTimeout', 'clearTimeout', 'Date', 'hrtime'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  it('ahead wakes who waits for a moment that it skipped, within a second', async () => {
    const waiting = wallClock().until(START + HOUR)
    vi.setSystemTime(START + 2 * HOUR)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(await isSettled(waiting)).toBe(true)
  })

  it('back does not wake who waits for a later one', async () => {
    const waiting = wallClock().until(START + 10_000)
    vi.setSystemTime(START - HOUR)
    await vi.advanceTimersByTimeAsync(HOUR)
    expect(await isSettled(waiting)).toBe(false)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(await isSettled(waiting)).toBe(true)
  })

  it.each([-HOUR, HOUR])('by %i ms is nothing to a monotonic clock', async (stepMs) => {
    const clock = monotonicClock()
    expect(clock.nowMs()).toBe(START)
    const waiting = clock.until(START + 10_000)
    vi.setSystemTime(START + stepMs)
    await vi.advanceTimersByTimeAsync(9_999)
    expect(await isSettled(waiting)).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    expect(await isSettled(waiting)).toBe(true)
    expect(clock.nowMs()).toBe(START + 10_000)
  })
})

describe('pause()', () => {
  it('lasts as long as it is told', async () => {
    await turn() // a timer counts from the start of the loop's turn
    const from = monotonicMs()
    await pause(5)
    expect(monotonicMs() - from).toBeGreaterThan(3)
  })

  it('ends without error when aborted, also before it began, and keeps no listener', async () => {
    const controller = new AbortController()
    const waiting = pause(10_000, controller.signal)
    expect(await isSettled(waiting)).toBe(false)
    controller.abort()
    expect(await isSettled(waiting)).toBe(true)
    expect(await isSettled(pause(10_000, controller.signal))).toBe(true)
    const quiet = new AbortController().signal
    await pause(1, quiet)
    expect(getEventListeners(quiet, 'abort')).toEqual([])
  })
})

describe('until()', () => {
  const clocks: readonly { name: string; make: () => Clock }[] = [
    { name: 'manualClock', make: () => manualClock(START) },
    { name: 'scaledClock', make: fast },
    { name: 'monotonicClock', make: monotonicClock },
    { name: 'wallClock', make: wallClock },
  ]

  it.each(clocks)('of a $name is over at once for a moment that has come', async ({ make }) => {
    const clock = make()
    for (const at of [clock.nowMs(), clock.nowMs() - 1, 0, Number.NEGATIVE_INFINITY]) {
      expect(await isSettled(clock.until(at))).toBe(true)
    }
  })

  it.each(clocks)(
    'of a $name ends without error when aborted, and does not begin when aborted before',
    async ({ make }) => {
      const clock = make()
      const controller = new AbortController()
      const far = clock.nowMs() + 10 ** 12
      const waiting = [clock.until(far, controller.signal), clock.until(Number.POSITIVE_INFINITY, controller.signal)]
      for (const one of waiting) expect(await isSettled(one)).toBe(false)
      controller.abort()
      for (const one of [...waiting, clock.until(far, controller.signal)]) expect(await isSettled(one)).toBe(true)
    },
  )

  it('waits for more than a timer can hold', async () => {
    const controller = new AbortController()
    const clock = monotonicClock()
    const waiting = clock.until(clock.nowMs() + 2 ** 33, controller.signal)
    // a timer that overflowed would have fired after one millisecond
    await clock.until(clock.nowMs() + 5)
    expect(await isSettled(waiting)).toBe(false)
    controller.abort()
    await waiting
  })
})
