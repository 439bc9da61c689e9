import { manualClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { keepWatchdog, watchdogMs } from '../../src/adapters/watchdog.ts'

describe('the watchdog', () => {
  it.each([
    [{ WATCHDOG_USEC: '600000000' }, 600_000],
    [{}, undefined],
    [{ WATCHDOG_USEC: '0' }, undefined],
    [{ WATCHDOG_USEC: '10 s' }, undefined],
  ])('takes %j for %j ms', (env, spanMs) => {
    expect(watchdogMs(env)).toBe(spanMs)
  })

  it('is told twice within its time, though not while all is not well or once it could not be told', async () => {
    const clock = manualClock(0)
    const stop = new AbortController()
    const told: number[] = []
    const said: string[] = []
    let isWell = true
    let fails = false
    const keeping = keepWatchdog(
      {
        ...{ spanMs: 600_000, transport: clock, isWell: () => isWell },
        async tell() {
          if (fails) throw new Error('no socket')
          told.push(clock.nowMs())
        },
        log: { warn: (_, text) => said.push(`warn ${text}`), error: (_, text) => said.push(`error ${text}`) },
      },
      stop.signal,
    )
    await clock.advance(0)
    await clock.advance(600_000)
    expect(told).toEqual([0, 300_000, 600_000])
    isWell = false
    await clock.advance(600_000)
    expect(told).toHaveLength(3)
    expect(said).toEqual(Array(2).fill(expect.stringMatching(/^error .*stands still/)))
    ;[isWell, fails] = [true, true]
    await clock.advance(300_000)
    expect(said.at(-1)).toMatch(/^warn .*cannot be told/)
    fails = false
    await clock.advance(300_000)
    expect(told.at(-1)).toBe(1_800_000)
    stop.abort()
    await keeping
  })
})
