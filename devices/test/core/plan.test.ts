import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  characterMs,
  costMs,
  cutOf,
  frameGapMs,
  type LineTiming,
  NETWORK_TIMING,
  type PlanLimits,
  planReads,
  type Span,
  serialTiming,
} from '../../src/core/plan.ts'

const line9600 = { baudRate: 9_600, parity: 'none', stopBits: 1 } as const
/** A hole of up to four registers is cheaper to read than to leave out. */
const FOUR: LineTiming = { requestMs: 4.5, registerMs: 1 }

const spanWithin = (most: number) =>
  fc.record({ at: fc.integer({ min: 0, max: most }), count: fc.integer({ min: 1, max: 8 }) })
const timing = fc.constantFrom(FOUR, NETWORK_TIMING, serialTiming(line9600, 0), serialTiming(line9600, 20))
const limits: fc.Arbitrary<PlanLimits> = fc.record({
  maxRegisters: fc.integer({ min: 8, max: 200 }),
  holes: fc.constantFrom('readable', 'rejected'),
  timing,
  cuts: fc.uniqueArray(fc.integer({ min: 0, max: 600 }), { maxLength: 5 }).map((all) => new Set(all)),
})

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
      name: 'the limit splits where it costs least, not as late as it can',
      wanted: [
        [0, 15],
        [15, 5],
        [22, 2],
      ],
      plan: [
        [0, 20],
        [22, 2],
      ],
    },
    {
      name: 'merging from the left alone would reach across two holes',
      wanted: [
        [0, 10],
        [13, 6],
        [20, 4],
      ],
      plan: [
        [0, 10],
        [13, 11],
      ],
    },
  ] as const
  for (const { name, wanted, plan } of rows) {
    it(name, () => {
      const spans = wanted.map(([at, count]) => ({ at, count }))
      const limit = { maxRegisters: 20, holes: 'readable', timing: FOUR } as const
      expect(planReads(spans, limit).map(({ at, count }) => [at, count])).toEqual(plan)
    })
  }

  it('covers every span by one request, within the limits and the cuts', () => {
    fc.assert(
      fc.property(fc.array(spanWithin(600), { maxLength: 60 }), limits, (wanted, limit) => {
        const plan = planReads(wanted, limit)
        for (const { at, count } of wanted) {
          expect(plan.some((read) => read.at <= at && at + count <= read.at + read.count)).toBe(true)
        }
        const asked = new Set(wanted.flatMap(({ at, count }) => Array.from({ length: count }, (_, i) => at + i)))
        for (const read of plan) {
          expect(read.count).toBeLessThanOrEqual(Math.min(limit.maxRegisters, 125))
          expect(asked.has(read.at) && asked.has(read.at + read.count - 1)).toBe(true)
          const inside = Array.from({ length: read.count }, (_, i) => read.at + i)
          if (limit.holes === 'rejected') expect(inside.every((at) => asked.has(at))).toBe(true)
        }
      }),
    )
  })

  /** Every way to deal the spans out to requests, over all of which the cheapest is looked for. */
  function exhaustive(wanted: readonly Span[], limit: PlanLimits): number {
    const asked = new Set(wanted.flatMap(({ at, count }) => Array.from({ length: count }, (_, i) => at + i)))
    const isAllowed = (spans: readonly Span[]): Span | undefined => {
      const at = Math.min(...spans.map((span) => span.at))
      const count = Math.max(...spans.map((span) => span.at + span.count)) - at
      if (count > Math.min(limit.maxRegisters, 125)) return undefined
      const inside = Array.from({ length: count }, (_, i) => at + i)
      return limit.holes === 'rejected' && !inside.every((one) => asked.has(one)) ? undefined : { at, count }
    }
    let least = Number.POSITIVE_INFINITY
    const deal = (index: number, groups: Span[][]): void => {
      const span = wanted[index]
      if (span === undefined) {
        const requests = groups.map(isAllowed)
        if (requests.every((one) => one !== undefined))
          least = Math.min(least, costMs(requests as Span[], limit.timing))
        return
      }
      for (const group of groups) {
        group.push(span)
        deal(index + 1, groups)
        group.pop()
      }
      deal(index + 1, [...groups, [span]])
    }
    deal(0, [])
    return least
  }

  it('costs the line as little as the best of all possible plans', () => {
    const few = fc.uniqueArray(spanWithin(60), { minLength: 1, maxLength: 7, selector: ({ at }) => at })
    fc.assert(
      fc.property(few, limits, (wanted, { cuts: _, ...limit }) => {
        expect(costMs(planReads(wanted, limit), limit.timing)).toBeCloseTo(exhaustive(wanted, limit), 6)
      }),
      { numRuns: 400 },
    )
  })

  it('begins a request where the device once refused to be read across', () => {
    const wanted = [0, 4, 8, 12].map((at) => ({ at, count: 2 }))
    const limit = { maxRegisters: 125, holes: 'readable', timing: FOUR, cuts: new Set([8]) } as const
    expect(planReads(wanted, limit)).toEqual([
      { at: 0, count: 6 },
      { at: 8, count: 6 },
    ])
  })

  it.each([
    { at: 0, count: 126 },
    { at: 0, count: 0 },
    { at: -1, count: 2 },
    { at: 65_535, count: 2 },
  ])('refuses $count registers from $at', (impossible) => {
    expect(() => planReads([impossible], { maxRegisters: 125, holes: 'readable', timing: FOUR })).toThrow(RangeError)
  })
})

describe('the arithmetic of a serial line', () => {
  it.each([
    { baudRate: 9_600, turnaroundMs: 0, hole: 10 },
    { baudRate: 19_200, turnaroundMs: 0, hole: 10 },
    { baudRate: 115_200, turnaroundMs: 0, hole: 26 },
    { baudRate: 9_600, turnaroundMs: 20, hole: 19 },
    { baudRate: 19_200, turnaroundMs: 20, hole: 29 },
    { baudRate: 115_200, turnaroundMs: 20, hole: 141 },
  ])('at $baudRate baud with $turnaroundMs ms turnaround a hole of $hole registers pays, one more does not', (row) => {
    const line = serialTiming({ ...line9600, baudRate: row.baudRate }, row.turnaroundMs)
    // a hole pays while its registers take no longer than another request
    expect(Math.floor(line.requestMs / line.registerMs)).toBe(row.hole)
  })

  it.each([
    [9_600, 444],
    [19_200, 889],
    [115_200, 4_747],
  ])('%i baud carry at most %i registers a second', (baudRate, perSecond) => {
    const line = serialTiming({ ...line9600, baudRate }, 0)
    expect(Math.round((125 * 1000) / costMs([{ at: 0, count: 125 }], line))).toBe(perSecond)
  })

  it('counts parity and stop bits, and the gap that stays as it is above 19,200 baud', () => {
    expect(characterMs(1_000, 'none', 1)).toBe(10)
    expect(characterMs(1_000, 'even', 1)).toBe(11)
    expect(characterMs(1_000, 'none', 2)).toBe(11)
    expect(frameGapMs(9_600, 1)).toBe(3.5)
    expect(frameGapMs(38_400, 1)).toBe(1.75)
  })
})

describe('cutOf', () => {
  const wanted = [
    { at: 0, count: 2 },
    { at: 4, count: 2 },
    { at: 12, count: 2 },
    { at: 14, count: 4 },
  ]
  it.each([
    { request: { at: 0, count: 18 }, cut: 12 },
    { request: { at: 0, count: 6 }, cut: 4 },
    { request: { at: 12, count: 6 }, cut: 14 },
    { request: { at: 14, count: 4 }, cut: undefined },
  ])('of $request.count registers from $request.at is $cut', ({ request, cut }) => {
    expect(cutOf(request, wanted)).toBe(cut)
  })

  it('cuts any request down to its spans, whatever is refused', () => {
    fc.assert(
      fc.property(fc.array(spanWithin(100), { minLength: 1, maxLength: 12 }), (spans) => {
        const cuts = new Set<number>()
        const limit = { maxRegisters: 125, holes: 'readable', timing: FOUR, cuts } as const
        for (let round = 0; round <= spans.length; round++) {
          const [cut] = planReads(spans, limit).flatMap((request) => cutOf(request, spans) ?? [])
          if (cut === undefined) return
          expect(cuts.has(cut)).toBe(false)
          cuts.add(cut)
        }
        throw new Error('it ends once each span is alone')
      }),
    )
  })
})
