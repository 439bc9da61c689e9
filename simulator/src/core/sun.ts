const RAD = Math.PI / 180
const DAY_S = 86_400

export interface SunPosition {
  readonly elevationDeg: number
  /** From north, clockwise. */
  readonly azimuthDeg: number
}

/**
 * Where the sun stands, to about 0.01° between 1950 and 2050, without refraction.
 * Source: J. J. Michalsky, "The Astronomical Almanac's algorithm for approximate solar position (1950–2050)",
 * Solar Energy 40 (3), 1988. `unixS` is UTC; longitude counts east as positive.
 */
export function sunPosition(unixS: number, latitudeDeg: number, longitudeDeg: number): SunPosition {
  // days since 2000-01-01 12:00 UTC
  const n = unixS / DAY_S - 10_957.5
  const meanLongitude = 280.46 + 0.985_647_4 * n
  const anomaly = (357.528 + 0.985_600_3 * n) * RAD
  const eclipticLongitude = (meanLongitude + 1.915 * Math.sin(anomaly) + 0.02 * Math.sin(2 * anomaly)) * RAD
  const obliquity = (23.439 - 0.000_000_4 * n) * RAD
  const rightAscension = Math.atan2(Math.cos(obliquity) * Math.sin(eclipticLongitude), Math.cos(eclipticLongitude))
  const declination = Math.asin(Math.sin(obliquity) * Math.sin(eclipticLongitude))

  const utcHours = (((unixS % DAY_S) + DAY_S) % DAY_S) / 3600
  const siderealHours = 6.697_375 + 0.065_709_824_2 * n + utcHours + longitudeDeg / 15
  const hourAngle = siderealHours * 15 * RAD - rightAscension
  const latitude = latitudeDeg * RAD

  const elevation = Math.asin(
    Math.sin(declination) * Math.sin(latitude) + Math.cos(declination) * Math.cos(latitude) * Math.cos(hourAngle),
  )
  const azimuth = Math.atan2(
    -Math.sin(hourAngle) * Math.cos(declination),
    Math.cos(latitude) * Math.sin(declination) - Math.sin(latitude) * Math.cos(declination) * Math.cos(hourAngle),
  )
  return { elevationDeg: elevation / RAD, azimuthDeg: (azimuth / RAD + 360) % 360 }
}
