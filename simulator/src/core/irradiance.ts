import type { SunPosition } from './sun.ts'

/** Irradiance on the horizontal (global, diffuse) and towards the sun (direct), W/m². */
export interface Irradiance {
  readonly ghi: number
  readonly dni: number
  readonly dhi: number
}

/** How panels stand. */
export interface Orientation {
  /** From the horizontal. */
  readonly tiltDeg: number
  /** From north, clockwise: 180 looks south. */
  readonly azimuthDeg: number
}

/** Share of the light that the ground throws back: the customary figure for unknown ground (Liu and Jordan 1963). */
const ALBEDO = 0.2
/** Of the sun outside the atmosphere, W/m² (G. Kopp, J. Lean, Geophysical Research Letters 38, L01706, 2011). */
const SOLAR_CONSTANT = 1361
/** Below this the direct light is a small difference divided by a small sine: all light counts as diffuse. */
const LOWEST_SPLIT_DEG = 3
const RAD = Math.PI / 180

/**
 * Direct and diffuse light out of the measured global one, by the clearness of the sky: D. Erbs, S. Klein, J. Duffie,
 * "Estimation of the diffuse radiation fraction for hourly, daily and monthly-average global radiation", Solar Energy 28
 * (4), 1982. They close: global = direct × sine of the elevation + diffuse.
 */
export function decomposed(ghi: number, sun: SunPosition, dayOfYear: number): Irradiance {
  const sine = Math.sin(sun.elevationDeg * RAD)
  if (sun.elevationDeg < LOWEST_SPLIT_DEG) return { ghi, dni: 0, dhi: ghi }
  const outside = SOLAR_CONSTANT * (1 + 0.033 * Math.cos((2 * Math.PI * dayOfYear) / 365)) * sine
  const dhi = ghi * diffuseFraction(ghi / outside)
  return { ghi, dni: (ghi - dhi) / sine, dhi }
}

/** Erbs' correlation: the diffuse share at a clearness index kt. */
export function diffuseFraction(kt: number): number {
  if (kt <= 0.22) return 1 - 0.09 * kt
  if (kt > 0.8) return 0.165
  return 0.9511 - 0.1604 * kt + 4.388 * kt ** 2 - 16.638 * kt ** 3 + 12.336 * kt ** 4
}

/**
 * What falls on tilted panels, W/m²: direct by the angle of incidence, diffuse from an isotropic sky, and what the ground
 * throws back. Source: B. Liu, R. Jordan, "The long-term average performance of flat-plate solar-energy collectors",
 * Solar Energy 7 (2), 1963.
 */
export function onPanels(panels: Orientation, light: Irradiance, sun: SunPosition): number {
  const tilt = panels.tiltDeg * RAD
  const elevation = sun.elevationDeg * RAD
  const cosIncidence =
    Math.sin(elevation) * Math.cos(tilt) +
    Math.cos(elevation) * Math.sin(tilt) * Math.cos((sun.azimuthDeg - panels.azimuthDeg) * RAD)
  const direct = sun.elevationDeg > 0 ? light.dni * Math.max(0, cosIncidence) : 0
  const diffuse = (light.dhi * (1 + Math.cos(tilt))) / 2
  const reflected = (light.ghi * ALBEDO * (1 - Math.cos(tilt))) / 2
  return direct + diffuse + reflected
}
