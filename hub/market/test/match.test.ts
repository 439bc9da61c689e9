import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type BookOrder, isFeasible, matchPayAsBid, type Pairing } from '../src/match.ts'

const FEE: [number, number] = [10, 30]

function order(overrides: Partial<BookOrder> & Pick<BookOrder, 'id' | 'side'>): BookOrder {
  return {
    member: `member-of-${overrides.id}`,
    zone: 0,
    priceMicro: 100,
    remainingWh: 1000,
    energyTypes: overrides.side === 'bid' ? 0 : 1,
    block: 1,
    index: 0,
    ...overrides,
  }
}
const bid = (id: string, rest: Partial<BookOrder> = {}) => order({ id, side: 'bid', ...rest })
const offer = (id: string, rest: Partial<BookOrder> = {}) => order({ id, side: 'offer', ...rest })

describe('pay-as-bid by merit order', () => {
  const rows: [string, BookOrder[], [string, string, number][]][] = [
    ['nothing to match', [bid('b')], []],
    ['exactly the fee apart', [bid('b', { priceMicro: 110 }), offer('o')], [['b', 'o', 1000]]],
    ['one micro short of the fee', [bid('b', { priceMicro: 109 }), offer('o')], []],
    ['another zone pays the second class', [bid('b', { priceMicro: 129, zone: 1 }), offer('o')], []],
    [
      'cheapest offer to the dearest bid first',
      [
        bid('low', { priceMicro: 200 }),
        bid('high', { priceMicro: 300 }),
        offer('dear', { priceMicro: 90 }),
        offer('cheap', { priceMicro: 50 }),
      ],
      [
        ['high', 'cheap', 1000],
        ['low', 'dear', 1000],
      ],
    ],
    [
      'partial fills over several offers',
      [bid('b', { priceMicro: 200, remainingWh: 1500 }), offer('o1', { priceMicro: 50 }), offer('o2')],
      [
        ['b', 'o1', 1000],
        ['b', 'o2', 500],
      ],
    ],
    [
      'a skipped offer keeps its place for the next bid',
      [
        bid('own', { priceMicro: 300, member: 'm' }),
        bid('other', { priceMicro: 200 }),
        offer('best', { priceMicro: 10, member: 'm' }),
        offer('next', { priceMicro: 20 }),
      ],
      [
        ['own', 'next', 1000],
        ['other', 'best', 1000],
      ],
    ],
    [
      'the dearer fee of another zone can turn merit order round for one bid only',
      [
        bid('b1', { priceMicro: 125 }),
        bid('b0', { priceMicro: 121, zone: 1 }),
        offer('o0', { priceMicro: 100, zone: 0 }),
        offer('o1', { priceMicro: 96, zone: 1 }),
      ],
      [
        ['b1', 'o0', 1000],
        ['b0', 'o1', 1000],
      ],
    ],
    [
      'energy types must meet',
      [
        bid('b', { priceMicro: 200, energyTypes: 2 }),
        offer('sun', { priceMicro: 1, energyTypes: 1 }),
        offer('battery', { energyTypes: 2 }),
      ],
      [['b', 'battery', 1000]],
    ],
    [
      'ties by block, place in the block, id',
      [
        bid('b', { priceMicro: 200, remainingWh: 4000 }),
        offer('z', { block: 1, index: 0 }),
        offer('y', { block: 1, index: 1 }),
        offer('x', { block: 2, index: 0 }),
        offer('a', { block: 1, index: 1 }),
      ],
      [
        ['b', 'z', 1000],
        ['b', 'a', 1000],
        ['b', 'y', 1000],
        ['b', 'x', 1000],
      ],
    ],
  ]
  it.each(rows)('%s', (_, orders, expected) => {
    expect(matchPayAsBid(orders, FEE).map((p) => [p.bid, p.offer, p.energyWh])).toEqual(expected)
  })
})

const anyOrders = fc
  .array(
    fc.record({
      side: fc.constantFrom('bid' as const, 'offer' as const),
      member: fc.constantFrom('m1', 'm2', 'm3', 'm4'),
      zone: fc.integer({ min: 0, max: 2 }),
      priceMicro: fc.integer({ min: 0, max: 60 }),
      remainingWh: fc.integer({ min: 1, max: 50 }),
      energyTypes: fc.integer({ min: 0, max: 7 }),
      block: fc.integer({ min: 1, max: 3 }),
      index: fc.integer({ min: 0, max: 3 }),
    }),
    { maxLength: 24 },
  )
  .map((list) => list.map((rest, i): BookOrder => ({ ...rest, id: `id${String(i).padStart(3, '0')}` })))

/** The rule as it is said, without any care for speed. */
function bySpecification(orders: readonly BookOrder[], fee: [number, number]): Pairing[] {
  const tie = (a: BookOrder, b: BookOrder) => a.block - b.block || a.index - b.index || (a.id < b.id ? -1 : 1)
  const left = new Map(orders.map((o) => [o.id, o.remainingWh]))
  const pairings: Pairing[] = []
  const bids = orders.filter((o) => o.side === 'bid').sort((a, b) => b.priceMicro - a.priceMicro || tie(a, b))
  const offers = orders.filter((o) => o.side === 'offer').sort((a, b) => a.priceMicro - b.priceMicro || tie(a, b))
  for (const b of bids) {
    for (const o of offers) {
      const energyWh = Math.min(left.get(b.id) ?? 0, left.get(o.id) ?? 0)
      if (energyWh === 0 || !isFeasible(b, o, fee)) continue
      left.set(b.id, (left.get(b.id) ?? 0) - energyWh)
      left.set(o.id, (left.get(o.id) ?? 0) - energyWh)
      pairings.push({ bid: b.id, offer: o.id, energyWh })
    }
  }
  return pairings
}

describe('for every book', () => {
  it('the fast way and the plain reading of the rule agree', () => {
    fc.assert(
      fc.property(anyOrders, (orders) => {
        expect(matchPayAsBid(orders, FEE)).toEqual(bySpecification(orders, FEE))
      }),
      { numRuns: 500 },
    )
  })
  it('nothing is overfilled, every pair is feasible, and no feasible pair is left', () => {
    fc.assert(
      fc.property(anyOrders, (orders) => {
        const byId = new Map(orders.map((o) => [o.id, o]))
        const left = new Map(orders.map((o) => [o.id, o.remainingWh]))
        for (const { bid: b, offer: o, energyWh } of matchPayAsBid(orders, FEE)) {
          const [bidOrder, offerOrder] = [byId.get(b), byId.get(o)]
          expect(bidOrder?.side === 'bid' && offerOrder?.side === 'offer').toBe(true)
          if (bidOrder && offerOrder) expect(isFeasible(bidOrder, offerOrder, FEE)).toBe(true)
          expect(energyWh).toBeGreaterThan(0)
          left.set(b, (left.get(b) ?? 0) - energyWh)
          left.set(o, (left.get(o) ?? 0) - energyWh)
        }
        for (const wh of left.values()) expect(wh).toBeGreaterThanOrEqual(0)
        const open = orders.filter((o) => (left.get(o.id) ?? 0) > 0)
        for (const b of open.filter((o) => o.side === 'bid')) {
          for (const o of open.filter((x) => x.side === 'offer')) expect(isFeasible(b, o, FEE)).toBe(false)
        }
      }),
      { numRuns: 300 },
    )
  })
  it('how the orders are listed does not matter', () => {
    fc.assert(
      fc.property(
        anyOrders.chain((orders) =>
          fc.tuple(
            fc.constant(orders),
            fc.shuffledSubarray(orders, { minLength: orders.length, maxLength: orders.length }),
          ),
        ),
        ([orders, shuffled]) => {
          expect(matchPayAsBid(shuffled, FEE)).toEqual(matchPayAsBid(orders, FEE))
        },
      ),
    )
  })
  it('a book of 20,000 orders is matched within a second', () => {
    const orders = Array.from({ length: 20_000 }, (_, i) =>
      order({
        id: `o${i}`,
        side: i % 2 ? 'bid' : 'offer',
        priceMicro: (i * 7919) % 1000,
        block: i,
        member: `m${i % 500}`,
      }),
    )
    const start = performance.now()
    expect(matchPayAsBid(orders, FEE).length).toBeGreaterThan(1000)
    expect(performance.now() - start).toBeLessThan(1000)
  })
})
