/** An air-to-water heat pump that runs at full power or not at all, and the building that it heats. */
export interface HeatPumpSpec {
  /** Electric, while it runs. */
  readonly powerW: number
  /** What gives the heat to the rooms, and with that how warm its water has to be. */
  readonly emitter: 'floor' | 'radiator'
  /** Through walls, windows and air, for each kelvin between inside and outside. */
  readonly heatLossWPerK: number
  /** How long the building takes to cool by 63% of that difference. */
  readonly timeConstantH: number
  readonly setPointC: number
  /** From people, devices and the sun, on average. */
  readonly gainsW: number
  /** It neither stops nor starts sooner than this after the last time: compressors wear by starts. */
  readonly minimumRunS: number
}

/** The building's temperature, and what the heat pump does. */
export interface HeatState {
  readonly indoorC: number
  readonly isHeating: 0 | 1
  /** The step in which it was last switched. */
  readonly switchedStep: number
}

/** The thermostat lets the rooms go this far from the set point. */
export const HYSTERESIS_K = 0.5

/*
 * Source of the figures: O. Ruhnau, L. Hirth, A. Praktiknjo, "Time series of heat demand and heat pump efficiency for
 * energy system modeling", Scientific Data 6, 189, 2019: heating curves, coefficient of performance of air-source heat
 * pumps by the difference that they overcome, and its correction from the test bench to the field.
 */
const HEATING_CURVES = { floor: { at0C: 30, slope: -0.5 }, radiator: { at0C: 40, slope: -1 } } as const
const FIELD_CORRECTION = 0.85
/** The differences that the regression knows. */
const [LEAST_LIFT_K, MOST_LIFT_K] = [15, 80]

/** Heat for each unit of electricity at this outdoor temperature. */
export function coefficientOfPerformance(emitter: HeatPumpSpec['emitter'], outdoorC: number): number {
  const { at0C, slope } = HEATING_CURVES[emitter]
  const lift = Math.min(MOST_LIFT_K, Math.max(LEAST_LIFT_K, at0C + slope * outdoorC - outdoorC))
  return FIELD_CORRECTION * (6.08 - 0.09 * lift + 0.0005 * lift ** 2)
}

function thermostat({ setPointC }: HeatPumpSpec, { indoorC, isHeating }: HeatState): 0 | 1 {
  if (indoorC < setPointC - HYSTERESIS_K) return 1
  if (indoorC > setPointC + HYSTERESIS_K) return 0
  return isHeating
}

/** What the heat pump does in a step: what the thermostat wants, unless it was switched a short while ago. */
export function switched(spec: HeatPumpSpec, state: HeatState, step: number, stepS: number): HeatState {
  if ((step - state.switchedStep) * stepS < spec.minimumRunS) return state
  const isHeating = thermostat(spec, state)
  return isHeating === state.isHeating ? state : { ...state, isHeating, switchedStep: step }
}

/**
 * The rooms' temperature after `hours`: one thermal capacity behind one resistance, solved exactly, so that the length of
 * a step does not matter.
 */
export function indoorAfter(spec: HeatPumpSpec, state: HeatState, outdoorC: number, hours: number): number {
  const heatW = state.isHeating * spec.powerW * coefficientOfPerformance(spec.emitter, outdoorC)
  const settledC = outdoorC + (heatW + spec.gainsW) / spec.heatLossWPerK
  return settledC + (state.indoorC - settledC) * Math.exp(-hours / spec.timeConstantH)
}
