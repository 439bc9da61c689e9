import { manualClock, wallClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { clockScheduler, wallScheduler } from '../../src/adapters/schedulers.ts'

describe('clockScheduler', () => {
  it('runs the job at the start of every slot of its clock, until it is stopped', async () => {
    const clock = manualClock(1_000_000)
    const stop = new AbortController()
    const slots: number[] = []
    const running = clockScheduler(clock).everySlot(900, (slotStart) => void slots.push(slotStart), stop.signal)
    await clock.advance(2_000_000)
    expect(slots).toEqual([1_800, 2_700])
    stop.abort()
    await running
    await clock.advance(1_000_000)
    expect(slots).toEqual([1_800, 2_700])
  })
})

describe('wallScheduler', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('keeps to the slots of the wall after a clock that was years ahead for a moment', async () => {
    vi.useFakeTimers({ now: 1_800_000_000_000, toFake: ['setTimeout', 'clearTimeout', 'Date'] })
    const stop = new AbortController()
    const slots: number[] = []
    const running = wallScheduler(wallClock()).everySlot(900, (slotStart) => void slots.push(slotStart), stop.signal)
    await vi.advanceTimersByTimeAsync(890_000)
    vi.setSystemTime(Date.now() + 31_536_000_000)
    await vi.advanceTimersByTimeAsync(20_000)
    vi.setSystemTime(Date.now() - 31_536_000_000)
    await vi.advanceTimersByTimeAsync(3 * 900_000)
    stop.abort()
    await running
    expect(slots.filter((slotStart) => slotStart < 1_810_000_000)).toEqual([
      1_800_000_900, 1_800_002_700, 1_800_003_600,
    ])
  })

  it('runs one job per slot, aligned to the wall, and leaves nothing behind', async () => {
    const stop = new AbortController()
    const slots: { slotStart: number; lateMs: number }[] = []
    const running = wallScheduler(wallClock()).everySlot(
      1,
      (slotStart) => {
        slots.push({ slotStart, lateMs: Date.now() - slotStart * 1000 })
        if (slots.length === 2) stop.abort()
      },
      stop.signal,
    )
    await running
    const [first, second] = slots as [(typeof slots)[0], (typeof slots)[0]]
    expect(second.slotStart).toBe(first.slotStart + 1)
    for (const { lateMs } of slots) {
      expect(lateMs).toBeGreaterThanOrEqual(-20)
      expect(lateMs).toBeLessThan(1_000)
    }
  })
})
