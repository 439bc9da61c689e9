import { describe, expect, it } from 'vitest'
import { onPanels } from '../../src/core/irradiance.ts'
import { sunPosition } from '../../src/core/sun.ts'

/** 1980-05-16 00:00 at UTC − 5 h. */
const MIDNIGHT_S = 327_301_200

/**
 * From pvlib python 0.16.1: `get_solarposition` (NREL's SPA) without refraction, and `get_total_irradiance` (isotropic)
 * on panels at 35°, 200° under 700 direct, 800 global, 150 diffuse.
 */
const REFERENCE = [
  { at: 7, elevationDeg: 17.475_403, azimuthDeg: 76.661_212, poa: 150.904_24 },
  { at: 10, elevationDeg: 57.693_564, azimuthDeg: 94.596_201, poa: 578.550_983 },
  { at: 12 + 1 / 3, elevationDeg: 83.420_799, azimuthDeg: 185.398_305, poa: 765.051_528 },
  { at: 15.5, elevationDeg: 45.286_521, azimuthDeg: 271.887_766, poa: 646.204_336 },
  { at: 18.5, elevationDeg: 5.574_085, azimuthDeg: 288.770_855, poa: 215.172_706 },
  { at: 23, elevationDeg: -41.094_766, azimuthDeg: 335.493_726, poa: 150.904_24 },
  { at: 5, elevationDeg: -7.974_121, azimuthDeg: 64.141_283, poa: 150.904_24 },
]

describe('the sun over Miami on 16 May 1980', () => {
  it.each(REFERENCE)('stands at $elevationDeg°, $azimuthDeg° at $at h', ({ at, elevationDeg, azimuthDeg, poa }) => {
    const sun = sunPosition(MIDNIGHT_S + at * 3600, 25.8, -80.2667)
    expect(Math.abs(sun.elevationDeg - elevationDeg)).toBeLessThan(0.02)
    // near the zenith an azimuth is worth less
    const worth = Math.cos((elevationDeg * Math.PI) / 180)
    expect(Math.abs(sun.azimuthDeg - azimuthDeg) * worth).toBeLessThan(0.02)
    const onRoof = onPanels({ tiltDeg: 35, azimuthDeg: 200 }, { dni: 700, ghi: 800, dhi: 150 }, sun)
    expect(Math.abs(onRoof - poa)).toBeLessThan(0.5)
  })
})
