/** What a house is. */
export interface HouseSpec {
  readonly name: string
  readonly annualKwh: number
  readonly pv?: { readonly peakW: number; readonly tiltDeg: number; readonly azimuthDeg: number } | undefined
  /** Behind the same inverter as the panels. */
  readonly battery?: { readonly capacityWh: number; readonly powerW: number } | undefined
}

/** What a house's counters and battery hold, Wh. Counters only grow. */
export interface HouseState {
  readonly importWh: number
  readonly exportWh: number
  /** Given by the inverter at its AC side. */
  readonly inverterWh: number
  readonly pvWh: number
  readonly chargedWh: number
  readonly dischargedWh: number
  readonly storedWh: number
}

/** Mean powers of one step, W, none below zero. */
export interface Flows {
  readonly loadW: number
  /** Taken from the panels at the DC side, after what the inverter's limit leaves unused. */
  readonly pvW: number
  readonly chargeW: number
  readonly dischargeW: number
  readonly inverterW: number
  readonly importW: number
  readonly exportW: number
  /** Whether the inverter's limit left sun unused. */
  readonly throttled: boolean
}

/** Source: A. Dobos, PVWatts Version 5 Manual, NREL/TP-6A20-62641: nominal inverter efficiency. */
export const INVERTER_EFFICIENCY = 0.96
/** From the same: soiling, shading, mismatch, wiring, ageing and availability together. The cells' temperature is left out. */
export const SYSTEM_LOSSES = 0.14
/** From the same: panels' peak power over the inverter's AC limit. */
export const DC_TO_AC_RATIO = 1.1
/** One way; there and back 0.92, as makers of household batteries state for lithium iron phosphate. */
export const BATTERY_EFFICIENCY = Math.sqrt(0.92)

export function acLimitW(spec: HouseSpec): number {
  return (spec.pv?.peakW ?? 0) / DC_TO_AC_RATIO
}

/** What the panels could give at the DC side under this irradiance, W. */
export function panelsW(spec: HouseSpec, irradiance: number): number {
  return ((spec.pv?.peakW ?? 0) * irradiance * (1 - SYSTEM_LOSSES)) / 1000
}

/**
 * The flows of a step of `hours`: the sun serves the load first, what is over charges the battery and then feeds in;
 * what is short comes from the battery and then from the grid. The battery never charges from the grid and never feeds in.
 */
export function flowsOf(spec: HouseSpec, storedWh: number, loadW: number, availableW: number, hours: number): Flows {
  const wantedW = loadW / INVERTER_EFFICIENCY
  const overW = Math.max(0, availableW - wantedW)
  const shortW = Math.max(0, wantedW - availableW)
  const { capacityWh = 0, powerW = 0 } = spec.battery ?? {}
  const limitW = acLimitW(spec) / INVERTER_EFFICIENCY
  const roomW = Math.max(0, capacityWh - storedWh) / BATTERY_EFFICIENCY / hours
  const chargeW = Math.min(overW, powerW, roomW)
  // the panels come first through the inverter
  const throughW = Math.max(0, limitW - availableW)
  const dischargeW = Math.min(shortW, powerW, (storedWh * BATTERY_EFFICIENCY) / hours, throughW)
  const wouldFeedW = availableW - chargeW + dischargeW
  const feedW = Math.min(wouldFeedW, limitW)
  const inverterW = feedW * INVERTER_EFFICIENCY
  return {
    loadW,
    pvW: feedW + chargeW - dischargeW,
    chargeW,
    dischargeW,
    inverterW,
    importW: Math.max(0, loadW - inverterW),
    exportW: Math.max(0, inverterW - loadW),
    throttled: feedW < wouldFeedW,
  }
}

/** The house after `hours` of these flows. */
export function after(state: HouseState, flows: Flows, hours: number): HouseState {
  return {
    importWh: state.importWh + flows.importW * hours,
    exportWh: state.exportWh + flows.exportW * hours,
    inverterWh: state.inverterWh + flows.inverterW * hours,
    pvWh: state.pvWh + flows.pvW * hours,
    chargedWh: state.chargedWh + flows.chargeW * hours,
    dischargedWh: state.dischargedWh + flows.dischargeW * hours,
    storedWh: state.storedWh + (flows.chargeW * BATTERY_EFFICIENCY - flows.dischargeW / BATTERY_EFFICIENCY) * hours,
  }
}
