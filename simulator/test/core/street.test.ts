import { describe, expect, it } from 'vitest'
import { type Flows, type HouseState, oneWay } from '../../src/core/house.ts'
import { INVERTER_EFFICIENCY } from '../../src/core/inverter.ts'
import { firstState, momentOf, nextStep, STEP_MS } from '../../src/core/street.ts'
import { loadWorld } from '../../src/data.ts'
import { sixHouses } from '../../src/six-houses.ts'

/** Monday, 18 May 2026, 00:00 UTC. */
const MONDAY_MS = 1_779_062_400_000
const HOUR_MS = 3_600_000
const HOUSES = sixHouses({ basePort: 0 })

/** Every house through this time, with the state before and after and the mean flows of each slot of 900 s. */
function run(seed: number, fromMs: number, toMs: number, utcOffsetS = 0) {
  const world = loadWorld(seed, utcOffsetS)
  return HOUSES.map((spec) => {
    const before = firstState(world, spec)
    let state: HouseState = before
    const steps: Flows[] = []
    for (let step = fromMs / STEP_MS + 1; step <= toMs / STEP_MS; step++) {
      const next = nextStep(world, momentOf(world, step), spec, state)
      expect(next.state.importWh).toBeGreaterThanOrEqual(state.importWh)
      expect(next.state.exportWh).toBeGreaterThanOrEqual(state.exportWh)
      expect(next.state.inverterWh).toBeGreaterThanOrEqual(state.inverterWh)
      state = next.state
      steps.push(next.flows)
    }
    return { spec, before, after: state, steps }
  })
}

const wh = (steps: readonly Flows[], of: (flows: Flows) => number) =>
  steps.reduce((sum, flows) => sum + (of(flows) * STEP_MS) / HOUR_MS, 0)

describe('the street over a day', () => {
  const houses = run(1, MONDAY_MS, MONDAY_MS + 24 * HOUR_MS)

  it.each(houses)('conserves the energy of $spec.name: its counters are the integrals of its flows', (house) => {
    const { before, after, steps } = house
    const grew = (name: keyof HouseState) => after[name] - before[name]
    expect(grew('importWh')).toBeCloseTo(
      wh(steps, (f) => f.importW),
      4,
    )
    expect(grew('exportWh')).toBeCloseTo(
      wh(steps, (f) => f.exportW),
      4,
    )
    const loadWh = wh(steps, (f) => f.loadW)
    expect(grew('importWh') + grew('inverterWh')).toBeCloseTo(loadWh + grew('exportWh'), 4)
    expect((grew('pvWh') + grew('dischargedWh') - grew('chargedWh')) * INVERTER_EFFICIENCY).toBeCloseTo(
      grew('inverterWh'),
      4,
    )
    const storedWh = grew('chargedWh') * oneWay(undefined) - grew('dischargedWh') / oneWay(undefined)
    expect(grew('storedWh')).toBeCloseTo(storedWh, 4)
  })

  it('lets every house consume about what its year promises', () => {
    for (const { spec, steps } of houses) {
      const share = wh(steps, (f) => f.loadW) / ((spec.annualKwh * 1000) / 365)
      expect(share, spec.name).toBeGreaterThan(0.6)
      expect(share, spec.name).toBeLessThan(1.2)
      for (const { loadW } of steps) expect(loadW).toBeGreaterThan(5)
    }
  })

  it('has surplus for four sellers and demand from two consumers in every slot from 10 to 16 h', () => {
    const perSlot = 900_000 / STEP_MS
    for (let slot = 40; slot < 64; slot++) {
      const energies = houses.map(({ steps }) => {
        const own = steps.slice(slot * perSlot, (slot + 1) * perSlot)
        return { exportWh: wh(own, (f) => f.exportW), importWh: wh(own, (f) => f.importW) }
      })
      for (const { importWh } of energies.slice(0, 2)) expect(importWh, `slot ${slot}`).toBeGreaterThan(10)
      for (const { exportWh } of energies.slice(2)) expect(exportWh, `slot ${slot}`).toBeGreaterThan(30)
    }
  })

  it('has no sun at night: nobody feeds in, every load is served', () => {
    const night = (hour: number) => hour < 5.4 || hour >= 19.1
    for (const { spec, steps } of houses) {
      for (const [i, flows] of steps.entries()) {
        if (!night((i * STEP_MS) / HOUR_MS)) continue
        expect([flows.pvW, flows.exportW], spec.name).toEqual([expect.closeTo(0, 9), expect.closeTo(0, 9)])
        expect(flows.importW + flows.inverterW).toBeCloseTo(flows.loadW, 9)
      }
    }
  })
})

describe('the street', () => {
  it('is the same from the same seed, and another from another', () => {
    const from = MONDAY_MS + 10 * HOUR_MS
    const [once, again, other] = [1, 1, 2].map((seed) => run(seed, from, from + HOUR_MS).map(({ after }) => after))
    expect(again).toEqual(once)
    expect(other).not.toEqual(once)
  })

  it('has its noon where its local time has it', () => {
    const noonUtc = run(1, MONDAY_MS + 12 * HOUR_MS, MONDAY_MS + 13 * HOUR_MS)
    const noonWest = run(1, MONDAY_MS + 17 * HOUR_MS, MONDAY_MS + 18 * HOUR_MS, -18_000)
    for (const [i, house] of noonUtc.entries()) {
      if (house.spec.battery !== undefined) continue
      expect(wh(noonWest[i]?.steps ?? [], (f) => f.pvW)).toBeCloseTo(
        wh(house.steps, (f) => f.pvW),
        6,
      )
    }
  })
})
