import { describe, expect, it } from 'vitest'
import { peakWOf, planesOf, planeW, SYSTEM_LOSSES } from '../../src/core/panels.ts'

const SUN = { elevationDeg: 90, azimuthDeg: 180 }
const LIGHT = { ghi: 1000, dni: 900, dhi: 100 }
const FLAT = { peakW: 5_000, tiltDeg: 0, azimuthDeg: 180 }

describe('panels', () => {
  it('give their peak power, less what the system loses, under standard conditions', () => {
    expect(planeW(FLAT, LIGHT, SUN, 25)).toBeCloseTo(5_000 * (1 - SYSTEM_LOSSES), 9)
  })

  it('give less with warm cells and more with cold ones, where their coefficient is known', () => {
    const known = { ...FLAT, temperatureCoefficient: -0.004 }
    // 1000 W/m² warm the cells by 31.25 K
    expect(planeW(known, LIGHT, SUN, 25) / planeW(FLAT, LIGHT, SUN, 25)).toBeCloseTo(1 - 0.004 * 31.25, 9)
    expect(planeW(known, LIGHT, SUN, -20) / planeW(FLAT, LIGHT, SUN, -20)).toBeCloseTo(1 + 0.004 * (45 - 31.25), 9)
  })

  it('give nothing while the sun is down, whatever interpolation leaves of the light', () => {
    for (const tiltDeg of [0, 45, 90])
      expect(planeW({ ...FLAT, tiltDeg }, LIGHT, { ...SUN, elevationDeg: -0.1 }, 0)).toBe(0)
  })

  it('are none, one plane or several', () => {
    expect(planesOf(undefined)).toEqual([])
    expect(planesOf(FLAT)).toEqual([FLAT])
    expect(peakWOf([FLAT, { ...FLAT, peakW: 1_000 }])).toBe(6_000)
  })
})
