import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRoll } from '../../src/intake/roll.ts'

describe('the roll', () => {
  it('counts who is there and who has gone, and does not mind a stale death', () => {
    const roll = createRoll()
    roll.hear('a', { epoch: 1, session: 2, isGone: false })
    roll.hear('b', { epoch: 1, session: 7, isGone: false })
    roll.hear('a', { epoch: 1, session: 1, isGone: true })
    expect(roll.counts()).toEqual({ present: 2, away: 0 })
    roll.hear('b', { epoch: 1, session: 7, isGone: true })
    roll.hear('b', { epoch: 1, session: 7, isGone: true })
    expect(roll.counts()).toEqual({ present: 1, away: 1 })
    roll.hear('b', { epoch: 1, session: 8, isGone: false })
    expect(roll.counts()).toEqual({ present: 2, away: 0 })
  })

  it('adds up to the gateways heard of, in any history', () => {
    const anyHeard = fc.record({
      wire: fc.constantFrom('a', 'b', 'c'),
      heard: fc.record({ epoch: fc.nat(2), session: fc.nat(4), isGone: fc.boolean() }),
    })
    fc.assert(
      fc.property(fc.array(anyHeard), (all) => {
        const roll = createRoll()
        for (const { wire, heard } of all) roll.hear(wire, heard)
        const { present, away } = roll.counts()
        expect(present + away).toBe(new Set(all.map(({ wire }) => wire)).size)
        expect(Math.min(present, away)).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})
