import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMUNITY, type House, idOf, RULES, START_S, signed, type TestChain, testChain } from '../fixture.ts'

/** The market after delivery, with the market's default phases. */
const POST = { postOpensS: 600, postGateClosureS: 3_600, postMatchDeadlineS: 3_840, executionAfterS: 3_900 }
const SLOT = START_S + 900
const ENDS = SLOT + RULES.slotLengthS

let chain: TestChain
let seller: House
let buyer: House

beforeAll(async () => {
  chain = await testChain({ rules: POST })
  seller = await chain.house()
  buyer = await chain.house()
})
afterAll(() => chain.stop())

const offer = (energyWh = 300) =>
  chain.order(seller, { kind: 'post', side: 'offer', slotStart: SLOT, energyWh, priceMicro: 100_000, energyTypes: 1 })
const bid = (energyWh = 300) => chain.order(buyer, { kind: 'post', slotStart: SLOT, energyWh, priceMicro: 200_000 })

const submit = async (...orders: [House, ReturnType<typeof bid>][]) => {
  const items = orders.map(([house, order]) => signed(house, order))
  return (await chain.submit('relayer', { call: 'submit-orders', community: COMMUNITY, items })).events
}
const market = { community: COMMUNITY, slotStart: SLOT, kind: 'post' } as const
const match = () =>
  chain.submit('matchingEngine', {
    ...{ call: 'submit-matches', ...market, computedFrom: chain.running.chain.head().number, rateMicro: undefined },
    matches: [{ bid: 1, offer: 0, energyWh: 300 }],
  })

describe('the market after delivery', { timeout: 120_000 }, () => {
  it('opens after the slot, and not before', async () => {
    await chain.blockAt(ENDS + POST.postOpensS - 60)
    expect(await submit([seller, offer()])).toMatchObject([{ type: 'item-rejected', reason: 'market-not-open' }])
    await chain.blockAt(ENDS + POST.postOpensS)
    const [o, b] = [offer(), bid()]
    const events = await submit([seller, o], [buyer, b])
    const entered = events.filter((event) => event.type === 'order-entered')
    expect(entered).toMatchObject([
      { id: idOf(o), position: 0, order: { kind: 'post' } },
      { id: idOf(b), position: 1 },
    ])
  })

  it('trades until its match deadline, at its own prices', async () => {
    await chain.blockAt(ENDS + POST.postGateClosureS + 1)
    expect(await submit([seller, offer()])).toMatchObject([{ type: 'item-rejected', reason: 'gate-closed' }])
    const { events } = await match()
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'trade', kind: 'post', energyWh: 300, buyerRateMicro: 200_000 }),
    )
  })

  it('is settled with the slot, once it has closed', async () => {
    await chain.blockAt(ENDS + POST.executionAfterS)
    expect((await match()).outcome).toMatchObject({ ok: false, error: 'settlement.MarketClosed' })
    const deviation = (site: string) => ({
      ...{ site, shortfallWh: 0, unusedWh: 0, missingImport: false, missingExport: false },
      message: { epoch: 1, sequence: 1 },
    })
    const before = await chain.queries.funds(seller.member)
    const { events } = await chain.submit('settlementEngine', {
      ...{ call: 'settle', community: COMMUNITY, slotStart: SLOT, root: 'ab'.repeat(32) },
      allocations: [{ trade: 1, allocatedWh: 300 }],
      deviations: [deviation(seller.site), deviation(buyer.site)],
    })
    expect(events).toMatchObject(
      expect.arrayContaining([
        expect.objectContaining({ type: 'site-settled', site: seller.site, pending: 0, allocatedSoldWh: 300 }),
        expect.objectContaining({ type: 'site-settled', site: buyer.site, pending: 0, allocatedBoughtWh: 300 }),
      ]),
    )
    const after = await chain.queries.funds(seller.member)
    const received = 300n * (200_000n - BigInt(RULES.feeMicro[0]))
    const held = 300n * BigInt(RULES.shortfallRateMicro)
    expect(after).toEqual({ freeNano: before.freeNano + received + held, lockedNano: 0n })
  })
})
