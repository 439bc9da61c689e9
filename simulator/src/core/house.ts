import type { CarSpec } from './car.ts'
import type { HeatPumpSpec, HeatState } from './heat-pump.ts'
import { acW, dcLimitW, dcW, type Inverter, type InverterSpec, inverterOf } from './inverter.ts'
import { type Panels, peakWOf } from './panels.ts'

/** A battery behind the same inverter as the panels. */
export interface BatterySpec {
  readonly capacityWh: number
  /** Largest charging and discharging power at its terminals. */
  readonly powerW: number
  /** What comes out over what went in. */
  readonly roundTripEfficiency?: number | undefined
  /** Kept for a power cut: never discharged. */
  readonly reserveWh?: number | undefined
}

/** What a house is. */
export interface HouseSpec {
  readonly name: string
  /** Of everything but heat pump and car. */
  readonly annualKwh: number
  readonly pv?: Panels
  readonly inverter?: InverterSpec | undefined
  readonly battery?: BatterySpec | undefined
  readonly heatPump?: HeatPumpSpec | undefined
  readonly car?: CarSpec | undefined
}

/** What a house's counters and stores hold, Wh unless said otherwise. Counters only grow. */
export interface HouseState extends HeatState {
  readonly importWh: number
  readonly exportWh: number
  /** Given by the inverter at its AC side. */
  readonly inverterWh: number
  readonly pvWh: number
  readonly chargedWh: number
  readonly dischargedWh: number
  readonly loadWh: number
  readonly heatPumpWh: number
  readonly carWh: number
  /** Lost in the inverter. */
  readonly lossWh: number
  /** In the battery; no counter. */
  readonly storedWh: number
  /** What the car's battery lacks; no counter. */
  readonly carMissingWh: number
}

/** What draws power in a house, W. */
export interface Loads {
  /** Everything but heat pump and car. */
  readonly baseW: number
  readonly heatPumpW: number
  readonly carW: number
}

/**
 * Mean powers of one step, W, none below zero. They balance: pvW + importW + dischargeW = loadW + chargeW + lossW + exportW.
 */
export interface Flows extends Loads {
  /** All of the loads. */
  readonly loadW: number
  /** Taken from the panels at the DC side, after what the inverter's limit leaves unused. */
  readonly pvW: number
  readonly chargeW: number
  readonly dischargeW: number
  readonly inverterW: number
  /** Lost between the two sides of the inverter. */
  readonly lossW: number
  readonly importW: number
  readonly exportW: number
  /** Whether the inverter's limit, or that of feeding in, left sun unused. */
  readonly throttled: boolean
}

/** There and back, as makers of household batteries state for lithium iron phosphate. */
export const ROUND_TRIP_EFFICIENCY = 0.92

/** The share that each way through the battery keeps. */
export function oneWay(battery: BatterySpec | undefined): number {
  return Math.sqrt(battery?.roundTripEfficiency ?? ROUND_TRIP_EFFICIENCY)
}

export function inverterIn(spec: HouseSpec): Inverter {
  return inverterOf(spec.inverter, peakWOf(spec.pv))
}

/** What is left of two powers that are meant to be equal, by the arithmetic alone: no meter counts it. W. */
const ROUNDING_W = 1e-7

const withoutRounding = (powerW: number) => (Math.abs(powerW) < ROUNDING_W ? 0 : powerW)

/** What of this much sun the house would feed in, W, if it drew no more than `loadW` and its battery took nothing. */
export function surplusW(spec: HouseSpec, loadW: number, availableW: number): number {
  const inverter = inverterIn(spec)
  return Math.max(0, acW(inverter, Math.min(availableW, dcLimitW(inverter))) - loadW)
}

/**
 * The flows of a step of `hours`: the sun serves the load first, what is over charges the battery and then feeds in;
 * what is short comes from the battery and then from the grid. The battery never charges from the grid and never feeds in.
 */
export function flowsOf(spec: HouseSpec, storedWh: number, loads: Loads, availableW: number, hours: number): Flows {
  const inverter = inverterIn(spec)
  const loadW = loads.baseW + loads.heatPumpW + loads.carW
  // no more than the inverter can pass: what the sun has beyond that is for the battery, load or not
  const wantedW = dcW(inverter, loadW)
  const overW = Math.max(0, availableW - wantedW)
  const shortW = Math.max(0, wantedW - availableW)
  const { capacityWh = 0, powerW = 0, reserveWh = 0 } = spec.battery ?? {}
  const kept = oneWay(spec.battery)
  const roomW = Math.max(0, capacityWh - storedWh) / kept / hours
  const usableW = (Math.max(0, storedWh - reserveWh) * kept) / hours
  const chargeW = Math.min(overW, powerW, roomW)
  const couldW = Math.min(shortW, powerW, usableW)
  // the last of a battery is not spent on the inverter's own use
  const dischargeW = acW(inverter, availableW + couldW) > 0 ? couldW : 0
  const wouldFeedW = availableW - chargeW + dischargeW
  const { feedInLimitW = Number.POSITIVE_INFINITY } = spec.inverter ?? {}
  const feedW = Math.min(wouldFeedW, dcW(inverter, loadW + feedInLimitW))
  const inverterW = acW(inverter, feedW)
  const gridW = withoutRounding(loadW - inverterW)
  return {
    ...loads,
    loadW,
    pvW: feedW + chargeW - dischargeW,
    chargeW,
    dischargeW,
    inverterW,
    lossW: feedW - inverterW,
    importW: Math.max(0, gridW),
    exportW: Math.max(0, -gridW),
    throttled: feedW < wouldFeedW,
  }
}

/** What counters and battery hold after `hours` of these flows. */
export function after(spec: HouseSpec, state: HouseState, flows: Flows, hours: number): HouseState {
  const kept = oneWay(spec.battery)
  return {
    ...state,
    importWh: state.importWh + flows.importW * hours,
    exportWh: state.exportWh + flows.exportW * hours,
    inverterWh: state.inverterWh + flows.inverterW * hours,
    pvWh: state.pvWh + flows.pvW * hours,
    chargedWh: state.chargedWh + flows.chargeW * hours,
    dischargedWh: state.dischargedWh + flows.dischargeW * hours,
    loadWh: state.loadWh + flows.loadW * hours,
    heatPumpWh: state.heatPumpWh + flows.heatPumpW * hours,
    carWh: state.carWh + flows.carW * hours,
    lossWh: state.lossWh + flows.lossW * hours,
    storedWh: state.storedWh + (flows.chargeW * kept - flows.dischargeW / kept) * hours,
  }
}
