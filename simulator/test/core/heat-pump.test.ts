import { describe, expect, it } from 'vitest'
import {
  coefficientOfPerformance,
  type HeatPumpSpec,
  type HeatState,
  HYSTERESIS_K,
  indoorAfter,
  switched,
} from '../../src/core/heat-pump.ts'

const SPEC: HeatPumpSpec = {
  ...{ powerW: 3_000, emitter: 'floor', heatLossWPerK: 150, timeConstantH: 60, setPointC: 20, gainsW: 300 },
  minimumRunS: 600,
}
const STEP_S = 5

/** The house through these hours at one outdoor temperature. */
function run(outdoorC: number, hours: number, spec: HeatPumpSpec = SPEC) {
  let state: HeatState = { indoorC: spec.setPointC, isHeating: 0, switchedStep: 0 }
  const runs: { isHeating: 0 | 1; steps: number }[] = []
  const temperatures: number[] = []
  let electricWh = 0
  for (let step = 1_000; step < 1_000 + (hours * 3600) / STEP_S; step++) {
    state = switched(spec, state, step, STEP_S)
    const last = runs.at(-1)
    if (last?.isHeating === state.isHeating) last.steps++
    else runs.push({ isHeating: state.isHeating, steps: 1 })
    electricWh += (state.isHeating * spec.powerW * STEP_S) / 3600
    state = { ...state, indoorC: indoorAfter(spec, state, outdoorC, STEP_S / 3600) }
    temperatures.push(state.indoorC)
  }
  return { runs, temperatures, electricWh, state }
}

describe('a heat pump', () => {
  it('gives more heat for its electricity when it is warmer outside, and to a floor more than to radiators', () => {
    for (let outdoorC = -25; outdoorC < 20; outdoorC++) {
      for (const emitter of ['floor', 'radiator'] as const) {
        const here = coefficientOfPerformance(emitter, outdoorC)
        expect(here).toBeGreaterThan(1)
        expect(coefficientOfPerformance(emitter, outdoorC + 1)).toBeGreaterThanOrEqual(here)
      }
      expect(coefficientOfPerformance('floor', outdoorC)).toBeGreaterThanOrEqual(
        coefficientOfPerformance('radiator', outdoorC),
      )
    }
    // 30 K at 0 °C into a floor: 0.85 × (6.08 − 0.09 × 30 + 0.0005 × 900)
    expect(coefficientOfPerformance('floor', 0)).toBeCloseTo(3.2555, 9)
  })

  it('keeps the rooms at their set point, and takes what the building loses over its coefficient', () => {
    const { temperatures, electricWh } = run(0, 24 * 20)
    const settled = temperatures.slice(temperatures.length / 4)
    expect(settled.reduce((a, b) => Math.min(a, b))).toBeGreaterThan(20 - HYSTERESIS_K - 0.05)
    expect(settled.reduce((a, b) => Math.max(a, b))).toBeLessThan(20 + HYSTERESIS_K + 0.3)
    const neededWh = ((150 * 20 - 300) / coefficientOfPerformance('floor', 0)) * 24 * 20
    expect(Math.abs(electricWh / neededWh - 1)).toBeLessThan(0.05)
  })

  it('conserves heat: what came in and did not go out is in the building', () => {
    const { state, electricWh, temperatures } = run(-5, 100)
    const inWh = electricWh * coefficientOfPerformance('floor', -5) + 300 * 100
    const outWh = temperatures.reduce((sum, indoorC) => sum + (150 * (indoorC + 5) * STEP_S) / 3600, 0)
    const storedWh = 150 * 60 * (state.indoorC - 20)
    expect(Math.abs(inWh - outWh - storedWh)).toBeLessThan(0.001 * inWh)
  })

  it.each([0, 600, 3_600])('runs and rests at least %i s, even in a hut that cools at once', (minimumRunS) => {
    const hut = { ...SPEC, timeConstantH: 0.2, minimumRunS }
    const { runs } = run(5, 24, hut)
    expect(runs.length).toBeGreaterThan(3)
    for (const { steps } of runs.slice(1, -1)) expect(steps * STEP_S).toBeGreaterThanOrEqual(minimumRunS)
  })

  it('does not run where it is warm, and all the time where it is too weak', () => {
    expect(run(25, 48).electricWh).toBe(0)
    const { runs, state } = run(-25, 24 * 14, { ...SPEC, powerW: 1_000 })
    expect(runs.at(-1)?.isHeating).toBe(1)
    expect(state.indoorC).toBeLessThan(19)
  })

  it('cools by 63% of the difference in one time constant, in one step or in many', () => {
    const off: HeatState = { indoorC: 20, isHeating: 0, switchedStep: 0 }
    const bare = { ...SPEC, gainsW: 0 }
    const once = indoorAfter(bare, off, 0, 60)
    expect(once).toBeCloseTo(20 / Math.E, 9)
    let state = off
    for (let i = 0; i < 600; i++) state = { ...state, indoorC: indoorAfter(bare, state, 0, 0.1) }
    expect(state.indoorC).toBeCloseTo(once, 6)
  })
})
