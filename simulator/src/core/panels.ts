import { type Irradiance, type Orientation, onPanels } from './irradiance.ts'
import type { SunPosition } from './sun.ts'

/** Panels that look one way. */
export interface Plane extends Orientation {
  /** Under standard test conditions. */
  readonly peakW: number
  /** Change of power for each kelvin above 25 °C of the cells, such as −0.0035; without it their temperature is left out. */
  readonly temperatureCoefficient?: number | undefined
}

/** Source: A. Dobos, PVWatts Version 5 Manual, NREL/TP-6A20-62641: soiling, shading, mismatch, wiring, ageing, availability. */
export const SYSTEM_LOSSES = 0.14
/** Of the cells over the air in 800 W/m², the usual nominal operating temperature of 45 °C less 20 °C. */
const NOCT_RISE_K = 25
const STANDARD_C = 25

/**
 * Temperature of the cells: the air's, and more in proportion to the light. Source: R. Ross, "Interface design
 * considerations for terrestrial solar cell modules", 12th IEEE Photovoltaic Specialists Conference, 1976.
 */
function cellC(outdoorC: number, irradiance: number): number {
  return outdoorC + (NOCT_RISE_K / 800) * irradiance
}

/** What one plane could give at the DC side, W. */
export function planeW(plane: Plane, light: Irradiance, sun: SunPosition, outdoorC: number): number {
  // interpolation spreads the first and last hour's light into the night
  if (sun.elevationDeg <= 0) return 0
  const irradiance = onPanels(plane, light, sun)
  const ratedW = (plane.peakW * irradiance * (1 - SYSTEM_LOSSES)) / 1000
  if (plane.temperatureCoefficient === undefined) return ratedW
  return Math.max(0, ratedW * (1 + plane.temperatureCoefficient * (cellC(outdoorC, irradiance) - STANDARD_C)))
}

/** A house has no panels, one plane, or several that share an inverter. */
export type Panels = Plane | readonly Plane[] | undefined

export function planesOf(panels: Panels): readonly Plane[] {
  if (panels === undefined) return []
  return 'peakW' in panels ? [panels] : panels
}

export function peakWOf(panels: Panels): number {
  return planesOf(panels).reduce((sum, { peakW }) => sum + peakW, 0)
}
