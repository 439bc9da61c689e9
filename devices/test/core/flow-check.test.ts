import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkFlow, type FlowCheck, type FlowSample, suspicions } from '../../src/core/flow-check.ts'

const all = (samples: readonly FlowSample[]) =>
  suspicions(samples.reduce<FlowCheck | undefined>((check, sample) => checkFlow(check, sample), undefined) as FlowCheck)

/** A house with three phases, an inverter on all of them, and loads that do not look at the sun. */
const day = fc.array(
  fc.record({
    generationW: fc.integer({ min: 0, max: 9_000 }),
    loads: fc.array(fc.integer({ min: 100, max: 1_200 }), { minLength: 3, maxLength: 3 }),
  }),
  { minLength: 120, maxLength: 150, size: 'max' },
)

const samplesOf = (moments: typeof day extends fc.Arbitrary<infer T> ? T : never, signs: readonly number[]) =>
  moments.map(({ generationW, loads }) => ({
    generationW,
    gridW: loads.map((load, phase) => (signs[phase] ?? 1) * (load - generationW / 3)),
  }))

describe('a current transformer', () => {
  it.each([
    [[1, 1, 1], []],
    [[1, -1, 1], [1]],
    [
      [-1, -1, -1],
      [0, 1, 2],
    ],
  ])('with signs %j is suspected on phases %j', (signs, phases) => {
    fc.assert(
      fc.property(day, (moments) => {
        const found = all(samplesOf(moments, signs))
        expect(found.map(({ phase }) => phase)).toEqual(phases)
        for (const { correlation } of found) expect(correlation).toBeGreaterThanOrEqual(0.6)
      }),
      { numRuns: 50 },
    )
  })

  it('is no longer suspected some days after it was turned round', () => {
    // up and down, as clouds do it
    const moment = (i: number, sign: number) => ({
      generationW: 1_000 + 997 * (i % 5),
      gridW: [sign * (500 - 997 * (i % 5))],
    })
    const reversed = Array.from({ length: 5_000 }, (_, i) => moment(i, -1))
    const right = Array.from({ length: 1_000 }, (_, i) => moment(i, 1))
    expect(all(reversed).map(({ phase }) => phase)).toEqual([0])
    expect(all([...reversed, ...right])).toEqual([])
  })

  it('is not suspected where there is nothing to tell by', () => {
    const night = Array.from({ length: 200 }, (_, i) => ({ generationW: i % 50, gridW: [i % 7, 3] }))
    expect(all(night)).toEqual([])
    const short = Array.from({ length: 20 }, (_, i) => ({ generationW: i * 1_000, gridW: [i * 1_000] }))
    expect(all(short)).toEqual([])
  })
})
