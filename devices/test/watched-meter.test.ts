import { describe, expect, it } from 'vitest'
import { good, missing } from '../src/core/readings.ts'
import type { Reading } from '../src/ports.ts'
import { type Finding, watchedMeter } from '../src/watched-meter.ts'

const never = new AbortController().signal
const MINUTE = 60_000

interface Shown {
  readonly importWh?: number
  readonly exportWh?: number
  readonly importW?: number
  readonly exportW?: number
}

/** Reads a meter that shows these one after the other, a minute apart. */
async function readings(shown: readonly Shown[], options: { mostW?: number; rollsOverAtWh?: number } = {}) {
  const waiting = [...shown]
  let now = 0
  const findings: Finding[] = []
  const meter = watchedMeter(
    {
      async read(): Promise<Reading> {
        const { importWh, exportWh, importW = 0, exportW = 0 } = waiting.shift() ?? {}
        const counter = (wh: number | undefined) => (wh === undefined ? missing('timeout', now) : good(wh, now))
        return {
          ...{ atMs: 5, importEnergyWh: counter(importWh), exportEnergyWh: counter(exportWh) },
          ...{ importW: good(importW, now), exportW: good(exportW, now) },
        }
      },
    },
    { mostW: 24_000, ...options, onFinding: (finding) => findings.push(finding) },
  )
  const read: Reading[] = []
  for (let i = 0; i < shown.length; i++) {
    read.push(await meter.read(never))
    now += MINUTE
  }
  return { read, findings }
}

const imports = (read: readonly Reading[]) =>
  read.map(({ importEnergyWh: one }) => (one.quality === 'missing' ? one.reason : one.value))

describe('a watched meter', () => {
  it('gives no value that cannot be, and says so', async () => {
    const { read, findings } = await readings([0, 10, 9_113_000, 20].map((importWh) => ({ importWh, exportWh: 0 })))
    expect(imports(read)).toEqual([0, 10, 'implausible', 20])
    expect(findings).toEqual([{ counter: 'import', is: 'held', energyWh: 9_113_000 }])
  })

  it('gives the value of a counter that was reset as soon as that is certain', async () => {
    const { read, findings } = await readings([5_000, 3, 8, 15].map((importWh) => ({ importWh, exportWh: 0 })))
    expect(imports(read)).toEqual([5_000, 'implausible', 8, 15])
    expect(findings.map(({ is }) => is)).toEqual(['held', 'reset'])
  })

  it('knows where the register ends', async () => {
    const { read, findings } = await readings(
      [65_530, 4].map((importWh) => ({ importWh, exportWh: 0 })),
      { rollsOverAtWh: 65_536 },
    )
    expect(imports(read)).toEqual([65_530, 4])
    expect(findings).toEqual([{ counter: 'import', is: 'rolled-over', energyWh: 4 }])
  })

  it('gives no value of a counter that stands still while power flows, until it moves', async () => {
    const shown = [0, 10, 20, 20, 20, 20, 140].map((importWh) => ({ importWh, exportWh: 7, importW: 2_000 }))
    const { read, findings } = await readings(shown)
    expect(imports(read)).toEqual([0, 10, 20, 20, 'stuck', 'stuck', 140])
    const stuck = { counter: 'import', is: 'stuck', energyWh: 20 }
    expect(findings).toEqual([stuck, stuck])
    expect(read.every(({ exportEnergyWh }) => exportEnergyWh.quality === 'good')).toBe(true)
  })

  it('says that a counter is coarse as soon as it has moved', async () => {
    const shown = [0, 1_000, 2_000, 3_000].map((exportWh) => ({ importWh: 0, exportWh }))
    const { findings } = await readings(shown, { mostW: 200_000 })
    const coarse = { counter: 'export', is: 'coarse' }
    expect(findings).toEqual([1_000, 2_000, 3_000].map((energyWh) => ({ ...coarse, energyWh })))
  })

  it('gives no power that the connection cannot carry, and leaves what is missing missing', async () => {
    const { read } = await readings([{ exportWh: 0, importW: 2_000_000 }])
    expect(read[0]).toMatchObject({
      importW: { quality: 'missing', reason: 'implausible' },
      importEnergyWh: { quality: 'missing', reason: 'timeout' },
      exportW: { quality: 'good', value: 0 },
    })
  })
})
