import { type Clock, type ManualClock, manualClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { NETWORK_TIMING } from '../src/core/plan.ts'
import { modelMeter, type RegisterReader, shippedModel, watchedMeter } from '../src/index.ts'

const AT_MS = 1_763_000_000_000
const never = new AbortController().signal

/** A PAC2200, asked in three requests: power, import, export. Each takes so long, and the clock may be stepped during one. */
function meterOn(clock: ManualClock, answerMs: number, step?: { readonly request: number; readonly ms: number }) {
  let requests = 0
  const reader: RegisterReader = {
    timing: NETWORK_TIMING,
    async readRegisters({ count }) {
      requests++
      await clock.advance(answerMs)
      if (requests === step?.request) clock.step(step.ms)
      return new Array<number>(count).fill(0)
    },
  }
  return modelMeter(reader, 1, shippedModel('siemens-pac2200'), clock as Clock)
}

describe('when a value was read', () => {
  it('is when its own answer was there, not when all were', async () => {
    const clock = manualClock(AT_MS)
    const { importW, importEnergyWh, atMs } = await meterOn(clock, 400).read(never)
    expect([importW.readMs - AT_MS, importEnergyWh.readMs - AT_MS]).toEqual([400, 800])
    expect(atMs).toBe(AT_MS + 800)
  })

  it('is told by a time that nobody steps; the reading’s is told by the clock', async () => {
    const clock = manualClock(AT_MS)
    const meter = meterOn(clock, 400, { request: 1, ms: -3_600_000 })
    const first = await meter.read(never)
    expect(first.importEnergyWh.readMs).toBe(AT_MS + 800)
    expect(first.atMs).toBe(AT_MS + 800 - 3_600_000)
    expect((await meter.read(never)).importEnergyWh.readMs).toBe(AT_MS + 2_000)
  })

  it('makes no jump of a counter when the clock is stepped', async () => {
    const clock = manualClock(AT_MS)
    const findings: unknown[] = []
    const options = { mostW: 24_000, onFinding: (one: unknown) => findings.push(one) }
    let wh = 0
    const meter = watchedMeter(
      {
        read: async () => {
          const readMs = clock.steadyMs()
          const value = (of: number) => ({ quality: 'good', value: of, readMs }) as const
          return {
            ...{ atMs: clock.nowMs(), importEnergyWh: value(wh), exportEnergyWh: value(0) },
            ...{ importW: value(6_000), exportW: value(0) },
          }
        },
      },
      options,
    )
    for (let minute = 0; minute < 10; minute++) {
      const { importEnergyWh } = await meter.read(never)
      expect(importEnergyWh).toMatchObject({ quality: 'good', value: wh })
      wh += 97 + minute
      await clock.advance(60_000)
      clock.step(minute % 2 === 0 ? -86_400_000 : 86_400_000 - 59_000)
    }
    expect(findings).toEqual([])
  })
})
