import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Inverter, type Meter, modelMeter, openModbusTcp, shippedModel, sunSpecInverter } from '@wattfleet/devices'
import { checkConfig, type ManualClock, manualClock } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { HouseState } from '../src/core/house.ts'
import { withDerived } from '../src/core/street.ts'
import { DEVICE_UNIT_ID, type Simulator, simulatorConfig, sixHouses, startSimulator } from '../src/index.ts'

/** Monday, 18 May 2026, 10:00 UTC. */
const TEN_MS = 1_779_098_400_000
const NO_COUNTERS = { importWh: 0, exportWh: 0, inverterWh: 0, pvWh: 0, chargedWh: 0, dischargedWh: 0, storedWh: 0 }
const HOUR_MS = 3_600_000
const never = new AbortController().signal

let stateDir: string
const closing: (() => Promise<void>)[] = []
beforeEach(async () => {
  stateDir = await mkdtemp(join(tmpdir(), 'street-'))
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
  await rm(stateDir, { recursive: true, force: true })
})

const warnings: string[] = []
const told: { readonly meterPort?: number }[] = []
const log = {
  info: (fields: object) => void told.push(fields),
  warn: (_: object, text: string) => void warnings.push(text),
}

async function street(clock: ManualClock, more: object = {}): Promise<Simulator> {
  const config = checkConfig(
    { stateDir, seed: 5, houses: sixHouses({ basePort: 0 }), ...more },
    simulatorConfig,
    'test',
  )
  const simulator = await startSimulator(config, clock, log)
  closing.push(() => simulator.stop())
  return simulator
}

/** Moves the clock, and lets the street integrate what has passed. */
async function pass(clock: ManualClock, simulator: Simulator, ms: number): Promise<void> {
  const before = JSON.stringify(simulator.stateOf('house-1').state)
  await clock.advance(ms)
  await expect.poll(() => JSON.stringify(simulator.stateOf('house-1').state)).not.toBe(before)
}

function devicesOf(
  simulator: Simulator,
  name: string,
  clock: ManualClock,
): { meter: Meter; inverter: Inverter | undefined } {
  const house = simulator.houses.find((one) => one.name === name)
  if (house === undefined) throw new Error(name)
  const open = (port: number) => {
    const connection = openModbusTcp({ host: '127.0.0.1', port })
    closing.push(() => connection.close())
    return connection
  }
  return {
    meter: modelMeter(open(house.meterPort), DEVICE_UNIT_ID, shippedModel('eastron-sdm630'), clock),
    inverter:
      house.inverterPort === undefined ? undefined : sunSpecInverter(open(house.inverterPort), DEVICE_UNIT_ID, clock),
  }
}

const good = (value: unknown, readMs: number) => ({ quality: 'good', value, readMs })
const states = (simulator: Simulator) => simulator.houses.map(({ name }) => simulator.stateOf(name).state)

describe('the street over its sockets', () => {
  it('has six houses, four of them with an inverter', async () => {
    const simulator = await street(manualClock(TEN_MS))
    expect(simulator.houses.map(({ name, inverterPort }) => [name, inverterPort !== undefined])).toEqual([
      ['house-1', false],
      ['house-2', false],
      ['house-3', true],
      ['house-4', true],
      ['house-5', true],
      ['house-6', true],
    ])
  })

  it.each([0, 1, 2, 3, 4, 5].map((i) => `house-${i + 1}`))('reads %s as its devices stand', async (name) => {
    const clock = manualClock(TEN_MS)
    const simulator = await street(clock)
    const { meter, inverter } = devicesOf(simulator, name, clock)
    for (let i = 0; i < 3; i++) {
      await pass(clock, simulator, 60_000)
      const reading = await meter.read(never)
      const { state, flows } = simulator.stateOf(name)
      const atMs = clock.nowMs()
      const counter = (wh: number) => good(Math.round(Math.fround(wh / 1000) * 1000), atMs)
      expect(reading).toEqual({
        atMs,
        importEnergyWh: counter(state.importWh),
        exportEnergyWh: counter(state.exportWh),
        stepWh: 1,
        importW: good(Math.fround(flows.importW), atMs),
        exportW: good(Math.fround(flows.exportW), atMs),
      })
      if (inverter === undefined) continue
      const inputs = [{ name: 'String 1', powerW: flows.pvW, energyWh: state.pvWh }]
      if (name === 'house-6') {
        inputs.push({ name: 'StCha', powerW: flows.chargeW, energyWh: state.chargedWh })
        inputs.push({ name: 'StDisCha', powerW: flows.dischargeW, energyWh: state.dischargedWh })
      }
      expect(await inverter.read(never)).toEqual({
        atMs,
        acPowerW: good(Math.round(flows.inverterW), atMs),
        lifetimeEnergyWh: good(Math.round(state.inverterWh), atMs),
        dcPowerW: good(Math.round(flows.pvW + flows.dischargeW - flows.chargeW), atMs),
        state: good('mppt', atMs),
        dcInputs: inputs.map((input) => ({
          name: input.name,
          powerW: good(Math.round(input.powerW), atMs),
          energyWh: good(Math.round(input.energyWh), atMs),
        })),
      })
    }
  })

  it('shows over the wire what was measured: what the meters counted in an hour is what flowed', async () => {
    const clock = manualClock(TEN_MS)
    const simulator = await street(clock)
    const { meter } = devicesOf(simulator, 'house-4', clock)
    const before = await meter.read(never)
    const stateBefore = simulator.stateOf('house-4').state
    await pass(clock, simulator, HOUR_MS)
    const after = await meter.read(never)
    if (before.exportEnergyWh.quality === 'missing' || after.exportEnergyWh.quality === 'missing')
      throw new Error('missing')
    const counted = after.exportEnergyWh.value - before.exportEnergyWh.value
    expect(counted).toBeGreaterThan(4000)
    expect(Math.abs(counted - (simulator.stateOf('house-4').state.exportWh - stateBefore.exportWh))).toBeLessThan(1)
  })

  it('has sleeping inverters and importing meters at night', async () => {
    const clock = manualClock(TEN_MS + 12 * HOUR_MS)
    const simulator = await street(clock)
    const { meter, inverter } = devicesOf(simulator, 'house-3', clock)
    expect(await inverter?.read(never)).toMatchObject({ acPowerW: { value: 0 }, state: { value: 'sleeping' } })
    expect(await meter.read(never)).toMatchObject({ exportW: { value: 0 }, importW: { value: expect.any(Number) } })
    expect(simulator.stateOf('house-3').flows.importW).toBeGreaterThan(5)
  })
})

describe('faults of the street', () => {
  it('are given in the configuration, and over HTTP', async () => {
    const clock = manualClock(TEN_MS)
    const faults = [{ kind: 'exception', device: 'house-3-meter', code: 4 }]
    const simulator = await street(clock, { faults, control: { port: 0 } })
    const { meter, inverter } = devicesOf(simulator, 'house-3', clock)
    expect((await meter.read(never)).importW).toMatchObject({ quality: 'missing', reason: 'exception' })
    const control = `http://127.0.0.1:${simulator.controlPort}`
    const body = JSON.stringify({ kind: 'notAvailable', device: 'house-3-inverter', points: ['103.W'] })
    const headers = { 'content-type': 'application/json' }
    expect((await fetch(`${control}/faults`, { method: 'POST', headers, body })).status).toBe(201)
    expect((await inverter?.read(never))?.acPowerW).toMatchObject({ quality: 'missing', reason: 'not-available' })
    expect(await (await fetch(`${control}/devices`)).json()).toHaveLength(10)
  })

  it('are refused where there is no such device', async () => {
    const faults = [{ kind: 'silence', device: 'house-9-meter' }]
    await expect(street(manualClock(TEN_MS), { faults })).rejects.toThrow(/faults\.0\.device: there is no device/)
  })
})

describe('the counters of the street', () => {
  it('go on after a stop, with the time in between integrated, as if there had been none', async () => {
    const through = manualClock(TEN_MS)
    const undisturbed = await street(through)
    await pass(through, undisturbed, 2 * HOUR_MS)
    await undisturbed.stop()
    const expected = states(undisturbed)
    await rm(join(stateDir, 'houses.json'))

    const clock = manualClock(TEN_MS)
    const first = await street(clock)
    await pass(clock, first, 20 * 60_000)
    await first.stop()
    const second = await street(manualClock(TEN_MS + 2 * HOUR_MS))
    expect(states(second)).toEqual(expected)
  })

  it('show the same again after a crash: what was served since the last storing is not taken back', async () => {
    const clock = manualClock(TEN_MS)
    const crashed = await street(clock)
    const stored = await readFile(join(stateDir, 'houses.json'), 'utf8')
    await pass(clock, crashed, 15 * 60_000)
    const served = states(crashed)
    await crashed.stop()
    await writeFile(join(stateDir, 'houses.json'), stored)
    const again = await street(manualClock(TEN_MS + 15 * 60_000))
    expect(states(again)).toEqual(served)
  })

  it('stand still while the clock is behind what is stored', async () => {
    const first = await street(manualClock(TEN_MS))
    const before = states(first)
    await first.stop()
    const clock = manualClock(TEN_MS - HOUR_MS)
    const second = await street(clock)
    expect(warnings.at(-1)).toMatch(/ahead of the clock/)
    await clock.advance(30 * 60_000)
    expect(states(second)).toEqual(before)
    await pass(clock, second, 31 * 60_000)
    for (const [i, state] of states(second).entries()) {
      expect(state.importWh + state.exportWh).toBeGreaterThan((before[i]?.importWh ?? 0) + (before[i]?.exportWh ?? 0))
    }
  })

  it('refuse to start over from a file that cannot be used', async () => {
    const clock = manualClock(TEN_MS)
    await writeFile(join(stateDir, 'houses.json'), '{"version":1,"st')
    await expect(street(clock)).rejects.toThrow(/houses\.json: is not JSON/)
    await writeFile(join(stateDir, 'houses.json'), '{"version":1,"step":5,"houses":{"house-1":{"importWh":-4}}}')
    await expect(street(clock)).rejects.toThrow(/houses\.json: houses\.house-1\.importWh/)
  })

  it('go on from what a version without heat pumps and cars has stored', async () => {
    const clock = manualClock(TEN_MS)
    const first = await street(clock)
    await first.stop()
    const path = join(stateDir, 'houses.json')
    const stored = JSON.parse(await readFile(path, 'utf8')) as { houses: Record<string, HouseState> }
    const before = stored.houses['house-6']
    const { importWh, exportWh, inverterWh, pvWh, chargedWh, dischargedWh, storedWh } =
      before ?? withDerived(NO_COUNTERS)
    const old = { importWh, exportWh, inverterWh, pvWh, chargedWh, dischargedWh, storedWh }
    await writeFile(path, JSON.stringify({ ...stored, houses: { 'house-6': old } }))
    const second = await street(clock)
    expect(second.stateOf('house-6').state).toEqual(withDerived(old))
    expect(second.stateOf('house-6').state.loadWh).toBe(importWh + inverterWh - exportWh)
  })

  it('of a house that is taken out are kept until it comes back', async () => {
    const [gone, ...rest] = sixHouses({ basePort: 0 })
    const first = await street(manualClock(TEN_MS))
    const before = first.stateOf('house-1').state
    await first.stop()
    const without = await street(manualClock(TEN_MS + HOUR_MS), { houses: rest })
    await without.stop()
    const back = await street(manualClock(TEN_MS + HOUR_MS), { houses: [gone, ...rest] })
    expect(back.stateOf('house-1').state).toEqual(before)
  })

  it('leave no socket open when one port is taken', async () => {
    const clock = manualClock(TEN_MS)
    const first = await street(clock)
    const taken = first.houses[5]?.meterPort ?? 0
    const houses = sixHouses({ basePort: 0 }).map((house, i) => (i === 5 ? { ...house, meterPort: taken } : house))
    const other = await mkdtemp(join(tmpdir(), 'street-'))
    closing.push(() => rm(other, { recursive: true }))
    const toldBefore = told.length
    await expect(street(clock, { houses, stateDir: other })).rejects.toThrow(/cannot be listened on/)
    const opened = told.slice(toldBefore).map(({ meterPort }) => meterPort ?? 0)
    expect(opened).toHaveLength(5)
    for (const port of opened) {
      const connection = openModbusTcp({ host: '127.0.0.1', port })
      closing.push(() => connection.close())
      const { importW } = await modelMeter(connection, DEVICE_UNIT_ID, shippedModel('eastron-sdm630'), clock).read(
        never,
      )
      expect(importW).toMatchObject({ quality: 'missing', reason: 'connection' })
    }
  })
})
