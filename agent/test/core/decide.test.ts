import { slotTimes } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decide, MOST_ORDERS_PER_SIDE, MOST_REJECTIONS_PER_SIDE, tradableSlots } from '../../src/core/decide.ts'
import { type OrderRecord, positionOf, remainingOf } from '../../src/core/position.ts'
import { RULES, STRATEGY } from '../support/fixtures.ts'

const MARKET = { rules: RULES, capImportWh: 4_000, capExportWh: 4_000 }
const ONE_SLOT = { ...STRATEGY, horizonSlots: 1 }
const NOW = 9_000
const SLOT = 9_900

function order(overrides: Partial<OrderRecord> = {}): OrderRecord {
  return {
    sequence: 1,
    side: 'offer',
    slotStart: SLOT,
    energyWh: 500,
    tradedWh: 0,
    state: 'live',
    withdrawing: false,
    ...overrides,
  }
}

const sell = (exportWh: number) => ({ importWh: 0, exportWh })
const place = { type: 'place', side: 'offer', slotStart: SLOT, priceMicro: 120_000, energyTypes: 1 }

describe('tradableSlots', () => {
  it.each([
    { now: 9_000, count: 2, slots: [9_900, 10_800] },
    { now: 9_900 - RULES.relayMarginS - 1, count: 2, slots: [9_900, 10_800] },
    { now: 9_900 - RULES.relayMarginS, count: 2, slots: [10_800, 11_700] },
  ])('at $now s the next $count are $slots', ({ now, count, slots }) => {
    expect(tradableSlots(now, RULES, count)).toEqual(slots)
  })

  it('are never before spot opens nor after the relay margin', () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.integer({ min: 1, max: 96 }), (now, count) => {
        for (const slot of tradableSlots(now, { ...RULES, spotOpensS: 7_200 }, count)) {
          const times = slotTimes(slot, { ...RULES, spotOpensS: 7_200 })
          expect(now >= times.opensAt && now < times.intakeClosesAt).toBe(true)
        }
      }),
    )
  })
})

describe('decide', () => {
  it.each([
    { name: 'a surplus is offered', forecast: sell(500), orders: [], actions: [{ ...place, energyWh: 500 }] },
    { name: 'dust is not', forecast: sell(19), orders: [], actions: [] },
    { name: 'the night offers nothing', forecast: sell(0), orders: [], actions: [] },
    {
      name: 'a load is bid for, and accepts any energy',
      forecast: { importWh: 300, exportWh: 0 },
      orders: [],
      actions: [{ type: 'place', side: 'bid', slotStart: SLOT, energyWh: 300, priceMicro: 280_000, energyTypes: 0 }],
    },
    { name: 'no more than the cap', forecast: sell(9_999), orders: [], actions: [{ ...place, energyWh: 4_000 }] },
    { name: 'what is offered is not offered again', forecast: sell(500), orders: [order()], actions: [] },
    {
      name: 'what was traded is not offered again',
      forecast: sell(500),
      orders: [order({ tradedWh: 500, state: 'filled' })],
      actions: [],
    },
    {
      name: 'the rest of an expired order is free again',
      forecast: sell(500),
      orders: [order({ tradedWh: 200, state: 'expired' })],
      actions: [{ ...place, energyWh: 300 }],
    },
    {
      name: 'an order that is being withdrawn still counts',
      forecast: sell(500),
      orders: [order({ withdrawing: true })],
      actions: [],
    },
    {
      name: 'a growing surplus adds an order for the difference',
      forecast: sell(800),
      orders: [order({ tradedWh: 100 })],
      actions: [{ ...place, energyWh: 300 }],
    },
    {
      name: 'a small overhang is left',
      forecast: sell(450),
      orders: [order()],
      actions: [],
    },
    {
      name: 'a large one is withdrawn, the newest order first',
      forecast: sell(300),
      orders: [order(), order({ sequence: 2, energyWh: 200 })],
      actions: [
        { type: 'cancel', target: 2 },
        { type: 'cancel', target: 1 },
      ],
    },
    {
      name: 'what is being withdrawn is not withdrawn twice',
      forecast: sell(0),
      orders: [order({ withdrawing: true }), order({ sequence: 2, energyWh: 300 })],
      actions: [{ type: 'cancel', target: 2 }],
    },
    {
      name: 'what was traded cannot be withdrawn',
      forecast: sell(0),
      orders: [order({ tradedWh: 500, state: 'filled' })],
      actions: [],
    },
    {
      name: 'after some refusals the slot is left alone',
      forecast: sell(500),
      orders: Array.from({ length: MOST_REJECTIONS_PER_SIDE }, (_, sequence) => order({ sequence, state: 'rejected' })),
      actions: [],
    },
    {
      name: 'a wavering forecast does not flood the book',
      forecast: sell(5_000),
      orders: Array.from({ length: MOST_ORDERS_PER_SIDE }, (_, sequence) => order({ sequence, energyWh: 30 })),
      actions: [],
    },
    {
      name: 'orders of the other side and of other slots do not count',
      forecast: sell(500),
      orders: [order({ side: 'bid', energyWh: 10 }), order({ slotStart: 10_800 })],
      actions: [{ ...place, energyWh: 500 }],
    },
  ])('$name', ({ forecast, orders, actions }) => {
    expect(decide(NOW, forecast, orders, MARKET, ONE_SLOT, true)).toEqual(actions)
  })

  it('says that an export is something else where the inverter does not confirm the sun', () => {
    expect(decide(NOW, sell(500), [], MARKET, ONE_SLOT, false)).toMatchObject([{ side: 'offer', energyTypes: 4 }])
  })
})

/*
 * A house against a market that does what it likes: orders arrive or are lost, trade in parts, end in any way, the house
 * hears of it late, twice or not at all. What the market holds and what the house believes are kept apart.
 */
interface MarketOrder extends OrderRecord {
  readonly tradedWh: number
}

const events = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.record({ type: fc.constant('decide' as const), exportWh: fc.nat(3_000) }) },
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('trade' as const),
        pick: fc.nat(),
        wh: fc.integer({ min: 1, max: 900 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('end' as const),
        pick: fc.nat(),
        state: fc.constantFrom('cancelled' as const, 'expired' as const, 'rejected' as const),
      }),
    },
    { weight: 3, arbitrary: fc.record({ type: fc.constant('hear' as const), pick: fc.nat() }) },
  ),
  { maxLength: 80 },
)

describe('nothing is sold twice', () => {
  it('whatever the market does and however late the house hears of it', () => {
    fc.assert(
      fc.property(events, (story) => {
        const truth: MarketOrder[] = []
        const believed = new Map<number, OrderRecord>()
        for (const event of story) {
          if (event.type === 'decide') {
            const actions = decide(NOW, sell(event.exportWh), [...believed.values()], MARKET, ONE_SLOT, true)
            for (const action of actions) {
              if (action.type === 'cancel') {
                const target = believed.get(action.target) as OrderRecord
                expect(target.withdrawing).toBe(false)
                believed.set(action.target, { ...target, withdrawing: true })
                continue
              }
              const fresh = order({ sequence: truth.length, energyWh: action.energyWh })
              truth.push(fresh)
              believed.set(fresh.sequence, fresh)
              // at the moment of deciding: all that was and still can be sold, as the market knows it
              const sold = truth.reduce((sum, one) => sum + one.tradedWh + remainingOf(one), 0)
              expect(sold).toBeLessThanOrEqual(event.exportWh)
            }
            const { tradedWh, remainingWh } = positionOf([...believed.values()])
            if (actions.some((action) => action.type === 'place')) expect(tradedWh + remainingWh).toBe(event.exportWh)
            continue
          }
          const at = truth.length === 0 ? -1 : event.pick % truth.length
          const one = truth[at]
          if (one === undefined) continue
          if (event.type === 'hear') believed.set(at, { ...one, withdrawing: believed.get(at)?.withdrawing ?? false })
          if (one.state !== 'live') continue
          if (event.type === 'trade') {
            const tradedWh = Math.min(one.energyWh, one.tradedWh + event.wh)
            truth[at] = { ...one, tradedWh, state: tradedWh === one.energyWh ? 'filled' : 'live' }
          }
          if (event.type === 'end') truth[at] = { ...one, state: event.state }
        }
      }),
      { numRuns: 500 },
    )
  })
})
