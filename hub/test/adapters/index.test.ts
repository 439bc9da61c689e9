import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { type MemoryIndex, memoryIndex } from '../../src/adapters/index-memory.ts'
import { openIndex } from '../../src/adapters/index-sqlite.ts'
import { indexBlock } from '../../src/orderbook/follow.ts'
import { afterThis, temporaryFolder } from '../support/inboxes.ts'
import { type MemoryChain, memoryChain } from '../support/memory-chain.ts'
import { script } from '../support/script.ts'
import { CHAIN_ID, COMMUNITY, house, moveIn, OPEN_S, RULES, SLOT, signedOrder } from '../support/street.ts'

type Index = Omit<MemoryIndex, 'rows'>

const INDEXES: [string, () => Index][] = [
  ['memory', memoryIndex],
  [
    'sqlite',
    () => {
      const index = openIndex(join(temporaryFolder(), 'index.sqlite'))
      afterThis(() => index.close())
      return index
    },
  ],
]

/** Everything that the roles ask of an index, in one value. */
function answersOf(index: Index) {
  const head = index.head()
  const markets = index.tradableMarkets(COMMUNITY)
  const slots = [...new Set([SLOT, SLOT + 900, ...index.unsettled(COMMUNITY)])]
  const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
  return {
    head: head && { number: head.number, hash: head.hash, timestampS: head.timestampS },
    rules: index.rules(COMMUNITY, SLOT),
    gateways: ['ada', 'ben', 'cy', 'nobody'].map((name) => {
      const entry = index.gateway(house(name).gateway)
      return entry && [entry.site, entry.epoch, entry.revoked, entry.community, entry.capImportWh, entry.capExportWh]
    }),
    markets,
    open: markets.map((market) =>
      [...index.openOrders(market, OPEN_S)]
        .sort(byId)
        .map(({ id, block, ...o }) => [
          ...[id, o.side, o.member, o.zone, o.priceMicro, o.remainingWh, o.energyTypes],
          ...[block, o.index, o.position],
        ]),
    ),
    tradesIn: markets.map((market) =>
      Array.from({ length: (head?.number ?? 0) + 1 }, (_, n) => index.tradesIn(market, n)),
    ),
    unsettled: index.unsettled(COMMUNITY),
    slots: slots.map((slot) => ({
      trades: index.trades(COMMUNITY, slot).map((t) => [t.trade, t.buyerSite, t.sellerSite, t.energyWh, t.allocatedWh]),
      settled: [...index.settled(COMMUNITY, slot)]
        .map(([site, { shortfallWh, unusedWh }]) => [site, shortfallWh, unusedWh])
        .sort(),
      root: index.root(COMMUNITY, slot),
    })),
    challenges: index
      .challenges(COMMUNITY)
      .map(({ slotStart, site, engine, answerBy }) => [slotStart, site, engine, answerBy]),
  }
}

/** The slots of trades that are not executed, or between sites that are not settled, by the rows themselves. */
function unsettledBy({ rows }: MemoryIndex): number[] {
  const isSettled = (slot: number, site: string) => rows.settlements.get(COMMUNITY, slot, site) !== undefined
  const open = rows.trades.all().filter(({ allocatedWh, slotStart, buyerSite, sellerSite }) => {
    return allocatedWh === null || !isSettled(slotStart, buyerSite) || !isSettled(slotStart, sellerSite)
  })
  return [...new Set(open.map(({ slotStart }) => slotStart))].sort((a, b) => a - b)
}

describe('an index of long standing', () => {
  it('finds what is unsettled without reading what was settled', () => {
    const index = openIndex(':memory:')
    for (const block of traded().all) indexBlock(index, memoryInbox(), block)
    index.db.exec(`
      INSERT INTO trades SELECT NULL, n, ${COMMUNITY}, ${SLOT} - 900 * (1 + n / 100), 'spot', 'b', 'o', 's1', 's2', 1, 1, 1, 0,
        0, 'executed', 1, '1', '1', '0', 0
        FROM (WITH RECURSIVE up (n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM up WHERE n < 101000) SELECT n FROM up);
      INSERT INTO settlements SELECT NULL, ${COMMUNITY}, slotStart, site, 1, 1, 1, 1, 0, 0, 0, 0, '0', 'engine', '1', '1', 0
        FROM (SELECT DISTINCT slotStart FROM trades WHERE trade >= 1000), (SELECT 's1' AS site UNION SELECT 's2')`)
    const start = performance.now()
    for (let round = 0; round < 20; round++) expect(index.unsettled(COMMUNITY)).toEqual([SLOT])
    expect(performance.now() - start).toBeLessThan(200)
    index.close()
  })
})

/** A history that ends with trades of one slot, none executed. */
function traded(): MemoryChain {
  const chain = memoryChain(CHAIN_ID, RULES)
  const [ada, ben] = [house('ada'), house('ben')]
  for (const one of [ada, ben]) moveIn(chain, one)
  chain.produce(OPEN_S)
  const offer = signedOrder(ada, { sequence: 1, side: 'offer' })
  const bid = signedOrder(ben, { sequence: 1, side: 'bid' })
  chain.push({ call: 'submit-orders', community: COMMUNITY, items: [offer, bid] })
  chain.produce(OPEN_S + 6)
  const matches = [{ offer: 0, bid: 1, energyWh: 500 }]
  const market = { community: COMMUNITY, slotStart: SLOT, kind: 'spot' } as const
  chain.push({ call: 'submit-matches', ...market, computedFrom: 1, rateMicro: undefined, matches })
  chain.produce(OPEN_S + 12)
  return chain
}

describe.each(INDEXES)('index: %s', (_, make) => {
  it('knows nothing before the first block', () => {
    const index = make()
    expect(index.head()).toBeUndefined()
    expect(index.gateway(house('ada').gateway)).toBeUndefined()
    expect(index.tradableMarkets(COMMUNITY)).toEqual([])
    expect(index.unsettled(COMMUNITY)).toEqual([])
  })

  it('takes a block whole or not at all', () => {
    const index = make()
    const [first, second] = script([0, 1, 2]).all
    if (!first || !second) throw new Error('two blocks')
    indexBlock(index, memoryInbox(), first)
    const before = answersOf(index)
    const broken = {
      record: () => {
        throw new Error('the inbox is gone')
      },
    }
    expect(() => indexBlock(index, broken, second)).toThrow('the inbox is gone')
    expect(answersOf(index)).toEqual(before)
    indexBlock(index, memoryInbox(), second)
    expect(index.head()?.number).toBe(1)
  })

  it('refuses a block that is not the next', () => {
    const index = make()
    const [, second] = script([0, 1]).all
    if (!second) throw new Error('a second block')
    expect(() => indexBlock(index, memoryInbox(), second)).toThrow(/block 0 is taken in before block 1/)
  })
})

describe('for every history', () => {
  it('SQLite and memory answer the same after each block, and remaining amounts and balances are the chain’s', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(999), { minLength: 1, maxLength: 40 }), (steps) => {
        const chain = script(steps)
        const memory = memoryIndex()
        const sqlite = openIndex(':memory:')
        for (const block of chain.all) {
          indexBlock(memory, memoryInbox(), block)
          indexBlock(sqlite, memoryInbox(), block)
          expect(answersOf(sqlite)).toEqual(answersOf(memory))
          expect(memory.unsettled(COMMUNITY)).toEqual(unsettledBy(memory))
        }
        for (const [id, { remainingWh, state }] of chain.orders.orders) {
          if (state === 'open') expect(sqlite.rows.orders.get(id)).toMatchObject({ remainingWh, state })
          else expect(sqlite.rows.orders.get(id)?.state).toBe(state)
        }
        for (const { account, freeNano, lockedNano } of sqlite.rows.accounts.select('')) {
          expect({ free: freeNano, locked: lockedNano }).toEqual(chain.vault.of(account))
        }
        const totals = sqlite.rows.totals.get(1)
        expect(totals?.debitedNano).toBe(totals?.creditedNano)
        expect(totals?.energyBoughtWh).toBe(totals?.energySoldWh)
        sqlite.close()
      }),
      { numRuns: 40 },
    )
  })
})
