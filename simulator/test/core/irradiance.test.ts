import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decomposed, diffuseFraction, onPanels } from '../../src/core/irradiance.ts'
import { type SunPosition, sunPosition } from '../../src/core/sun.ts'

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const anySun = fc.record({ elevationDeg: number(-90, 90), azimuthDeg: number(0, 360) })
const anyPanels = fc.record({ tiltDeg: number(0, 90), azimuthDeg: number(0, 360) })
const RAD = Math.PI / 180

/** The first second of 2026, and of its 21 June, UTC. */
const [YEAR_S, SOLSTICE_S] = [1_767_225_600, 1_782_000_000]
const [LATITUDE, LONGITUDE] = [52, 0]

/** A clear sky by B. Haurwitz, Journal of Meteorology 2, 1945: global irradiance of the sun's height alone. */
function clearGhi({ elevationDeg }: SunPosition): number {
  const sine = Math.sin(elevationDeg * RAD)
  return sine > 0 ? 1098 * sine * Math.exp(-0.057 / sine) : 0
}

/** Wh/m² on panels at 52° N through these seconds, every ten minutes, under a clear sky or `cloud` of it. */
function sumOn(panels: { tiltDeg: number; azimuthDeg: number }, fromS: number, toS: number, cloud = 1): number {
  let sum = 0
  for (let at = fromS; at < toS; at += 600) {
    const sun = sunPosition(at, LATITUDE, LONGITUDE)
    if (sun.elevationDeg <= 0) continue
    sum += onPanels(panels, decomposed(clearGhi(sun) * cloud, sun, Math.floor((at - YEAR_S) / 86_400) + 1), sun) / 6
  }
  return sum
}

/** The hour, from 0, in which panels get most on the solstice. */
function bestHour(panels: { tiltDeg: number; azimuthDeg: number }): number {
  const hours = Array.from({ length: 24 }, (_, h) => sumOn(panels, SOLSTICE_S + h * 3600, SOLSTICE_S + (h + 1) * 3600))
  return hours.indexOf(Math.max(...hours))
}

describe('light on panels', () => {
  // get_total_irradiance of pvlib 0.16.1 with its isotropic sky and an albedo of 0.2
  it.each([
    { tiltDeg: 30, azimuthDeg: 180, sun: [50, 180], dni: 800, ghi: 712.8, dhi: 100, onto: 890.697 },
    { tiltDeg: 35, azimuthDeg: 135, sun: [30, 110], dni: 600, ghi: 400, dhi: 100, onto: 614.052 },
    { tiltDeg: 90, azimuthDeg: 270, sun: [20, 250], dni: 500, ghi: 250, dhi: 80, onto: 506.511 },
    { tiltDeg: 0, azimuthDeg: 0, sun: [40, 120], dni: 700, ghi: 520, dhi: 70, onto: 519.951 },
  ])(
    'is $onto W/m² at a tilt of $tiltDeg°',
    ({ tiltDeg, azimuthDeg, sun: [elevationDeg = 0, at = 0], onto, ...light }) => {
      expect(onPanels({ tiltDeg, azimuthDeg }, light, { elevationDeg, azimuthDeg: at })).toBeCloseTo(onto, 2)
    },
  )

  it('is never negative, and nothing in the dark', () => {
    fc.assert(
      fc.property(anyPanels, anySun, number(0, 1200), (panels, sun, ghi) => {
        const light = decomposed(sun.elevationDeg > 0 ? ghi : 0, sun, 100)
        const onto = onPanels(panels, light, sun)
        expect(onto).toBeGreaterThanOrEqual(0)
        if (sun.elevationDeg <= 0) expect(onto).toBe(0)
      }),
    )
  })

  it('is the global irradiance where the panels lie flat', () => {
    fc.assert(
      fc.property(anySun, number(0, 1200), number(0, 360), (sun, ghi, azimuthDeg) => {
        expect(onPanels({ tiltDeg: 0, azimuthDeg }, decomposed(ghi, sun, 100), sun)).toBeCloseTo(ghi, 6)
      }),
    )
  })

  it('at 52° N is more to the south than to the east, west and north, over a day and over a year', () => {
    const facing = (azimuthDeg: number) => ({ tiltDeg: 35, azimuthDeg })
    for (const cloud of [0.5, 1]) {
      const year = [180, 90, 270, 0].map((azimuthDeg) =>
        sumOn(facing(azimuthDeg), YEAR_S, YEAR_S + 365 * 86_400, cloud),
      )
      const [south = 0, east = 0, west = 0, north = 0] = year
      expect(south).toBeGreaterThan(1.03 * Math.max(east, west))
      expect(Math.min(east, west)).toBeGreaterThan(1.03 * north)
      expect(Math.abs(east / west - 1)).toBeLessThan(0.01)
    }
    const equinox = YEAR_S + 79 * 86_400
    const onTheDay = (azimuthDeg: number) => sumOn(facing(azimuthDeg), equinox, equinox + 86_400)
    expect(onTheDay(180)).toBeGreaterThan(2 * onTheDay(0))
  })

  it('is most before noon to the east, after it to the west, and most of the year at a tilt between flat and upright', () => {
    expect(bestHour({ tiltDeg: 40, azimuthDeg: 90 })).toBeLessThan(10)
    expect(bestHour({ tiltDeg: 40, azimuthDeg: 270 })).toBeGreaterThanOrEqual(14)
    expect([11, 12]).toContain(bestHour({ tiltDeg: 40, azimuthDeg: 180 }))
    const year = (tiltDeg: number) => sumOn({ tiltDeg, azimuthDeg: 180 }, YEAR_S, YEAR_S + 365 * 86_400)
    expect(year(40)).toBeGreaterThan(Math.max(year(0), year(90)))
  })
})

describe('light that was measured as a whole', () => {
  // erbs of pvlib 0.16.1, which takes a solar constant 0.4% larger
  it.each([
    { ghi: 100, elevationDeg: 20, day: 172, dhi: 97.98 },
    { ghi: 500, elevationDeg: 50, day: 172, dhi: 335.92 },
    { ghi: 900, elevationDeg: 60, day: 172, dhi: 148.47 },
    { ghi: 300, elevationDeg: 25, day: 20, dhi: 196.02 },
    { ghi: 1000, elevationDeg: 55, day: 100, dhi: 165 },
  ])('of $ghi W/m² at a height of $elevationDeg° is diffuse to $dhi W/m²', ({ ghi, elevationDeg, day, dhi }) => {
    expect(Math.abs(decomposed(ghi, { elevationDeg, azimuthDeg: 180 }, day).dhi - dhi)).toBeLessThan(0.01 * ghi)
  })

  it('closes, and has no part below zero', () => {
    fc.assert(
      fc.property(anySun, number(0, 1500), fc.integer({ min: 1, max: 366 }), (sun, ghi, day) => {
        const { dni, dhi } = decomposed(ghi, sun, day)
        expect(Math.min(dni, dhi)).toBeGreaterThanOrEqual(0)
        expect(dhi + dni * Math.max(0, Math.sin(sun.elevationDeg * RAD))).toBeCloseTo(ghi, 6)
      }),
    )
  })

  it('is all diffuse under a thick cloud, and its correlation has no steps', () => {
    expect(diffuseFraction(0)).toBe(1)
    for (let kt = 0; kt < 1.2; kt += 0.001) {
      expect(Math.abs(diffuseFraction(kt + 0.001) - diffuseFraction(kt)), `kt ${kt}`).toBeLessThan(0.006)
    }
  })
})
