import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { planReads } from '../../src/core/plan.ts'

const span = fc.record({ at: fc.integer({ min: 0, max: 600 }), count: fc.integer({ min: 1, max: 8 }) })
const limits = fc.record({ maxRegisters: fc.integer({ min: 8, max: 200 }), maxHole: fc.integer({ min: 0, max: 30 }) })

describe('planReads', () => {
  const rows = [
    { name: 'nothing', wanted: [], plan: [] },
    {
      name: 'adjoining spans merge',
      wanted: [
        [10, 2],
        [12, 2],
      ],
      plan: [[10, 4]],
    },
    {
      name: 'any order',
      wanted: [
        [12, 2],
        [10, 2],
      ],
      plan: [[10, 4]],
    },
    {
      name: 'a small hole is read across',
      wanted: [
        [0, 2],
        [6, 2],
      ],
      plan: [[0, 8]],
    },
    {
      name: 'a large hole is not',
      wanted: [
        [0, 2],
        [7, 2],
      ],
      plan: [
        [0, 2],
        [7, 2],
      ],
    },
    {
      name: 'one inside another',
      wanted: [
        [0, 10],
        [3, 2],
      ],
      plan: [[0, 10]],
    },
    {
      name: 'the limit splits',
      wanted: [
        [0, 15],
        [15, 5],
        [20, 2],
      ],
      plan: [
        [0, 20],
        [20, 2],
      ],
    },
  ] as const
  for (const { name, wanted, plan } of rows) {
    it(name, () => {
      const spans = wanted.map(([at, count]) => ({ at, count }))
      expect(planReads(spans, { maxRegisters: 20, maxHole: 4 }).map(({ at, count }) => [at, count])).toEqual(plan)
    })
  }

  it('covers every span by one request, within the limits', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 60 }), limits, (wanted, limit) => {
        const plan = planReads(wanted, limit)
        for (const { at, count } of wanted) {
          expect(plan.some((read) => read.at <= at && at + count <= read.at + read.count)).toBe(true)
        }
        for (const read of plan) expect(read.count).toBeLessThanOrEqual(Math.min(limit.maxRegisters, 125))
      }),
    )
  })

  it('never reads across a longer hole, and begins and ends each request with something wanted', () => {
    fc.assert(
      fc.property(fc.array(span, { maxLength: 60 }), limits, (wanted, limit) => {
        const asked = new Set(wanted.flatMap(({ at, count }) => Array.from({ length: count }, (_, i) => at + i)))
        for (const read of planReads(wanted, limit)) {
          expect(asked.has(read.at) && asked.has(read.at + read.count - 1)).toBe(true)
          let hole = 0
          for (let at = read.at; at < read.at + read.count; at++) {
            hole = asked.has(at) ? 0 : hole + 1
            expect(hole).toBeLessThanOrEqual(limit.maxHole)
          }
        }
      }),
    )
  })

  it('never needs more requests than there are spans', () => {
    fc.assert(fc.property(fc.array(span), limits, (wanted, limit) => planReads(wanted, limit).length <= wanted.length))
  })

  it.each([
    { at: 0, count: 126 },
    { at: 0, count: 0 },
    { at: -1, count: 2 },
    { at: 65_535, count: 2 },
  ])('refuses $count registers from $at', (impossible) => {
    expect(() => planReads([impossible], { maxRegisters: 125, maxHole: 0 })).toThrow(RangeError)
  })
})
