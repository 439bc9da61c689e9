import { closeSync, openSync, writeSync } from 'node:fs'
import { manualClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { hasPseudoTerminals, pseudoTerminals } from '../../../test-support/pseudo-terminals.ts'
import { infraredMeter } from '../../src/index.ts'
import { smlTelegram, WH } from '../telegrams/build.ts'

const isRequired = process.env.WATTFLEET_REQUIRE_INTEROP !== undefined || process.env.CI !== undefined
const closing: (() => Promise<void> | void)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

describe.skipIf(!hasPseudoTerminals() && !isRequired)('an infrared head on a serial line', () => {
  const sml = smlTelegram({ entries: [{ code: '1.8.0', value: 12_345n, scaler: -1, unit: WH }] })
  const text = new TextEncoder().encode('/ESY5Q3D\r\n\r\n1-0:1.8.0*255(0001.2345*kWh)\r\n!\r\n')

  it.each([
    ['sml', sml],
    ['text', text],
  ] as const)('is read as its meter pushes %s', { timeout: 30_000 }, async (format, telegram) => {
    const { ends, close } = await pseudoTerminals()
    closing.push(close)
    const meter = infraredMeter({ path: ends[0], format, mostW: 43_470, clock: manualClock(5) })
    closing.push(() => meter.close())
    const file = openSync(ends[1], 'w')
    closing.push(() => closeSync(file))
    const pushing = setInterval(() => writeSync(file, telegram), 50)
    closing.push(() => clearInterval(pushing))
    const reading = await meter.read(new AbortController().signal)
    expect(reading.importEnergyWh).toEqual({ quality: 'good', value: 1_235, readMs: 5 })
  })
})
