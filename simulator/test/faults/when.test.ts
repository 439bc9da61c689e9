import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { faultSpec } from '../../src/faults/spec.ts'
import { delayOf, isHit, isInTime, nextChangeMs } from '../../src/faults/when.ts'

const occasion = (asked: number, seed = 1, id = 'f1') => ({ ...{ seed, id, sinceMs: 0, nowMs: 0, asked } })
const silence = (more: object) => faultSpec.parse({ kind: 'silence', device: 'meter', ...more })

describe('when a fault holds', () => {
  it.each([
    { window: {}, holds: [0, 1, 1e9], not: [] },
    { window: { afterMs: 100 }, holds: [100, 5_000], not: [0, 99] },
    { window: { forMs: 100 }, holds: [0, 99], not: [100, 5_000] },
    { window: { afterMs: 50, forMs: 100 }, holds: [50, 149], not: [0, 49, 150] },
    {
      window: { afterMs: 50, forMs: 10, repeatMs: 100 },
      holds: [50, 59, 150, 159, 1_055],
      not: [0, 49, 60, 149, 1_060],
    },
  ])('$window', ({ window, holds, not }) => {
    expect(holds.map((ms) => isInTime(window, 1_000, 1_000 + ms))).toEqual(holds.map(() => true))
    expect(not.map((ms) => isInTime(window, 1_000, 1_000 + ms))).toEqual(not.map(() => false))
  })

  it('knows when that changes next, neither sooner nor later', () => {
    const ms = fc.integer({ min: 0, max: 50 })
    const length = fc.integer({ min: 1, max: 50 })
    fc.assert(
      fc.property(
        ms,
        fc.option(length, { nil: undefined }),
        fc.option(length, { nil: undefined }),
        ms,
        (after, forMs, more, now) => {
          const repeatMs = forMs === undefined || more === undefined ? undefined : forMs + more
          const window = { afterMs: after, forMs, repeatMs }
          const at = nextChangeMs(window, 10, 10 + now)
          const is = isInTime(window, 10, 10 + now)
          for (let t = 10 + now; t < Math.min(at, 10 + now + 300); t++) expect(isInTime(window, 10, t)).toBe(is)
          if (Number.isFinite(at)) expect(isInTime(window, 10, at)).toBe(!is)
        },
      ),
    )
  })

  it('hits each so many-th request', () => {
    const hit = [1, 2, 3, 4, 5, 6].map((asked) => isHit(silence({ every: 3 }), occasion(asked)))
    expect(hit).toEqual([false, false, true, false, false, true])
  })

  it('hits about as many as its probability says, the same from the same seed, others from another or another id', () => {
    const spec = silence({ probability: 0.25 })
    const hits = (seed: number, id: string) =>
      Array.from({ length: 4_000 }, (_, i) => isHit(spec, occasion(i + 1, seed, id)))
    const first = hits(1, 'f1')
    expect(Math.abs(first.filter(Boolean).length - 1_000)).toBeLessThan(100)
    expect(hits(1, 'f1')).toEqual(first)
    expect(hits(2, 'f1')).not.toEqual(first)
    expect(hits(1, 'f2')).not.toEqual(first)
  })

  it('draws a delay within its range, for each request its own', () => {
    const delays = Array.from({ length: 100 }, (_, i) => delayOf([50, 60], occasion(i)))
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(50)
    expect(Math.max(...delays)).toBeLessThanOrEqual(60)
    expect(new Set(delays).size).toBeGreaterThan(90)
    expect(delayOf(7, occasion(1))).toBe(7)
  })
})
