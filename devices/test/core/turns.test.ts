import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Turns } from '../../src/core/turns.ts'

describe('turns', () => {
  it('go round the devices, each in its own order', () => {
    const turns = new Turns<string>(9)
    for (const job of ['a1', 'a2', 'a3', 'b1', 'c1', 'c2']) turns.add(job.charCodeAt(0), job)
    const taken = Array.from({ length: 7 }, () => turns.take())
    expect(taken).toEqual(['a1', 'b1', 'c1', 'a2', 'c2', 'a3', undefined])
  })

  it('let nobody wait longer than one round', () => {
    const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.constant(0)), { maxLength: 200 })
    fc.assert(
      fc.property(steps, (unitsOrTake) => {
        const turns = new Turns<number>(1000)
        const waiting = new Map<number, number>()
        const passed = new Map<number, number>()
        for (const unit of unitsOrTake) {
          if (unit > 0) {
            turns.add(unit, unit)
            waiting.set(unit, (waiting.get(unit) ?? 0) + 1)
            continue
          }
          const served = turns.take()
          for (const [other, count] of waiting) {
            if (count > 0 && other !== served) passed.set(other, (passed.get(other) ?? 0) + 1)
            expect(passed.get(other) ?? 0).toBeLessThan(4)
          }
          if (served === undefined) continue
          waiting.set(served, (waiting.get(served) ?? 0) - 1)
          passed.set(served, 0)
        }
      }),
    )
  })

  it('refuse what is over the limit, and give up what is taken out', () => {
    const turns = new Turns<string>(2)
    expect([turns.add(1, 'a'), turns.add(1, 'b'), turns.add(1, 'c'), turns.add(2, 'd')]).toEqual([
      true,
      true,
      false,
      true,
    ])
    expect([turns.remove(1, 'a'), turns.remove(1, 'a'), turns.remove(9, 'a')]).toEqual([true, false, false])
    expect(turns.drain()).toEqual(['b', 'd'])
    expect(turns.take()).toBeUndefined()
  })
})
