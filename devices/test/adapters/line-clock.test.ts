import { monotonicMs } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { lineClock } from '../../src/adapters/line-clock.ts'

describe('the clock of a serial line', () => {
  it('ends a gap of 1.75 ms not before it is over, at any phase of a millisecond', async () => {
    const clock = lineClock()
    for (let i = 0; i < 100; i++) {
      const beginMs = monotonicMs()
      await clock.until(clock.nowMs() + 1.75)
      expect(monotonicMs() - beginMs).toBeGreaterThanOrEqual(1.75)
    }
  })

  it('waits no longer once aborted', async () => {
    const over = new AbortController()
    const waited = lineClock().until(monotonicMs() + 60_000, over.signal)
    over.abort()
    expect(await waited).toBeUndefined()
  })
})
