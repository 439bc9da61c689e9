import type { Measured, Reading } from '@wattfleet/devices'
import { describe, expect, it } from 'vitest'
import { gridMeter, sunSource } from '../../src/adapters/modbus-devices.ts'
import { memoryLog } from '../support/fixtures.ts'

const good = (value: number): Measured => ({ quality: 'good', value, readMs: 5 })
const gone: Measured = { quality: 'missing', reason: 'timeout', readMs: 5 }
const signal = new AbortController().signal

function reading(overrides: Partial<Reading> = {}): Reading {
  return {
    atMs: 5,
    importEnergyWh: good(100),
    exportEnergyWh: good(7),
    importW: good(40),
    exportW: good(0),
    ...overrides,
  }
}

describe('gridMeter', () => {
  it.each([
    {
      name: 'whole',
      given: reading(),
      read: { atMs: 5, importWh: 100, exportWh: 7, stepWh: 1, importW: 40, exportW: 0 },
    },
    {
      name: 'of a coarse meter',
      given: reading({ stepWh: 100 }),
      read: { atMs: 5, importWh: 100, exportWh: 7, stepWh: 100, importW: 40, exportW: 0 },
    },
    {
      name: 'with its phases',
      given: reading({ phasesW: [good(50), good(-20), good(10)] }),
      read: { atMs: 5, importWh: 100, exportWh: 7, stepWh: 1, importW: 40, exportW: 0, phasesW: [50, -20, 10] },
    },
    {
      name: 'with one phase of three',
      given: reading({ phasesW: [good(50), gone, gone] }),
      read: { atMs: 5, importWh: 100, exportWh: 7, stepWh: 1, importW: 40, exportW: 0, phasesW: [50] },
    },
    { name: 'without its export counter', given: reading({ exportEnergyWh: gone }), read: undefined },
    { name: 'without its import counter', given: reading({ importEnergyWh: gone }), read: undefined },
    { name: 'without power', given: reading({ importW: gone, exportW: gone }), read: undefined },
  ])('a reading $name', async ({ given, read }) => {
    expect(await gridMeter({ read: async () => given }, memoryLog()).read(signal)).toEqual(read)
  })
})

describe('a meter without an export counter', () => {
  const absent: Measured = { quality: 'missing', reason: 'unsupported', readMs: 5 }
  const given = reading({ exportEnergyWh: absent })
  it.each([
    { house: 'that cannot feed in', feedsIn: false, given, read: { exportWh: 0, importWh: 100 } },
    { house: 'that can', feedsIn: true, given, read: undefined },
    {
      house: 'that cannot, whose meter was silent',
      feedsIn: false,
      given: reading({ exportEnergyWh: gone }),
      read: undefined,
    },
  ])('of a house $house', async ({ feedsIn, given, read }) => {
    const found = await gridMeter({ read: async () => given }, memoryLog(), feedsIn).read(signal)
    if (read === undefined) expect(found).toBeUndefined()
    else expect(found).toMatchObject(read)
  })
})

describe('sunSource', () => {
  it.each([
    { acPowerW: good(1_500), sunW: 1_500 },
    { acPowerW: good(-200), sunW: 0 },
    { acPowerW: gone, sunW: undefined },
  ])('$acPowerW.value is $sunW', async ({ acPowerW, sunW }) => {
    const state = { quality: 'good' as const, value: 'mppt' as const, readMs: 5 }
    const read = async () => ({ atMs: 5, acPowerW, lifetimeEnergyWh: gone, dcPowerW: gone, state, dcInputs: [] })
    expect(await sunSource({ read }).readSunW(signal)).toBe(sunW)
  })
})
