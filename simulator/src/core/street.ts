import { localMoment } from './calendar.ts'
import { after, type Flows, flowsOf, type HouseSpec, type HouseState, panelsW } from './house.ts'
import { type Irradiance, irradianceAt, onPanels, type SunnyDay, sunAt } from './irradiance.ts'
import { type LoadProfile, loadNoise, profileLoadW } from './load.ts'
import { seedOf, uniform } from './random.ts'
import type { SunPosition } from './sun.ts'

/**
 * Every house is integrated in steps of this length on one grid of UTC time, so that what its counters show at a moment
 * depends on that moment and the state stored, never on when somebody looked.
 */
export const STEP_MS = 5_000
const STEP_H = STEP_MS / 3_600_000

/** What the houses live in. */
export interface World {
  readonly seed: number
  /** Local time of the street is UTC plus this. */
  readonly utcOffsetS: number
  readonly profile: LoadProfile
  readonly day: SunnyDay
  /** Midnight of the measured day, UTC seconds. */
  readonly dayMidnightUtcS: number
}

/** The last step that is over at this moment. */
export function stepAt(atMs: number): number {
  return Math.floor(atMs / STEP_MS)
}

/** What the middle of a step is like, the same for every house of the street. */
export interface Moment {
  readonly step: number
  readonly middleMs: number
  readonly light: Irradiance
  readonly sun: SunPosition
  /** Of the load profile, for each kWh a year. */
  readonly loadWPerKwh: number
}

/** The step that ends at `step` × STEP_MS. */
export function momentOf(world: World, step: number): Moment {
  const middleMs = (step - 0.5) * STEP_MS
  const { secondOfDay } = localMoment(middleMs, world.utcOffsetS)
  return {
    step,
    middleMs,
    light: irradianceAt(world.day, secondOfDay),
    sun: sunAt(world.day, world.dayMidnightUtcS, secondOfDay),
    loadWPerKwh: profileLoadW(world.profile, middleMs, world.utcOffsetS),
  }
}

/** The flows of a step, for a house whose battery holds `storedWh` when it begins. */
export function flowsAt(world: World, moment: Moment, spec: HouseSpec, storedWh: number): Flows {
  const noise = loadNoise(world.seed, seedOf(spec.name), moment.middleMs)
  // interpolation spreads the first and last hour's light into the night
  const lit = spec.pv !== undefined && moment.sun.elevationDeg > 0
  const availableW = lit ? panelsW(spec, onPanels(spec.pv, moment.light, moment.sun)) : 0
  return flowsOf(spec, storedWh, spec.annualKwh * moment.loadWPerKwh * noise, availableW, STEP_H)
}

/** The house one step later, and the flows that brought it there. */
export function nextStep(world: World, moment: Moment, spec: HouseSpec, state: HouseState) {
  const flows = flowsAt(world, moment, spec, state.storedWh)
  return { state: after(state, flows, STEP_H), flows }
}

/**
 * What a house starts with: counters of devices that have been in service for some time, drawn from the seed. They stay
 * far below 16,777 kWh, beyond which the meter's 32-bit float no longer tells one Wh from the next, and above zero,
 * which an accumulator of SunSpec reads as "not implemented". The battery is half full.
 */
export function firstState(world: World, spec: HouseSpec): HouseState {
  const between = (least: number, most: number, what: number) =>
    Math.round(least + (most - least) * uniform(world.seed, seedOf(spec.name), 1_000_000 + what))
  const inverterWh = spec.pv === undefined ? 0 : between(2_000_000, 6_000_000, 2)
  const cycledWh = spec.battery === undefined ? 0 : between(200_000, 900_000, 4)
  return {
    importWh: between(1_000_000, 5_000_000, 1),
    exportWh: spec.pv === undefined ? 0 : between(500_000, 3_000_000, 3),
    inverterWh,
    pvWh: Math.round(inverterWh * 1.05),
    chargedWh: Math.round(cycledWh * 1.1),
    dischargedWh: cycledWh,
    storedWh: (spec.battery?.capacityWh ?? 0) / 2,
  }
}
