import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isOver, renewalAtMs } from '../../src/core/renewal.ts'

const DAY_MS = 86_400_000
const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })

describe('the moment of a renewal', () => {
  it.each([
    { random: 0, day: 60 },
    { random: 0.5, day: 63.75 },
    { random: 0.999_999_999, day: 67.5 },
  ])('of 90 days is at two thirds and up to a twelfth later ($random: day $day)', ({ random, day }) => {
    const atMs = renewalAtMs({ notBeforeMs: 0, notAfterMs: 90 * DAY_MS }, random)
    expect(Math.abs(atMs - day * DAY_MS)).toBeLessThan(10)
  })

  it('lies between 2/3 and 3/4 of any life, and later for a larger draw', () => {
    const life = fc.tuple(fc.integer({ min: 0, max: 4e12 }), fc.integer({ min: 3_600_000, max: 1e12 }))
    fc.assert(
      fc.property(life, random, random, ([notBeforeMs, lifeMs], one, other) => {
        const validity = { notBeforeMs, notAfterMs: notBeforeMs + lifeMs }
        const share = (renewalAtMs(validity, one) - notBeforeMs) / lifeMs
        expect(share).toBeGreaterThanOrEqual(2 / 3 - 1e-6)
        expect(share).toBeLessThanOrEqual(3 / 4)
        const [less, more] = [Math.min(one, other), Math.max(one, other)]
        expect(renewalAtMs(validity, less)).toBeLessThanOrEqual(renewalAtMs(validity, more))
        expect(isOver(validity, renewalAtMs(validity, one))).toBe(false)
      }),
    )
  })

  it.each([
    [999, false],
    [1_000, true],
    [1_001, true],
  ])('is over at its end (%i: %s)', (nowMs, over) => {
    expect(isOver({ notBeforeMs: 0, notAfterMs: 1_000 }, nowMs)).toBe(over)
  })
})
