import { readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Measured,
  modelIds,
  modelMeter,
  openModbusRtuOverTcp,
  openModbusTcp,
  shippedModel,
  sunSpecInverter,
} from '@wattfleet/devices'
import { checkConfig, Fault, type ManualClock, manualClock, messageOf } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { withDerived } from '../../src/core/street.ts'
import { buildDevices } from '../../src/scenario/build.ts'
import { readScenario } from '../../src/scenario/load.ts'
import { runScenario } from '../../src/scenario/run.ts'
import { type Scenario, scenarioSchema } from '../../src/scenario/schema.ts'
import { registersOf, type WireDevice } from '../../src/wire/device.ts'
import { closing, onTcp } from '../served.ts'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'))
/** Monday, 18 May 2026, 10:00 UTC. */
const TEN_MS = 1_779_098_400_000
const never = new AbortController().signal
const log = { info: () => undefined, warn: () => undefined }

const around = { house: () => Promise.reject(new Error()) as never, nowMs: () => TEN_MS, startedMs: TEN_MS }
const build = (scenario: Scenario) => buildDevices(scenario, 'file', EXAMPLES, around)

/** The same with every socket on a free port, and no serial line. */
function onFreePorts(scenario: Scenario): Scenario {
  const lines = Object.entries(scenario.lines)
    .filter(([, line]) => line.transport !== 'rtu-serial')
    .map(([name, line]) => [name, { ...line, port: 0 }] as const)
  const control = scenario.control && { control: { ...scenario.control, port: 0 } }
  return { ...scenario, ...control, lines: Object.fromEntries(lines) as Scenario['lines'] }
}

async function run(scenario: Scenario, clock: ManualClock = manualClock(TEN_MS)) {
  const running = await runScenario(onFreePorts(scenario), { source: join(EXAMPLES, 'x.yaml'), clock, log })
  closing.push(() => running.stop())
  const port = (line: string) => running.lines.find(({ name }) => name === line)?.port ?? 0
  const tcp = (line: string) => {
    const connection = openModbusTcp({ host: '127.0.0.1', port: port(line) })
    closing.push(() => connection.close())
    return connection
  }
  return { running, clock, port, tcp }
}

const SMALLEST = {
  lines: { lan: { transport: 'modbus-tcp', port: 0 }, bus: { transport: 'rtu-tcp', port: 0 } },
  devices: [{ name: 'meter', line: 'lan', model: 'eastron-sdm630', values: { totalPower: 1 } }],
}
const parsed = (value: object) => checkConfig({ ...SMALLEST, ...value }, scenarioSchema, 'file')
const SEASONS = { meanC: 9.5, yearAmplitudeK: 9, dayAmplitudeK: 4 }
const device = (more: object) => ({ devices: [{ ...SMALLEST.devices[0], ...more }] })
const own = (points: object, values: object = {}, more: object = {}) => ({
  devices: [{ name: 'own', line: 'lan', points, values, ...more }],
})

describe('a file of devices', () => {
  it.each(files)('%s is right', (name) => {
    expect(build(readScenario(join(EXAMPLES, name))).length).toBeGreaterThan(0)
  })

  it.each<[string, object, RegExp]>([
    ['an unknown key', { more: 1 }, /more/],
    ['no line', { lines: {} }, /lines: expected a line/],
    ['a transport that is none', { lines: { lan: { transport: 'udp' } } }, /lines\.lan\.transport/],
    ['no devices', { devices: [] }, /devices/],
    ['a device that is nothing', device({ model: undefined }), /devices\.0: expected one of model, modelFile/],
    ['a device that is two things', device({ inverterOf: 'x' }), /devices\.0: expected one of model, modelFile/],
    ['a short token', { control: { port: 0, token: 'x' } }, /control\.token/],
    ['a fault that is none', { faults: [{ kind: 'delay', device: 'meter' }] }, /faults\.0\.ms/],
  ])('with %s is refused by its schema', (_, value, expected) => {
    expect(() => parsed(value)).toThrow(expected)
  })

  it.each<[string, object, RegExp]>([
    ['a line that is not there', device({ line: 'wan' }), /devices\.0\.line: there is no line "wan"/],
    [
      'two devices of one name',
      { devices: [...SMALLEST.devices, { ...SMALLEST.devices[0], unit: 2 }] },
      /devices\.1\.name/,
    ],
    [
      'two units on a line',
      { devices: [...SMALLEST.devices, { ...SMALLEST.devices[0], name: 'b' }] },
      /another unit 1/,
    ],
    [
      'two houses of one name',
      {
        houses: [
          { name: 'a', annualKwh: 1 },
          { name: 'a', annualKwh: 2 },
        ],
      },
      /houses\.1\.name: there is another "a"/,
    ],
    [
      'weather that is not there',
      { weather: 'no.json' },
      /^[^ ]+: weather: expected sunny-day, winter-day or a file; there is no .*no\.json$/,
    ],
    ['a broadcast unit on a serial line', device({ line: 'bus', unit: 0 }), /units 1 to 247/],
    ['a model that is not there', device({ model: 'x' }), /meter\): no device model "x"; there are/],
    ['a point that is not there', device({ values: { watt: 1 } }), /there is no point "watt"/],
    ['an expression that is none', device({ values: { totalPower: '1 +' } }), /"1 \+": did not expect the end/],
    ['flows without a house', device({ values: { totalPower: 'importW' } }), /there is no importW; there are timeS/],
    ['a house that is not there', device({ house: 'x' }), /there is no house "x"/],
    ['an inverter of nothing', device({ model: undefined, inverterOf: 'x' }), /there is no house "x"/],
    ['a value that does not fit', own({ a: { at: 0, as: 'u16' } }, { a: 70_000 }), /a 70000 does not fit u16/],
    ['points that overlap', own({ a: { at: 0, as: 'u32' }, b: { at: 1, as: 'u16' } }), /already part of "a"/],
    [
      'an input that is to be written',
      own({ a: { at: 0, as: 'u16' } }, {}, { kind: 'input', writable: ['a'] }),
      /writable/,
    ],
    ['a fault for nobody', { faults: [{ kind: 'silence', device: 'x' }] }, /faults\.0\.device: there is no device "x"/],
    [
      'a fault of another line',
      { faults: [{ kind: 'badCrc', device: 'meter' }] },
      /faults\.0\.kind: "badCrc": Modbus TCP/,
    ],
  ])('with %s is refused', (_, value, expected) => {
    const scenario = parsed(value)
    expect(() => build(scenario)).toThrow(expected)
    expect(() => build(scenario)).toThrow(Fault)
  })

  it('takes weather from a file beside it, and says what is wrong with it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scenario-'))
    closing.push(() => rm(folder, { recursive: true }))
    const place = { date: '2026-01-01', utcOffsetS: 3_600, latitudeDeg: 52, longitudeDeg: 13 }
    const heatPump = { powerW: 2_000, heatLossWPerK: 150 }
    const scenario = parsed({ weather: 'here.json', houses: [{ name: 'home', annualKwh: 3_000, heatPump }] })
    const hours = Array.from({ length: 24 }, () => ({ ghi: 100, temperatureC: 5 }))
    const built = async (weather: object, of = scenario) => {
      await writeFile(join(folder, 'here.json'), JSON.stringify(weather))
      try {
        return buildDevices(of, 'file', folder, around).length
      } catch (error) {
        if (!(error instanceof Fault) || error.code !== 'config') throw error
        return messageOf(error)
      }
    }
    const cold = hours.map(({ ghi }) => ({ ghi }))
    expect(await built({ ...place, hours })).toBe(1)
    expect(await built({ ...place, hours: cold })).toMatch(/home: a heat pump needs "temperature"/)
    expect(await built({ ...place, hours: cold }, { ...scenario, temperature: SEASONS })).toBe(1)
    expect(await built({ ...place, hours: hours.slice(1) })).toMatch(/here\.json: hours: /)
    expect(await built({ ...place, hours: [...cold.slice(1), ...hours.slice(0, 1)] })).toMatch(
      /in every hour or in none/,
    )
    expect(await built({ ...place, hours: hours.map((hour) => ({ ...hour, dni: 1 })) })).toMatch(/dni and dhi together/)
    expect(await built({ ...place, hours: [...hours.slice(1), { ghi: -1, temperatureC: 5 }] })).toMatch(
      /hours\.23\.ghi/,
    )
    expect(await built({ ...place, latitudeDeg: 91, hours })).toMatch(/latitudeDeg/)
  })

  it('says where YAML is none, and does not let aliases multiply', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'scenario-'))
    closing.push(() => rm(folder, { recursive: true }))
    const path = join(folder, 'x.yaml')
    const textOf = async (text: string) => {
      await writeFile(path, text)
      try {
        readScenario(path)
        return 'right'
      } catch (error) {
        return messageOf(error)
      }
    }
    expect(await textOf('lines:\n  lan: { transport: modbus-tcp\ndevices: []\n')).toMatch(/x\.yaml: .*line \d/s)
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x]']
    for (let i = 1; i < 9; i++) {
      const [last, next] = [String.fromCharCode(96 + i), String.fromCharCode(97 + i)]
      bomb.push(`${next}: &${next} [${Array(9).fill(`*${last}`).join(', ')}]`)
    }
    expect(await textOf(bomb.join('\n'))).toMatch(/alias/i)
    expect(() => readScenario(join(folder, 'none.yaml'))).toThrow(/cannot be read/)
  })

  it.each(modelIds())('can show a house as %s', (model) => {
    const value = { houses: [{ name: 'home', annualKwh: 3_000 }], ...device({ model, house: 'home', values: {} }) }
    const [built] = build(parsed(value))
    expect(built?.device.parts.length).toBeGreaterThan(0)
  })
})

describe('a file that runs', () => {
  it('one-meter.yaml, with values that follow the time', async () => {
    const { tcp, clock } = await run(readScenario(join(EXAMPLES, 'one-meter.yaml')))
    const meter = modelMeter(tcp('lan'), 1, shippedModel('eastron-sdm630'), clock)
    expect(await meter.read(never)).toMatchObject({
      importW: { value: 0 },
      exportW: { value: 800 },
      importEnergyWh: { value: 1_234_500 },
      exportEnergyWh: { value: 500_000 },
    })
    await clock.advance(3_600_000)
    expect(await meter.read(never)).toMatchObject({ exportEnergyWh: { value: 500_800 } })
  })

  it('street.yaml: meter, inverter and battery of a house are one house', async () => {
    const { tcp, clock, running } = await run(readScenario(join(EXAMPLES, 'street.yaml')))
    const connection = tcp('villa')
    const before = JSON.stringify(running.houses.of('villa').state)
    await clock.advance(600_000)
    await expect.poll(() => JSON.stringify(running.houses.of('villa').state)).not.toBe(before)
    const { flows, state } = running.houses.of('villa')
    const meter = await modelMeter(connection, 1, shippedModel('eastron-sdm630'), clock).read(never)
    expect(meter).toMatchObject({ exportW: { value: Math.fround(flows.exportW) } })
    const inverter = await sunSpecInverter(connection, 2, clock).read(never)
    expect(inverter).toMatchObject({ acPowerW: { value: Math.round(flows.inverterW) } })
    expect(inverter.dcInputs.map(({ name }) => name)).toEqual(['String 1', 'StCha', 'StDisCha'])
    const battery = await connection.readRegisters({ unitId: 3, kind: 'holding', at: 0, count: 2 }, never)
    expect(battery[0]).toBe(Math.round((state.storedWh / 7_500) * 1_000))
    const power = Math.round(flows.chargeW - flows.dischargeW)
    expect(battery[1]).toBe(power & 0xffff)
  })

  it('winter.yaml: a house with everything, each part on a device of its own', async () => {
    const night = manualClock(TEN_MS - 8 * 3_600_000)
    const { tcp, clock, running } = await run(readScenario(join(EXAMPLES, 'winter.yaml')), night)
    const connection = tcp('home')
    const before = running.houses.of('home').state
    await clock.advance(4 * 3_600_000)
    await expect.poll(() => running.houses.of('home').state.loadWh).toBeGreaterThan(before.loadWh)
    const { state, flows } = running.houses.of('home')
    expect(state.heatPumpWh).toBeGreaterThan(1_000)
    expect(Math.abs(state.indoorC - 20.5)).toBeLessThan(1.5)
    const meter = modelMeter(connection, 3, shippedModel('eastron-sdm630'), clock)
    expect(await meter.read(never)).toMatchObject({
      importW: { value: flows.heatPumpW },
      importEnergyWh: { value: Math.round(state.heatPumpWh) },
    })
    const [power, high, low, , , room] = await connection.readRegisters(
      { unitId: 4, kind: 'holding', at: 0, count: 6 },
      never,
    )
    expect(power).toBe(Math.round(flows.carW))
    expect((high ?? 0) * 0x1_0000 + (low ?? 0)).toBe(Math.round(state.carWh))
    expect(room).toBe(Math.round(state.indoorC * 10))
  })

  it('gateway.yaml: holes, writes and a SunSpec inverter', async () => {
    const { tcp, clock } = await run(readScenario(join(EXAMPLES, 'gateway.yaml')))
    const connection = tcp('gateway')
    const read = (at: number, count: number) =>
      connection.readRegisters({ unitId: 2, kind: 'holding', at, count }, never)
    expect(await read(10, 1)).toEqual([215])
    await expect(read(10, 2)).rejects.toThrow(/exception 2/)
    expect(await read(30, 2)).toEqual([900, 0])
    const inverter = await sunSpecInverter(connection, 3, clock).read(never)
    expect(inverter).toMatchObject({
      acPowerW: { value: 3_200 },
      state: { value: 'mppt' },
      lifetimeEnergyWh: { value: 1e6 },
    })
  })

  it('faults.yaml: with the control endpoint, over two transports', async () => {
    const { running, port } = await run({ ...readScenario(join(EXAMPLES, 'faults.yaml')), faults: [] })
    const control = `http://127.0.0.1:${running.controlPort}`
    const devices = (await (await fetch(`${control}/devices`)).json()) as { name: string; where: string }[]
    expect(devices).toMatchObject([
      { name: 'meter', unitId: 1, transport: 'modbus-tcp', where: `127.0.0.1:${port('lan')}` },
      { name: 'bus-meter', unitId: 7, transport: 'rtu-tcp' },
      { name: 'logger', points: [{ name: 'clock', kind: 'input', at: 0, unit: 's' }, {}, {}] },
    ])
    const connection = openModbusRtuOverTcp({ host: '127.0.0.1', port: port('bus') })
    closing.push(() => connection.close())
    const ask = { unitId: 7, kind: 'input', at: 0x34, count: 2 } as const
    expect(await connection.readRegisters(ask, never)).toEqual([0x442f, 0])
    const body = JSON.stringify({ kind: 'exception', device: 'bus-meter', code: 2 })
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${control}/faults`, { method: 'POST', headers, body })).status).toBe(201)
    await expect(connection.readRegisters(ask, never)).rejects.toThrow(/exception 2/)
    expect((await fetch(`${control}/faults/f1`, { method: 'DELETE' })).status).toBe(204)
    expect(await connection.readRegisters(ask, never)).toEqual([0x442f, 0])
  })

  it('leaves nothing open when one port is taken', async () => {
    const { port } = await run(parsed({}))
    const lines = { first: { transport: 'modbus-tcp', port: 0 }, lan: { transport: 'modbus-tcp', port: port('lan') } }
    const scenario = parsed({ lines })
    await expect(runScenario(scenario, { source: 'file', clock: manualClock(TEN_MS), log })).rejects.toThrow(
      /cannot be listened on/,
    )
  })
})

describe('each grid meter that is shipped', () => {
  const meters = modelIds().filter((id) => ['grid-meter'].includes(shippedModel(id).category))
  it.each(meters)('shows a house as %s, and is read to the same figures', async (model) => {
    for (const [importW, exportW] of [
      [3_210, 0],
      [0, 4_560],
    ] as const) {
      const state = { ...ZERO, importWh: 2_345_000, exportWh: 1_230_000 }
      const now = { spec: { name: 'home', annualKwh: 3_000 }, state, flows: { ...NOTHING, importW, exportW } }
      const value = { houses: [now.spec], ...device({ model, house: 'home', values: {} }) }
      const built = buildDevices(parsed(value), 'file', '.', { ...around, house: () => now })
      const { port } = await onTcp(built.map((one) => one.device))
      const connection = openModbusTcp({ host: '127.0.0.1', port })
      closing.push(() => connection.close())
      const reading = await modelMeter(connection, 1, shippedModel(model), manualClock(0)).read(never)
      const near = (of: Measured, expected: number) => {
        if (of.quality === 'missing') return expect(of.reason).toBe('unsupported')
        // a meter of whole kilowatt-hours shows no more of them
        expect(Math.abs(of.value - expected)).toBeLessThanOrEqual(
          expected === importW || expected === exportW ? 10 : 1_000,
        )
      }
      near(reading.importW, importW)
      near(reading.exportW, exportW)
      near(reading.importEnergyWh, 2_345_000)
      near(reading.exportEnergyWh, 1_230_000)
    }
  })
})

describe('a house as a device', () => {
  const registers = (of: WireDevice) => registersOf(of.parts, of.values(TEN_MS))

  it('keeps values that the file gives over those of the house', () => {
    const value = {
      houses: [{ name: 'home', annualKwh: 3_000 }],
      ...device({ house: 'home', values: { frequency: 49.5 } }),
    }
    // the first moment of a house has no flows: what can be seen without running it
    const now = { spec: { name: 'home', annualKwh: 3_000 }, state: ZERO, flows: NOTHING }
    const [built] = buildDevices(parsed(value), 'file', '.', { ...around, house: () => now })
    if (built === undefined) throw new Error('nothing built')
    const [run] = registers(built.device)
    const at = 0x46 - (run?.at ?? 0)
    expect([run?.words[at], run?.words[at + 1]]).toEqual([0x4246, 0])
  })
})

const ZERO = withDerived({
  ...{ importWh: 0, exportWh: 0, inverterWh: 0, pvWh: 0, chargedWh: 0, dischargedWh: 0, storedWh: 0 },
})
const NOTHING = {
  ...{ loadW: 0, baseW: 0, heatPumpW: 0, carW: 0, pvW: 0, chargeW: 0, dischargeW: 0, inverterW: 0, lossW: 0 },
  ...{ importW: 0, exportW: 0, throttled: false },
}
