import { DEFAULT_RULES } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { marketCursor, marketOfCursor, numberCursor, numberOfCursor, pageOf } from '../../src/gateway/cursor.ts'
import { phaseOf, presentMarket, presentMeasurement, presentOrder, presentTrade } from '../../src/gateway/present.ts'
import { presentStreet } from '../../src/gateway/present-street.ts'
import { marketsQuery, ordersQuery } from '../../src/gateway/schemas/queries.ts'
import {
  amount,
  BIG,
  L,
  marketView,
  measurementView,
  orderView,
  SLOT,
  settlementView,
  siteView,
  streetView,
  totalsView,
  tradeView,
} from './fixture.ts'

const RULES = { ...DEFAULT_RULES, community: 1 }
const STREET = { title: 'Street', currency: '€' }

describe('orders', () => {
  it.each([
    ['open', 0, 500],
    ['partly-filled', 200, 300],
    ['filled', 500, 0],
    ['cancelled', 200, 0],
    ['expired', 0, 0],
  ] as const)('%s: what remains', (state, tradedWh, remainingWh) => {
    expect(presentOrder(orderView(1, { state, tradedWh }))).toMatchObject({ state, tradedWh, remainingWh })
  })

  it('says nothing of a site or block that a rejected order has not', () => {
    const { site: _, block: __, ...view } = orderView(1, { state: 'rejected', reason: 'collateral' })
    expect(presentOrder(view)).toMatchObject({ site: null, block: null, reason: 'collateral', remainingWh: 0 })
    expect(presentOrder(view)).not.toHaveProperty('position')
  })
})

describe('money', () => {
  it('keeps every nano as decimal text', () => {
    const execution = { allocatedWh: 1, paidNano: BIG, receivedNano: BIG - 1n, feeNano: 1n, block: 9 }
    expect(presentTrade(tradeView(1, { execution })).execution).toEqual({
      ...execution,
      paidNano: '12345678901234567890',
      receivedNano: '12345678901234567889',
      feeNano: '1',
    })
    expect(presentTrade(tradeView(1)).execution).toBeNull()
  })
})

describe('measurements', () => {
  it('shows what is missing as null, never as zero', () => {
    const missing = presentMeasurement(measurementView(1, { quality: 'missing', importWh: 0, exportWh: 0 }))
    expect(missing).toMatchObject({ quality: 'missing', importWh: null, exportWh: null, errorWh: null })
    expect(presentMeasurement(measurementView(1, { importWh: 0 }))).toMatchObject({ importWh: 0, exportWh: 480 })
  })
})

describe('phases of a market', () => {
  it.each([
    ['upcoming', -86_401],
    ['open', -86_400],
    ['open', -300],
    ['matching', -299],
    ['matching', -60],
    ['closed', -59],
    ['closed', -1],
    ['delivery', 0],
    ['delivery', L - 1],
    ['settling', L],
  ] as const)('%s at slot start %+d s', (phase, offset) => {
    expect(phaseOf(marketView(), RULES, SLOT + offset)).toBe(phase)
  })

  it('is executed when every trade is', () => {
    expect(phaseOf(marketView({ executed: amount(3, 1_200) }), RULES, SLOT + L)).toBe('executed')
  })

  it.each([
    ['upcoming', L + 599],
    ['open', L + 600],
    ['matching', L + 3_001],
    ['settling', L + 3_201],
  ] as const)('after delivery: %s at slot start %+d s', (phase, offset) => {
    const rules = { ...RULES, postOpensS: 600, postGateClosureS: 3_000, postMatchDeadlineS: 3_200 }
    expect(phaseOf(marketView({ kind: 'post' }), rules, SLOT + offset)).toBe(phase)
  })

  it('is unknown without rules, without a block, and where there is no such market', () => {
    expect(phaseOf(marketView(), undefined, SLOT)).toBeNull()
    expect(phaseOf(marketView(), RULES, undefined)).toBeNull()
    expect(phaseOf(marketView({ kind: 'post' }), RULES, SLOT)).toBeNull()
    expect(presentMarket(marketView(), { communities: [{ ...RULES, community: 2 }] })).toMatchObject({
      phase: null,
      slotEnd: null,
      gateClosesAt: null,
    })
  })
})

describe('the street', () => {
  const at = { clockS: SLOT + L + 5, unchangedForS: 0 }

  it('knows its slot from the rules, and none without them', () => {
    expect(presentStreet(streetView(), STREET, at).slot).toEqual({ startsAt: SLOT + L, endsAt: SLOT + 2 * L })
    expect(presentStreet(streetView({ chain: { communities: [] } }), STREET, at)).toMatchObject({
      slot: null,
      head: null,
    })
  })

  it.each([
    [{ importW: 0, exportW: 900, meter: 'good', clockMs: 1_999 }, [0, 900, 900, 'good', 1]],
    [{ importW: 300, exportW: 0, meter: 'good', clockMs: 2_000 }, [300, 0, 0, 'good', 2]],
    [{ importW: 300, exportW: 0, meter: 'missing', clockMs: 2_000 }, [null, null, null, 'missing', 2]],
    [undefined, [null, null, null, 'unknown', null]],
  ] as const)('power by status %o', (status, expected) => {
    const { status: _, ...silent } = siteView(1)
    const sites = [status === undefined ? silent : { ...silent, status }]
    const house = presentStreet(streetView({ sites }), STREET, at).houses[0]
    expect([house?.importW, house?.exportW, house?.surplusW, house?.meter, house?.powerAt]).toEqual(expected)
  })

  it('names the houses of settlements where it can', () => {
    const settlements = [settlementView(), settlementView({ site: 'ff'.repeat(16) })]
    const shown = presentStreet(streetView({ settlements, totals: totalsView({ moneyInNano: BIG }) }), STREET, at)
    expect(shown.settlements.map((each) => each.name)).toEqual(['House 1', null])
    expect(shown.totals.moneyInNano).toBe(String(BIG))
  })
})

describe('cursors', () => {
  it('come back as they went, and the query accepts what is written', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 999_999_999_999_999 }),
        fc.nat({ max: 0xffff_ffff }),
        fc.constantFrom('spot' as const, 'post' as const),
        (number, community, kind) => {
          const numbered = numberCursor('orders', number)
          expect(ordersQuery.parse({ cursor: numbered }).cursor).toBe(numbered)
          expect(numberOfCursor(numbered)).toBe(number)
          const market = { slotStart: number, community, kind }
          const cursor = marketCursor(market)
          expect(marketsQuery.parse({ cursor }).cursor).toBe(cursor)
          expect(marketOfCursor(cursor)).toEqual(market)
        },
      ),
    )
  })

  it.each([
    [[1, 2, 3], 2, { items: [1, 2], next: '2' }],
    [[1, 2], 2, { items: [1, 2], next: null }],
    [[], 2, { items: [], next: null }],
  ])('a page of %o with limit %d', (read, limit, page) => {
    expect(pageOf<number>(read, limit, String)).toEqual(page)
  })
})
