import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { loadNoise, profileLoadW } from '../../src/core/load.ts'
import { seedOf } from '../../src/core/random.ts'
import { loadWorld } from '../../src/data.ts'

const { profile } = loadWorld(1, 0)
const QUARTER_MS = 900_000
/** 2026-01-01 00:00 UTC */
const YEAR_MS = 1_767_225_600_000

describe('the household profile', () => {
  it('adds up to the yearly consumption', () => {
    let kwh = 0
    for (let i = 0; i < 365 * 96; i++) kwh += profileLoadW(profile, YEAR_MS + i * QUARTER_MS, 0) / 4000
    expect(kwh).toBeGreaterThan(0.99)
    expect(kwh).toBeLessThan(1.01)
  })

  it.each([
    // 20.126 kWh in the first quarter of a January workday, day 2: 20.126 × 4 × F(2) W for 1000 kWh
    { what: 'a January workday', atMs: YEAR_MS + 86_400_000, watts: 20.126 * 4 * 1.243_921_757 },
    { what: 'the Saturday after', atMs: YEAR_MS + 2 * 86_400_000, watts: 22.152 * 4 * 1.245_676_809 },
    { what: 'the Sunday after', atMs: YEAR_MS + 3 * 86_400_000, watts: 23.148 * 4 * 1.247_297_18 },
  ])('reads $what from its column', ({ atMs, watts }) => {
    expect(1000 * profileLoadW(profile, atMs, 0)).toBeCloseTo(watts, 3)
  })

  it('follows local time', () => {
    const local = profileLoadW(profile, YEAR_MS + 10 * QUARTER_MS, 0)
    expect(profileLoadW(profile, YEAR_MS + 30 * QUARTER_MS, -20 * 900)).toBe(local)
  })
})

describe('the noise of a household', () => {
  const anyMinute = fc.integer({ min: 0, max: 40_000_000 })

  it('is above zero, and the same whenever it is asked within a minute', () => {
    fc.assert(
      fc.property(fc.nat(), fc.string(), anyMinute, fc.nat(59_999), (seed, name, minute, offsetMs) => {
        const noise = loadNoise(seed, seedOf(name), minute * 60_000)
        expect(noise).toBeGreaterThan(0.1)
        expect(noise).toBeLessThan(8)
        expect(loadNoise(seed, seedOf(name), minute * 60_000 + offsetMs)).toBe(noise)
      }),
    )
  })

  it('has mean 1 over a month, and differs by seed, house and minute', () => {
    const minutes = 30 * 1440
    let total = 0
    for (let i = 0; i < minutes; i++) total += loadNoise(7, seedOf('house-1'), i * 60_000)
    expect(Math.abs(total / minutes - 1)).toBeLessThan(0.02)
    const drawn = [
      loadNoise(7, seedOf('house-1'), 0),
      loadNoise(8, seedOf('house-1'), 0),
      loadNoise(7, seedOf('house-2'), 0),
      loadNoise(7, seedOf('house-1'), 60_000),
    ]
    expect(new Set(drawn).size).toBe(4)
  })
})
