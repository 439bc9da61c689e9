import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Deviation, ExchangeEvent, Match } from '../../src/exchange.ts'
import { COMMUNITY, type House, idOf, RULES, START_S, signed, type TestChain, testChain } from '../fixture.ts'

let chain: TestChain
let seller: House
let buyer: House
let farBuyer: House
/** Each block of tests trades in a slot of its own. */
let slot = START_S + 7_200
const ROOT = 'ab'.repeat(32)

beforeAll(async () => {
  chain = await testChain()
  seller = await chain.house({ zone: 1 })
  buyer = await chain.house({ zone: 1 })
  farBuyer = await chain.house({ zone: 2 })
})
afterAll(() => chain.stop())

const offer = (energyWh: number, priceMicro: number, house = seller) =>
  chain.order(house, { side: 'offer', slotStart: slot, energyWh, priceMicro, energyTypes: 1 })
const bid = (energyWh: number, priceMicro: number, house = buyer) =>
  chain.order(house, { side: 'bid', slotStart: slot, energyWh, priceMicro })

/** Enters orders and yields how to name each to matches, in their order. */
async function enter(...pairs: [House, ReturnType<typeof bid>][]): Promise<number[]> {
  const items = pairs.map(([house, order]) => signed(house, order))
  const { events } = await chain.submit('relayer', { call: 'submit-orders', community: COMMUNITY, items })
  return pairs.map(([, order]) => {
    const entered = events.find((event) => event.type === 'order-entered' && event.id === idOf(order))
    if (entered?.type !== 'order-entered') throw new Error('an order did not enter')
    return entered.position
  })
}

/** A bid of the buyer and an offer of the seller, entered and named. */
async function pairOf(b: ReturnType<typeof bid>, o: ReturnType<typeof offer>, energyWh: number): Promise<Match> {
  const house = (order: typeof b) => (order.side === 'bid' ? buyer : seller)
  const [bidAt = 0, offerAt = 0] = await enter([house(b), b], [house(o), o])
  return { bid: bidAt, offer: offerAt, energyWh }
}

const match = (matches: Match[], computedFrom = chain.running.chain.head().number, rateMicro?: number) =>
  chain.submit('matchingEngine', {
    call: 'submit-matches',
    community: COMMUNITY,
    slotStart: slot,
    kind: 'spot',
    computedFrom,
    rateMicro,
    matches,
  })

const settle = (allocations: { trade: number; allocatedWh: number }[], deviations: Deviation[], root = ROOT) =>
  chain.submit('settlementEngine', {
    call: 'settle',
    community: COMMUNITY,
    slotStart: slot,
    root,
    allocations,
    deviations,
  })

const deviation = (house: House, shortfallWh: number, unusedWh: number): Deviation => ({
  site: house.site,
  shortfallWh,
  unusedWh,
  missingImport: false,
  missingExport: false,
  message: { epoch: 1, sequence: 1 },
})

const tradeOf = (events: readonly ExchangeEvent[]) => {
  const found = events.find((event) => event.type === 'trade')
  if (found?.type !== 'trade') throw new Error('no trade entered')
  return found
}

describe('a match', { timeout: 120_000 }, () => {
  it('trades at the bid’s rate, the fee of the zones taken from the seller’s', async () => {
    const [o, b, far] = [offer(1_000, 100_000), bid(600, 250_000), bid(400, 260_000, farBuyer)]
    const [oAt = 0, bAt = 0, farAt = 0] = await enter([seller, o], [buyer, b], [farBuyer, far])
    expect([oAt, bAt, farAt]).toEqual([0, 1, 2])
    const { events } = await match([
      { bid: bAt, offer: oAt, energyWh: 600 },
      { bid: farAt, offer: oAt, energyWh: 400 },
    ])
    const trades = events.filter((event) => event.type === 'trade')
    expect(trades).toMatchObject([
      { energyWh: 600, buyerRateMicro: 250_000, sellerRateMicro: 250_000 - RULES.feeMicro[0] },
      { energyWh: 400, buyerRateMicro: 260_000, sellerRateMicro: 260_000 - RULES.feeMicro[1] },
    ])
    expect(events.filter(({ type }) => type === 'order-ended')).toHaveLength(3)
    slot += 900
  })

  const faults: [name: string, make: () => Promise<Match>, reason: string][] = [
    ['of an unknown order', async () => ({ bid: 4_000_000_000, offer: 0, energyWh: 1 }), 'unknown-order'],
    ['of two offers', () => pairOf(offer(10, 1), offer(10, 1), 10), 'wrong-side'],
    ['of more than remains', () => pairOf(bid(10, 250_000), offer(20, 1), 11), 'amount'],
    ['of nothing', () => pairOf(bid(10, 250_000), offer(20, 1), 0), 'amount'],
    ['below offer and fee', () => pairOf(bid(10, 100_000), offer(10, 100_000), 10), 'price'],
    [
      'of energy the bid does not accept',
      () => pairOf({ ...bid(10, 250_000), energyTypes: 2 }, offer(10, 1), 10),
      'energy-type',
    ],
  ]
  it.each(faults)('%s is refused and moves nothing', async (_, make, reason) => {
    const pair = await make()
    const before = await Promise.all([seller, buyer].map(({ member }) => chain.queries.funds(member)))
    const { events } = await match([pair])
    expect(events).toEqual([{ type: 'match-rejected', index: 0, reason }])
    expect(await Promise.all([seller, buyer].map(({ member }) => chain.queries.funds(member)))).toEqual(before)
  })

  it('between two sites of one member is refused', async () => {
    const own = await chain.house({ member: seller.member, fundsNano: 0n })
    const [o, b] = [offer(10, 1), bid(10, 250_000, own)]
    const [oAt = 0, bAt = 0] = await enter([seller, o], [own, b])
    const { events } = await match([{ bid: bAt, offer: oAt, energyWh: 10 }])
    expect(events).toEqual([{ type: 'match-rejected', index: 0, reason: 'same-member' }])
  })

  it('with an order of a key that was replaced since is refused: the order was cancelled with its key', async () => {
    const own = await chain.house()
    const [o, b] = [offer(10, 1), bid(10, 250_000, own)]
    const [oAt = 0, bAt = 0] = await enter([seller, o], [own, b])
    const replaced = await chain.submit('operator', {
      call: 'enrol-gateway',
      site: own.site,
      gateway: 'ee'.repeat(32),
    })
    const ended = { type: 'order-ended', id: idOf(b), state: 'cancelled', remainingWh: 10 }
    expect(replaced.events).toContainEqual(ended)
    expect((await chain.queries.funds(own.member)).lockedNano).toBe(0n)
    const { events } = await match([{ bid: bAt, offer: oAt, energyWh: 10 }])
    expect(events).toEqual([{ type: 'match-rejected', index: 0, reason: 'not-open' }])
  })

  it('computed before the market’s last trades is stale as a whole', async () => {
    const pair = await pairOf(bid(100, 250_000), offer(100, 1), 50)
    const from = chain.running.chain.head().number
    await match([pair], from)
    const { outcome } = await match([pair], from)
    expect(outcome).toMatchObject({ ok: false, error: 'settlement.Stale' })
    slot += 900
  })

  it('has no rate where every trade has its bid’s', async () => {
    const pair = await pairOf(bid(100, 250_000), offer(100, 1), 50)
    const { outcome } = await match([pair], undefined, 200_000)
    expect(outcome).toMatchObject({ ok: false, error: 'settlement.WrongRate' })
  })

  it('after the match deadline is refused', async () => {
    const pair = await pairOf(bid(100, 250_000), offer(100, 1), 100)
    await chain.blockAt(slot - RULES.matchDeadlineS + 1)
    const { outcome } = await match([pair])
    expect(outcome).toMatchObject({ ok: false, error: 'settlement.MarketClosed' })
    slot += 3_600
  })
})

describe('execution', { timeout: 120_000 }, () => {
  const accounts = () => [seller.member, buyer.member, chain.balancing, chain.gridOperator]
  const funds = () => Promise.all(accounts().map((account) => chain.queries.funds(account)))

  it('pays for what was allocated, charges what deviated and loses no nano', async () => {
    await chain.blockAt(slot - 3_000)
    const issued = await chain.queries.issuedNano()
    const before = await funds()
    const pair = await pairOf(bid(1_000, 250_000), offer(1_000, 100_000), 1_000)
    const { trade } = tradeOf((await match([pair])).events)

    expect((await settle([{ trade, allocatedWh: 700 }], [])).outcome).toMatchObject({ error: 'settlement.TooEarly' })
    await chain.blockAt(slot + RULES.slotLengthS + RULES.executionAfterS)
    // delivered 700 of 1,000; taken 900 of 1,000
    const { events } = await settle(
      [{ trade, allocatedWh: 700 }],
      [deviation(seller, 300, 0), deviation(buyer, 0, 100)],
    )

    const after = await funds()
    const gained = after.map(({ freeNano }, i) => freeNano - (before[i]?.freeNano ?? 0n))
    const [fee, received] = [700n * BigInt(RULES.feeMicro[0]), 700n * (250_000n - BigInt(RULES.feeMicro[0]))]
    const [shortfall, unused] = [300n * BigInt(RULES.shortfallRateMicro), 100n * BigInt(RULES.unusedRateMicro)]
    expect(gained).toEqual([received - shortfall, -(received + fee) - unused, shortfall + unused, fee])
    expect(after.map(({ lockedNano }, i) => lockedNano - (before[i]?.lockedNano ?? 0n))).toEqual([0n, 0n, 0n, 0n])
    expect(await chain.queries.issuedNano()).toBe(issued)
    const sum = (type: 'debited' | 'credited') =>
      events.reduce((total, event) => (event.type === type ? total + event.amountNano : total), 0n)
    expect(sum('debited')).toBe(sum('credited'))
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'site-settled',
        site: seller.site,
        penaltyNano: shortfall,
        source: 'engine',
      }),
    )
    slot += 86_400
  })

  it('is bounded by what was traded, whole or not at all', async () => {
    await chain.blockAt(slot - 3_000)
    const pair = await pairOf(bid(1_000, 250_000), offer(1_000, 100_000), 1_000)
    const { trade } = tradeOf((await match([pair])).events)
    await chain.blockAt(slot + RULES.slotLengthS + RULES.executionAfterS)
    const before = await funds()
    const refused = async (attempt: ReturnType<typeof settle>, error: string) =>
      expect((await attempt).outcome).toMatchObject({ ok: false, error: `settlement.${error}` })
    const both = (shortfallWh: number) => [deviation(seller, shortfallWh, 0), deviation(buyer, 0, 0)]
    await refused(settle([{ trade, allocatedWh: 1_000 }], []), 'NotSettled')
    await refused(settle([{ trade: trade + 1, allocatedWh: 1 }], both(0)), 'UnknownTrade')
    await refused(settle([], [deviation(seller, 1_001, 0)]), 'DeviationTooLarge')
    await refused(settle([], [deviation(buyer, 0, 1_001)]), 'DeviationTooLarge')
    await refused(settle([{ trade, allocatedWh: 899 }], both(100)), 'AllocatedWrong')
    await refused(settle([{ trade, allocatedWh: 901 }], both(100)), 'AllocatedWrong')
    const missing = { ...deviation(seller, 1_000, 0), missingExport: true, message: undefined }
    await refused(settle([{ trade, allocatedWh: 0 }], [missing]), 'MissingTooEarly')
    expect(await funds()).toEqual(before)

    // in two calls of one root; a call with another root is refused
    await settle([], [deviation(seller, 100, 0)])
    await refused(settle([], [deviation(buyer, 0, 0)], 'ba'.repeat(32)), 'RootDiffers')
    await settle([{ trade, allocatedWh: 900 }], [deviation(buyer, 0, 0)])
    await refused(settle([{ trade, allocatedWh: 900 }], []), 'AlreadyExecuted')
    await refused(settle([], [deviation(buyer, 0, 0)]), 'AlreadySettled')
  })

  it('is the only way that money moves: its currency has no calls, and other communities’ operators none over it', async () => {
    const tx = await chain.connection.ask('calls', async ({ api }) => Object.keys(api.tx))
    expect(tx).toContain('vault')
    expect(tx).not.toContain('money')
    const call = { call: 'issue', community: COMMUNITY, account: '0f'.repeat(32), amountNano: 1n } as const
    const { outcome } = await chain.submit('operator', { ...call, reference: 'ab'.repeat(32) })
    expect(outcome).toMatchObject({ ok: false, error: 'registry.NotAMember' })
  })

  it('is the settlement engine’s alone', async () => {
    const call = {
      call: 'settle',
      community: COMMUNITY,
      slotStart: slot,
      root: ROOT,
      allocations: [],
      deviations: [],
    } as const
    const { outcome } = await chain.submit('relayer', call)
    expect(outcome).toMatchObject({ ok: false, error: 'registry.NotInRole' })
  })
})
