import { type LocalMoment, localMoment } from './calendar.ts'
import { type CarMoment, CHARGER_EFFICIENCY, carMoment, chargingW } from './car.ts'
import { type HeatState, HYSTERESIS_K, indoorAfter, switched } from './heat-pump.ts'
import { after, type Flows, flowsOf, type HouseSpec, type HouseState, surplusW } from './house.ts'
import type { Irradiance } from './irradiance.ts'
import { type LoadProfile, loadNoise, profileLoadW } from './load.ts'
import { planesOf, planeW } from './panels.ts'
import { seedOf, uniform } from './random.ts'
import type { SunPosition } from './sun.ts'
import {
  lightAt,
  type SeasonalTemperature,
  seasonalC,
  sunAt,
  temperatureAt,
  type Weather,
  weatherSecond,
} from './weather.ts'

/**
 * Every house is integrated in steps of this length on one grid of UTC time, so that what its counters show at a moment
 * depends on that moment and the state stored, never on when somebody looked.
 */
export const STEP_MS = 5_000
const STEP_S = STEP_MS / 1000
const STEP_H = STEP_MS / 3_600_000

/** What the houses live in. */
export interface World {
  readonly seed: number
  /** Local time of the street is UTC plus this. */
  readonly utcOffsetS: number
  readonly profile: LoadProfile
  readonly weather: Weather
  /** In place of the weather's own. */
  readonly temperature?: SeasonalTemperature | undefined
}

/** The last step that is over at this moment. */
export function stepAt(atMs: number): number {
  return Math.floor(atMs / STEP_MS)
}

/** What the middle of a step is like, the same for every house of the street. */
export interface Moment {
  readonly step: number
  readonly middleMs: number
  readonly local: LocalMoment
  readonly light: Irradiance
  readonly sun: SunPosition
  readonly outdoorC: number
  /** Of the load profile, for each kWh a year. */
  readonly loadWPerKwh: number
}

/** The step that ends at `step` × STEP_MS. */
export function momentOf(world: World, step: number): Moment {
  const { weather, temperature, utcOffsetS } = world
  const middleMs = (step - 0.5) * STEP_MS
  const local = localMoment(middleMs, utcOffsetS)
  const second = weatherSecond(weather, local)
  const sun = sunAt(weather, second)
  return {
    ...{ step, middleMs, local, sun },
    light: lightAt(weather, second, sun),
    outdoorC: temperature === undefined ? temperatureAt(weather, second) : seasonalC(temperature, local),
    loadWPerKwh: profileLoadW(world.profile, middleMs, utcOffsetS),
  }
}

/** What a step is like in one house, before anything flows. */
interface Within {
  readonly heat: HeatState
  readonly car: CarMoment | undefined
  readonly flows: Flows
}

function within(world: World, moment: Moment, spec: HouseSpec, state: HouseState): Within {
  const house = seedOf(spec.name)
  const { light, sun, outdoorC, loadWPerKwh, local } = moment
  const availableW = planesOf(spec.pv).reduce((sum, plane) => sum + planeW(plane, light, sun, outdoorC), 0)
  const baseW = spec.annualKwh * loadWPerKwh * loadNoise(world.seed, house, moment.middleMs)
  const heat = spec.heatPump === undefined ? state : switched(spec.heatPump, state, moment.step, STEP_S)
  const heatPumpW = heat.isHeating * (spec.heatPump?.powerW ?? 0)
  const car = spec.car && carMoment(spec.car, world.seed, house, local, STEP_S, state.carMissingWh)
  const carW =
    spec.car === undefined || car === undefined
      ? 0
      : chargingW(spec.car, car, surplusW(spec, baseW + heatPumpW, availableW), STEP_H)
  return { heat, car, flows: flowsOf(spec, state.storedWh, { baseW, heatPumpW, carW }, availableW, STEP_H) }
}

/** The flows of a step, for a house that is in this state when it begins. */
export function flowsAt(world: World, moment: Moment, spec: HouseSpec, state: HouseState): Flows {
  return within(world, moment, spec, state).flows
}

/** The house one step later, and the flows that brought it there. */
export function nextStep(world: World, moment: Moment, spec: HouseSpec, state: HouseState) {
  const { heat, car, flows } = within(world, moment, spec, state)
  const counted = after(spec, state, flows, STEP_H)
  const { isHeating, switchedStep } = heat
  const indoorC =
    spec.heatPump === undefined ? state.indoorC : indoorAfter(spec.heatPump, heat, moment.outdoorC, STEP_H)
  const missingWh = car === undefined ? state.carMissingWh : car.missingWh - flows.carW * CHARGER_EFFICIENCY * STEP_H
  // what is charged to the full leaves a rounding error
  const carMissingWh = missingWh < 1e-6 ? 0 : missingWh
  return { state: { ...counted, indoorC, isHeating, switchedStep, carMissingWh }, flows }
}

/** A house whose heat pump is not known yet is as warm as this. */
const ROOM_C = 20

/**
 * What a house starts with: counters of devices that have been in service for some time, drawn from the seed. They stay
 * far below 16,777 kWh, beyond which the meter's 32-bit float no longer tells one Wh from the next, and above zero,
 * which an accumulator of SunSpec reads as "not implemented". The battery is half full, the car charged, and the rooms
 * are as warm as their thermostat lets them be, each house elsewhere in that band so that they do not switch together.
 */
export function firstState(world: World, spec: HouseSpec): HouseState {
  const share = (what: number) => uniform(world.seed, seedOf(spec.name), 1_000_000 + what)
  const between = (least: number, most: number, what: number) => Math.round(least + (most - least) * share(what))
  const inverterWh = spec.pv === undefined ? 0 : between(2_000_000, 6_000_000, 2)
  const cycledWh = spec.battery === undefined ? 0 : between(200_000, 900_000, 4)
  return {
    ...withDerived({
      importWh: between(1_000_000, 5_000_000, 1),
      exportWh: spec.pv === undefined ? 0 : between(500_000, 3_000_000, 3),
      inverterWh,
      pvWh: Math.round(inverterWh * 1.05),
      chargedWh: Math.round(cycledWh * 1.1),
      dischargedWh: cycledWh,
      storedWh: (spec.battery?.capacityWh ?? 0) / 2,
    }),
    indoorC: (spec.heatPump?.setPointC ?? ROOM_C) + HYSTERESIS_K * (2 * share(5) - 1),
  }
}

/** The counters that every version of this program kept. */
export type FirstCounters = Pick<
  HouseState,
  'importWh' | 'exportWh' | 'inverterWh' | 'pvWh' | 'chargedWh' | 'dischargedWh' | 'storedWh'
>

/** A whole state out of those: what went into a house and did not come out again was its load, or lost. */
export function withDerived(counters: FirstCounters): HouseState {
  const { importWh, exportWh, inverterWh, pvWh, chargedWh, dischargedWh } = counters
  return {
    ...counters,
    loadWh: Math.max(0, importWh + inverterWh - exportWh),
    lossWh: Math.max(0, pvWh + dischargedWh - chargedWh - inverterWh),
    ...{ heatPumpWh: 0, carWh: 0, carMissingWh: 0 },
    ...{ indoorC: ROOM_C, isHeating: 0, switchedStep: 0 },
  }
}
