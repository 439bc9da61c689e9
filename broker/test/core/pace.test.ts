import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pace } from '../../src/core/pace.ts'

describe('pace', () => {
  it('lets a burst pass at once and then keeps the rate', () => {
    const steady = pace(10, 3)
    expect([1, 2, 3, 4, 5].map(() => steady.take(0))).toEqual([0, 0, 0, 100, 200])
    expect(steady.take(1_000)).toBe(0)
  })

  it('regains its burst after a rest, and no more than that', () => {
    const steady = pace(10, 3)
    for (let i = 0; i < 3; i++) steady.take(0)
    expect([1, 2, 3, 4].map(() => steady.take(60_000))).toEqual([0, 0, 0, 100])
  })

  it('never lets more than burst + rate × time pass in any window', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 20 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 }),
        (perSecond, burst, gaps) => {
          const steady = pace(perSecond, burst)
          let now = 0
          const released = gaps.map((gap) => {
            now += gap
            return now + steady.take(now)
          })
          for (const [i, from] of released.entries()) {
            for (const [j, to] of released.entries()) {
              const inWindow = j - i + 1
              // half a message for the rounding of 1000 / perSecond
              if (j >= i) expect(inWindow).toBeLessThanOrEqual(burst + ((to - from) * perSecond) / 1000 + 0.5)
            }
          }
        },
      ),
    )
  })
})
