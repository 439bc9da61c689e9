import type { CommunityRules } from '@wattfleet/protocol'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { matchable } from '../../src/match/match.ts'
import type { OpenOrder } from '../../src/ports.ts'
import { type Hub, hub } from '../support/hub.ts'
import { house, moveIn, OPEN_S, SLOT, signedCancel, signedOrder, until } from '../support/street.ts'

const [ada, ben, cy] = [house('ada'), house('ben'), house('cy')]
let street: Hub
let orderbook: ReturnType<Hub['start']>

async function setup(rules: Partial<CommunityRules> = {}): Promise<Hub> {
  street = hub(rules)
  for (const one of [ada, ben, cy]) moveIn(street.chain, one)
  orderbook = street.start('orderbook')
  street.start('relay')
  await street.block()
  return street
}

const matches = ({ chain }: Hub) => chain.submitted.filter((call) => call.call === 'submit-matches')
const trades = ({ chain }: Hub) => chain.all.flatMap(({ events }) => events.filter((event) => event.type === 'trade'))

describe('what is matched', () => {
  const openOrder = (id: string, gateway: string): OpenOrder => ({
    ...{ id, gateway, side: 'bid', member: gateway, zone: 0, priceMicro: 1, remainingWh: 1 },
    ...{ energyTypes: 0, block: 1, index: 0, position: 0 },
  })

  it('is every order of a gateway that may trade, in the order given, and none of one that may not', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('ada', 'ben', 'cy')), fc.subarray(['ada', 'ben', 'cy']), (owners, held) => {
        const orders = owners.map((owner, at) => openOrder(String(at), owner))
        const left = matchable(orders, (key) => held.includes(key))
        expect(left.map(({ id }) => Number(id))).toEqual(
          owners.flatMap((owner, at) => (held.includes(owner) ? [] : [at])),
        )
      }),
    )
  })
})

describe('the matching engine', () => {
  afterEach(() => street.stop())

  it('leaves out what a gateway has open that its utility has stopped, until it may trade again', async () => {
    const { put, start, block, blockWhenSubmitted, stopped, chain } = await setup()
    put(ada, signedOrder(ada, { sequence: 1, side: 'offer', energyWh: 800 }))
    put(cy, signedOrder(cy, { sequence: 1, side: 'offer', energyWh: 300, priceMicro: 120_000 }))
    put(ben, signedOrder(ben, { sequence: 1, side: 'bid', energyWh: 1000 }))
    await blockWhenSubmitted()
    stopped.add(ada.gateway)
    start('match')
    await blockWhenSubmitted()
    // the dearer offer, although the cheaper one is open on the chain
    const sold = () => trades(street).map((trade) => trade.type === 'trade' && [trade.sellerSite, trade.energyWh])
    expect(sold()).toEqual([[cy.site, 300]])
    await block()
    await block()
    expect(chain.waiting()).toBe(0)
    stopped.clear()
    await block()
    await blockWhenSubmitted()
    expect(sold()).toEqual([
      [cy.site, 300],
      [ada.site, 700],
    ])
  })

  it('matches what a finalized block holds, under the number of that block', async () => {
    const { put, start, blockWhenSubmitted, index } = await setup()
    start('match')
    put(ada, signedOrder(ada, { sequence: 1, side: 'offer', energyWh: 800 }))
    put(ben, signedOrder(ben, { sequence: 1, side: 'bid', energyWh: 1000 }))
    await blockWhenSubmitted()
    await until(() => matches(street).length === 1, 'matches')
    expect(matches(street)[0]).toMatchObject({ computedFrom: index.head()?.number, slotStart: SLOT })
    await blockWhenSubmitted()
    expect(trades(street)).toMatchObject([{ energyWh: 800, buyerRateMicro: 300_000, sellerRateMicro: 290_000 }])
  })

  it('fills the rest when somebody else comes', async () => {
    const { put, start, blockWhenSubmitted } = await setup()
    start('match')
    put(ada, signedOrder(ada, { sequence: 1, side: 'offer', energyWh: 800 }))
    put(ben, signedOrder(ben, { sequence: 1, side: 'bid', energyWh: 1000 }))
    await blockWhenSubmitted()
    await blockWhenSubmitted()
    put(cy, signedOrder(cy, { sequence: 1, side: 'offer', energyWh: 800 }))
    await blockWhenSubmitted()
    await blockWhenSubmitted()
    expect(trades(street).map((trade) => trade.type === 'trade' && trade.energyWh)).toEqual([800, 200])
  })

  it('rests while the index is far behind the chain', async () => {
    const { put, start, blockWhenSubmitted, chain, index } = await setup()
    put(ada, signedOrder(ada, { sequence: 1, side: 'offer' }))
    put(ben, signedOrder(ben, { sequence: 1, side: 'bid' }))
    await blockWhenSubmitted()
    await until(() => index.tradableMarkets(7).length === 1, 'a market')
    await orderbook.stop()
    for (let block = 0; block < 4; block++) chain.produce(OPEN_S)
    start('match')
    start('orderbook')
    await until(() => matches(street).length === 1, 'matches')
    const [first] = matches(street)
    expect(first?.call === 'submit-matches' && first.computedFrom).toBeGreaterThanOrEqual(chain.all.length - 3)
  })

  it('lets matches go that a cancel has overtaken, and leaves the market alone for a while', async () => {
    const { put, start, block, blockWhenSubmitted, chain } = await setup()
    put(ada, signedOrder(ada, { sequence: 1, side: 'offer' }))
    put(ben, signedOrder(ben, { sequence: 1, side: 'bid' }))
    await blockWhenSubmitted()
    put(ada, signedCancel(ada, { sequence: 2, target: 1 }))
    await until(() => chain.waiting() === 1)
    start('match')
    await until(() => matches(street).length === 1)
    await block()
    expect(trades(street)).toEqual([])
    await block()
    expect(matches(street)).toHaveLength(1)
  })

  it('leaves a community alone whose rule is not pay-as-bid, and says so once', async () => {
    const { put, start, block, blockWhenSubmitted, chain, said } = await setup({ marketRule: { type: 'uniform' } })
    put(ada, signedOrder(ada, { sequence: 1, side: 'offer' }))
    put(ben, signedOrder(ben, { sequence: 1, side: 'bid' }))
    await blockWhenSubmitted()
    start('match')
    for (let blocks = 0; blocks < 3; blocks++) {
      await block()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(chain.waiting()).toBe(0)
    expect(matches(street)).toEqual([])
    expect(said).toEqual(['this community is not matched here: its rule is not pay-as-bid'])
  })

  it('submits nothing after the match deadline', async () => {
    const { put, start, block, blockWhenSubmitted, clock, chain } = await setup()
    put(ada, signedOrder(ada, { sequence: 1, side: 'offer' }))
    put(ben, signedOrder(ben, { sequence: 1, side: 'bid' }))
    await blockWhenSubmitted()
    await clock.advance((SLOT - 60 - OPEN_S) * 1000)
    await block()
    start('match')
    await block()
    expect(chain.waiting()).toBe(0)
    expect(matches(street)).toEqual([])
  })

  it('backs off from a market whose matches the chain keeps refusing', async () => {
    const { put, start, block, blockWhenSubmitted, chain, clock } = await setup()
    put(ada, signedOrder(ada, { sequence: 1, side: 'offer' }))
    put(ben, signedOrder(ben, { sequence: 1, side: 'bid' }))
    await blockWhenSubmitted()
    // the chain's book loses the offer without a word: every match of it is refused from here on
    for (const [id, { order }] of chain.orders.orders) if (order.side === 'offer') chain.orders.orders.delete(id)
    start('match')
    await until(() => matches(street).length === 1)
    for (let blocks = 0; blocks < 20; blocks++) {
      await clock.advance(1000)
      await block()
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(matches(street).length).toBeGreaterThan(2)
    expect(matches(street).length).toBeLessThan(7)
  })
})
