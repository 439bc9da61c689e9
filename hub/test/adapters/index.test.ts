import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { type MemoryIndex, memoryIndex } from '../../src/adapters/index-memory.ts'
import { openIndex } from '../../src/adapters/index-sqlite.ts'
import { indexBlock } from '../../src/orderbook/follow.ts'
import { afterThis, temporaryFolder } from '../support/inboxes.ts'
import { script } from '../support/script.ts'
import { COMMUNITY, house, OPEN_S, SLOT } from '../support/street.ts'

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
    rules: index.rules(COMMUNITY),
    gateways: ['ada', 'ben', 'cy', 'nobody'].map((name) => {
      const entry = index.gateway(house(name).gateway)
      return entry && [entry.site, entry.epoch, entry.revoked, entry.community, entry.capImportWh, entry.capExportWh]
    }),
    markets,
    open: markets.map((market) =>
      [...index.openOrders(market, OPEN_S)]
        .sort(byId)
        .map((o) => [o.id, o.side, o.member, o.zone, o.priceMicro, o.remainingWh, o.energyTypes, o.block, o.index]),
    ),
    tradesIn: markets.map((market) =>
      Array.from({ length: (head?.number ?? 0) + 1 }, (_, n) => index.tradesIn(market, n)),
    ),
    unsettled: index.unsettled(COMMUNITY),
    slots: slots.map((slot) => ({
      trades: index.trades(COMMUNITY, slot).map((t) => [t.trade, t.buyerSite, t.sellerSite, t.energyWh, t.executed]),
      settled: [...index.settledSites(COMMUNITY, slot)].sort(),
      root: index.root(COMMUNITY, slot),
    })),
  }
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
