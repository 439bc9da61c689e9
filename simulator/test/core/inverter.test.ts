import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acW, dcLimitW, dcW, inverterOf } from '../../src/core/inverter.ts'

const number = (min: number, max: number) => fc.double({ min, max, noNaN: true })
const anyInverter = fc
  .tuple(number(100, 30_000), number(0.5, 0.99), fc.boolean())
  .map(([limitW, efficiency, flat]) => ({ limitW, efficiency, curve: flat ? 'flat' : 'part-load' }) as const)

describe('an inverter', () => {
  // pvwatts of pvlib 0.16.1 for a DC limit of 8000 / 0.96 W and an efficiency of 0.96
  it.each([
    { dc: 0, ac: 0 },
    { dc: 40, ac: 0 },
    { dc: 50, ac: 0.118 },
    { dc: 100, ac: 49.204 },
    { dc: 500, ac: 441.546 },
    { dc: 1000, ac: 931.101 },
    { dc: 4000, ac: 3848.098 },
    { dc: 8000 / 0.96, ac: 8000 },
  ])('makes $ac W of $dc W', ({ dc, ac }) => {
    expect(acW(inverterOf({ limitW: 8_000 }, 0), dc)).toBeCloseTo(ac, 2)
  })

  it('has the nominal efficiency at every power where nothing is known of it', () => {
    const inverter = inverterOf(undefined, 11_000)
    expect(inverter.limitW).toBeCloseTo(10_000, 9)
    for (const dc of [1, 500, 9_000]) expect(acW(inverter, dc)).toBeCloseTo(0.96 * dc, 9)
  })

  it('gives no more than it takes, and more for more', () => {
    fc.assert(
      fc.property(anyInverter, number(0, 1), number(0, 1), (inverter, a, b) => {
        const [less, more] = [Math.min(a, b), Math.max(a, b)].map((share) => share * dcLimitW(inverter))
        const [lessAc, moreAc] = [acW(inverter, less ?? 0), acW(inverter, more ?? 0)]
        expect(moreAc).toBeLessThanOrEqual((more ?? 0) + 1e-9)
        expect(moreAc).toBeGreaterThanOrEqual(lessAc)
        expect(moreAc).toBeLessThanOrEqual(inverter.limitW + 1e-6)
      }),
    )
  })

  it('takes what it needs to give what is wanted, as far as its limit', () => {
    fc.assert(
      fc.property(anyInverter, number(0, 60_000), (inverter, wanted) => {
        const dc = dcW(inverter, wanted)
        expect(dc).toBeLessThanOrEqual(dcLimitW(inverter) + 1e-6)
        expect(acW(inverter, dc)).toBeCloseTo(wanted > 0 ? Math.min(wanted, inverter.limitW) : 0, 6)
      }),
    )
  })
})
