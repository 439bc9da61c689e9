import { type SunPosition, sunPosition } from './sun.ts'

/** A measured day; see data/README.md. */
export interface SunnyDay {
  /** The day itself, as YYYY-MM-DD in the place's standard time. */
  readonly date: string
  readonly utcOffsetS: number
  readonly latitudeDeg: number
  readonly longitudeDeg: number
  /** Means of the hours that end at 1, 2 … 24 h, W/m². */
  readonly hours: readonly { readonly ghi: number; readonly dni: number; readonly dhi: number }[]
}

/** Irradiance on the horizontal (global, diffuse) and towards the sun (direct), W/m². */
export interface Irradiance {
  readonly ghi: number
  readonly dni: number
  readonly dhi: number
}

export interface Panels {
  readonly tiltDeg: number
  /** From north, clockwise: 180 looks south. */
  readonly azimuthDeg: number
}

/** Share of the light that the ground throws back: the customary figure for unknown ground (Liu and Jordan 1963). */
const ALBEDO = 0.2
const RAD = Math.PI / 180

/** The day's irradiance at this local second, linear between the middles of the hours; the day's sum is kept. */
export function irradianceAt(day: SunnyDay, secondOfDay: number): Irradiance {
  const position = secondOfDay / 3600 - 0.5
  const before = Math.floor(position)
  const share = position - before
  const mixed = (of: (hour: Irradiance) => number) => {
    // the hour before the first is the last: the same day repeats
    const from = day.hours[(before + 24) % 24]
    const to = day.hours[(before + 1) % 24]
    if (from === undefined || to === undefined) throw new RangeError('a day has 24 hours')
    return of(from) * (1 - share) + of(to) * share
  }
  return { ghi: mixed((h) => h.ghi), dni: mixed((h) => h.dni), dhi: mixed((h) => h.dhi) }
}

/** Where the sun stood over the measured place at this local second of its day. */
export function sunAt(day: SunnyDay, midnightUtcS: number, secondOfDay: number): SunPosition {
  return sunPosition(midnightUtcS + secondOfDay, day.latitudeDeg, day.longitudeDeg)
}

/**
 * What falls on tilted panels, W/m²: direct by the angle of incidence, diffuse from an isotropic sky, and what the ground
 * throws back. Source: B. Liu, R. Jordan, "The long-term average performance of flat-plate solar-energy collectors",
 * Solar Energy 7 (2), 1963.
 */
export function onPanels(panels: Panels, light: Irradiance, sun: SunPosition): number {
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
