import type { ExchangeEvent } from '@wattfleet/chain'
import { describe, expect, it } from 'vitest'
import { type MemoryInbox, memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { type MemoryIndex, memoryIndex } from '../../src/adapters/index-memory.ts'
import { indexBlock } from '../../src/orderbook/follow.ts'
import { candidate } from '../support/inboxes.ts'
import { memoryChain } from '../support/memory-chain.ts'
import { CHAIN_ID, COMMUNITY, house, moveIn, OPEN_S, RULES, SLOT, signedOrder } from '../support/street.ts'

const [ada, ben] = [house('ada'), house('ben')]
const TRADED = 500

/** An index of a slot in which ada sold to ben, settled or not, and what takes further blocks. */
function traded(isSettled: boolean): {
  index: MemoryIndex
  inbox: MemoryInbox
  block(...events: ExchangeEvent[]): void
} {
  const chain = memoryChain(CHAIN_ID, RULES)
  for (const one of [ada, ben]) moveIn(chain, one)
  chain.produce(OPEN_S)
  const items = [
    signedOrder(ada, { sequence: 1, side: 'offer', energyWh: TRADED }),
    signedOrder(ben, { sequence: 1, side: 'bid', energyWh: TRADED }),
  ]
  chain.push({ call: 'submit-orders', community: COMMUNITY, items })
  chain.produce(OPEN_S + 6)
  const market = { community: COMMUNITY, slotStart: SLOT, kind: 'spot' } as const
  const matches = [{ offer: 0, bid: 1, energyWh: TRADED }]
  chain.push({ call: 'submit-matches', ...market, computedFrom: 1, rateMicro: undefined, matches })
  chain.produce(OPEN_S + 12)
  const said = { shortfallWh: 0, unusedWh: 0, missingImport: false, missingExport: false }
  const message = { epoch: 1, sequence: 9 }
  const deviations = [ada, ben].map(({ site }) => ({ site, ...said, message }))
  const settle = { call: 'settle', community: COMMUNITY, slotStart: SLOT, root: 'ab'.repeat(32) } as const
  if (isSettled) chain.push({ ...settle, allocations: [{ trade: 1, allocatedWh: TRADED }], deviations })
  chain.produce(SLOT + 900 + 3600)
  const inbox = memoryInbox()
  for (const of of [ada, ben]) {
    const heard = signedOrder(of, { sequence: 77, side: 'bid', slotStart: SLOT + 9000 })
    inbox.commit([candidate(of, heard, { entersUntilS: Number.MAX_SAFE_INTEGER })], [])
  }
  const index = memoryIndex()
  for (const one of chain.all) indexBlock(index, inbox, one)
  return {
    index,
    inbox,
    block(...events) {
      const number = (index.head()?.number ?? -1) + 1
      indexBlock(index, inbox, { number, hash: 'ff'.repeat(32), timestampS: SLOT + 90_000, events })
    },
  }
}

function settlementsTold(inbox: MemoryInbox, gateway: string) {
  inbox.sent(new Map([[gateway, Number.MAX_SAFE_INTEGER]]))
  return inbox.sentAfter(gateway, 0, 100).filter(({ kind }) => kind === 'settlement')
}

const figures = (allocatedWh: number) => ({
  ...{ allocatedWh, paidNano: BigInt(allocatedWh) * 300_000n, feeNano: BigInt(allocatedWh) * 10_000n },
  receivedNano: BigInt(allocatedWh) * 290_000n,
})

describe('a correction', () => {
  const corrected = { type: 'trade-corrected', trade: 1, ...figures(200) } as const
  const known = { missingImport: false, missingExport: false, pending: 0 }
  /** What the chain tells of the site that was corrected, and of the other one of its trade. */
  const settled = (allocatedWh: number): readonly ExchangeEvent[] => [
    {
      ...{ type: 'site-settled', community: COMMUNITY, slotStart: SLOT, site: ada.site, soldWh: TRADED, boughtWh: 0 },
      ...{ allocatedSoldWh: allocatedWh, allocatedBoughtWh: 0, shortfallWh: TRADED - allocatedWh, unusedWh: 0 },
      ...{ ...known, penaltyNano: 7n, source: 'official' },
    },
    {
      ...{ type: 'site-settled', community: COMMUNITY, slotStart: SLOT, site: ben.site, soldWh: 0, boughtWh: TRADED },
      ...{ allocatedSoldWh: 0, allocatedBoughtWh: allocatedWh, shortfallWh: 0, unusedWh: 0 },
      ...{ ...known, penaltyNano: 0n, source: 'engine' },
    },
  ]

  it('replaces the figures of its trade and of both sites, in the sums too, and tells both gateways once more', () => {
    const { index, inbox, block } = traded(true)
    block(corrected, ...settled(200))
    const { rows } = index
    expect(rows.trades.get(1)).toMatchObject({ state: 'corrected', ...figures(200) })
    expect(rows.settlements.get(COMMUNITY, SLOT, ada.site)).toMatchObject({
      ...{ allocatedSoldWh: 200, shortfallWh: 300, source: 'official', receivedNano: 58_000_000n, paidNano: 7n },
    })
    expect(rows.settlements.get(COMMUNITY, SLOT, ben.site)).toMatchObject({
      ...{ allocatedBoughtWh: 200, source: 'engine', paidNano: 60_000_000n },
    })
    expect(rows.totals.get(1)).toMatchObject({ energyBoughtWh: 200, energySoldWh: 200, settled: 1, trades: 1 })
    expect(index.unsettled(COMMUNITY)).toEqual([])
    for (const [{ gateway }, told] of [
      [ada, [{ allocatedSoldWh: 500 }, { allocatedSoldWh: 200, receivedNano: '58000000' }]],
      [ben, [{ allocatedBoughtWh: 500 }, { allocatedBoughtWh: 200, paidNano: '60000000' }]],
    ] as const) {
      expect(settlementsTold(inbox, gateway).map(({ body }) => body)).toMatchObject(told)
    }
  })

  it('may come again, and back', () => {
    const { index, inbox, block } = traded(true)
    block(corrected, ...settled(200))
    block({ ...corrected, ...figures(TRADED) }, ...settled(TRADED))
    expect(index.rows.totals.get(1)).toMatchObject({ energyBoughtWh: TRADED, energySoldWh: TRADED })
    expect(settlementsTold(inbox, ada.gateway)).toHaveLength(3)
  })
})

describe('a challenge', () => {
  const of = { community: COMMUNITY, slotStart: SLOT, site: ada.site } as const
  const engine = 'e7'.repeat(32)
  const named = { epoch: 1, sequence: 9 }
  const challenged: ExchangeEvent = { type: 'site-challenged', ...of, engine, named, answerBy: SLOT + 200_000 }

  it.each<[string, ExchangeEvent]>([
    ['the engine has answered', { type: 'challenge-answered', ...of }],
    ['its stake is taken', { type: 'engine-slashed', ...of, engine, amountNano: 1n }],
  ])('waits until %s, and may come again', (_, end) => {
    const { index, block } = traded(true)
    for (let time = 0; time < 2; time++) {
      block(challenged)
      expect(index.challenges(COMMUNITY)).toMatchObject([{ ...of, engine, answerBy: SLOT + 200_000 }])
      expect(index.challenges(COMMUNITY + 1)).toEqual([])
      block(end)
      expect(index.challenges(COMMUNITY)).toEqual([])
    }
  })
})

describe('a slot that the chain gives up', () => {
  it('ends its trades, at nothing, and is awaited no more', () => {
    const { index, inbox, block } = traded(false)
    expect(index.unsettled(COMMUNITY)).toEqual([SLOT])
    block({ type: 'trade-given-up', trade: 1 })
    expect(index.rows.trades.get(1)).toMatchObject({ state: 'given-up', ...figures(0) })
    expect(index.unsettled(COMMUNITY)).toEqual([SLOT])
    for (const { site } of [ada, ben]) block({ type: 'site-given-up', community: COMMUNITY, slotStart: SLOT, site })
    expect(index.unsettled(COMMUNITY)).toEqual([])
    expect(index.rows.totals.get(1)).toMatchObject({ trades: 1, settled: 0 })
    expect(settlementsTold(inbox, ada.gateway)).toEqual([])
  })
})

describe('energy that is shared', () => {
  const shared = (soldWh: number): ExchangeEvent => ({
    ...{ type: 'energy-shared', community: COMMUNITY, slotStart: SLOT + 900, site: ada.site, soldWh, boughtWh: 0 },
    ...{ receivedNano: BigInt(soldWh) * 150_000n, paidNano: 0n },
  })

  it('is a settlement of its site, told to its gateway, and replaced when it is corrected', () => {
    const { index, inbox, block } = traded(false)
    block(shared(100))
    block(shared(80))
    expect(index.rows.settlements.get(COMMUNITY, SLOT + 900, ada.site)).toMatchObject({
      ...{ soldWh: 80, allocatedSoldWh: 80, receivedNano: 12_000_000n },
    })
    expect(index.rows.totals.get(1)).toMatchObject({ energySoldWh: 80 })
    expect(settlementsTold(inbox, ada.gateway).map(({ body }) => body.allocatedSoldWh)).toEqual([100, 80])
    expect(index.unsettled(COMMUNITY)).toEqual([SLOT])
  })
})
