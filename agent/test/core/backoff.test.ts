import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs } from '../../src/core/backoff.ts'

const RULES = { firstMs: 1_000, mostMs: 60_000 }

describe('backoffMs', () => {
  it.each([
    { attempt: 0, random: 0, ms: 500 },
    { attempt: 0, random: 0.5, ms: 750 },
    { attempt: 3, random: 0, ms: 4_000 },
    { attempt: 1_000, random: 0, ms: 30_000 },
  ])('attempt $attempt with $random waits $ms ms', ({ attempt, random, ms }) => {
    expect(backoffMs(attempt, random, RULES)).toBe(ms)
  })

  it('stays within half and whole of a wait that never exceeds the longest', () => {
    fc.assert(
      fc.property(fc.nat(10_000), fc.double({ min: 0, max: 0.999, noNaN: true }), (attempt, random) => {
        const ms = backoffMs(attempt, random, RULES)
        expect(ms).toBeGreaterThanOrEqual(500)
        expect(ms).toBeLessThanOrEqual(60_000)
      }),
    )
  })
})
