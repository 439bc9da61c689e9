import type { Measured, MissingReason, Reading } from '@wattfleet/devices'
import { Fault, wallClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { freePorts } from '../../../test-support/ports.ts'
import { lineFaults, noting } from '../../src/adapters/line-faults.ts'
import { openLines } from '../../src/adapters/lines.ts'
import { gridMeter, sunSource } from '../../src/adapters/modbus-devices.ts'
import { devicesSchema, type MeterConfig } from '../../src/config.ts'
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
    expect(await gridMeter({ read: async () => given }, memoryLog(), lineFaults('here')).read(signal)).toEqual(read)
  })
})

describe('a meter that cannot be read', () => {
  const all = (reason: MissingReason) => {
    const it: Measured = { quality: 'missing', reason, readMs: 5 }
    return reading({ importEnergyWh: it, exportEnergyWh: it, importW: it, exportW: it })
  }
  const fault = (message: string, kind?: string) =>
    new Fault('transport', message, { retryable: true, ...(kind && { cause: { kind } }) })

  it('is told with place and reason, once for each reason, and anew after it was well', async () => {
    const log = memoryLog()
    const faults = lineFaults('10.0.0.9:502, unit 1')
    const turns: [Reading, Fault?][] = [
      [all('connection'), fault('no route')],
      [all('backing-off'), fault('left alone for 900 ms more', 'backing-off')],
      [all('connection'), fault('no route')],
      [all('timeout'), fault('no answer within 1000 ms')],
      [all('backing-off')],
      [
        reading({ exportEnergyWh: { quality: 'missing', reason: 'unsupported', readMs: 5 } }),
        fault('of another value'),
      ],
      [reading(), fault('of another value')],
      [all('stopped')],
      [all('connection'), fault('no route')],
      [all('malformed')],
    ]
    let turn = 0
    const meter = gridMeter(
      {
        async read() {
          const [given, fault] = turns[turn++] ?? [reading()]
          faults.note(fault)
          return given
        },
      },
      log,
      faults,
    )
    for (const _ of turns) await meter.read(signal)
    const said = log.lines.map(({ message, fields }) => ({ message, ...fields }))
    const of = (reason: string) => ({ message: 'the meter cannot be read', target: '10.0.0.9:502, unit 1', reason })
    expect(said).toEqual([
      of('no route'),
      of('no answer within 1000 ms'),
      of('exportEnergyWh: unsupported'),
      of('no route'),
      of('importEnergyWh: malformed, exportEnergyWh: malformed, importW: malformed, exportW: malformed'),
    ])
  })

  it('is told in the words of its line', async () => {
    const [port = 0] = await freePorts(1)
    const faults = lineFaults(`127.0.0.1:${port}, unit 1`)
    const lines = openLines()
    const { meter: config } = devicesSchema.parse({ meter: { port } })
    const line = noting(lines.to(config as MeterConfig), faults)
    await expect(line.readRegisters({ unitId: 1, kind: 'input', at: 0, count: 2 }, signal)).rejects.toThrow()
    expect(faults.take()).toMatch(/ECONNREFUSED/)
    expect(faults.take()).toBeUndefined()
    const head = lines.infrared({
      ...{ path: '/dev/no-such-head', format: 'sml', mostW: 30_000, clock: wallClock(), onFault: faults.note },
    })
    await head.read(signal)
    expect(faults.take()).toMatch(/no-such-head/)
    await lines.close()
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
    const found = await gridMeter({ read: async () => given }, memoryLog(), lineFaults('here'), feedsIn).read(signal)
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
