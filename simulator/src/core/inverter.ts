/** What is known of an inverter. */
export interface InverterSpec {
  /** Most that it gives at its AC side; without it the panels' peak power over `DC_TO_AC_RATIO`. */
  readonly limitW?: number | undefined
  /** AC over DC at that limit. */
  readonly efficiency?: number | undefined
  /** Most that it lets the house feed in, as grid operators ask; it gives that and what the house draws. */
  readonly feedInLimitW?: number | undefined
}

/** An inverter with everything about it settled. */
export interface Inverter {
  readonly limitW: number
  readonly efficiency: number
  /** Whether it loses more of little power, or the same share of all. */
  readonly curve: 'part-load' | 'flat'
}

/*
 * Source of all figures: A. Dobos, PVWatts Version 5 Manual, NREL/TP-6A20-62641, sections 4 and 11. Its curve gives AC as a
 * quadratic of ζ, DC power over the DC power at the limit; REFERENCE makes it reach the limit at ζ = 1. The negative
 * constant is what the inverter needs for itself before it gives anything.
 */
export const INVERTER_EFFICIENCY = 0.96
/** Panels' peak power over the inverter's AC limit. */
export const DC_TO_AC_RATIO = 1.1
const REFERENCE = 0.9637
const [SQUARE, LINEAR, OWN_USE] = [-0.0162, 0.9858, -0.0059]

/** Without a spec the inverter has its nominal efficiency at every power, as the demonstration street's always had. */
export function inverterOf(spec: InverterSpec | undefined, peakW: number): Inverter {
  return {
    limitW: spec?.limitW ?? peakW / DC_TO_AC_RATIO,
    efficiency: spec?.efficiency ?? INVERTER_EFFICIENCY,
    curve: spec === undefined ? 'flat' : 'part-load',
  }
}

/** Most that it takes at its DC side, W. */
export function dcLimitW({ limitW, efficiency }: Inverter): number {
  return limitW / efficiency
}

/** What it makes of this much at its DC side, W; of less than it needs itself nothing. */
export function acW(inverter: Inverter, dcW: number): number {
  const { limitW, efficiency, curve } = inverter
  if (curve === 'flat') return dcW * efficiency
  if (limitW === 0) return 0
  const zeta = dcW / dcLimitW(inverter)
  return Math.max(0, (limitW * (SQUARE * zeta ** 2 + LINEAR * zeta + OWN_USE)) / REFERENCE)
}

/** What it takes at its DC side to give this much, up to its limit, W; for nothing it sleeps. */
export function dcW(inverter: Inverter, wantedAcW: number): number {
  const { limitW, efficiency, curve } = inverter
  const ac = Math.min(wantedAcW, limitW)
  if (ac <= 0) return 0
  if (curve === 'flat') return ac / efficiency
  const rest = OWN_USE - (ac * REFERENCE) / limitW
  const zeta = (-LINEAR + Math.sqrt(LINEAR ** 2 - 4 * SQUARE * rest)) / (2 * SQUARE)
  return zeta * dcLimitW(inverter)
}
