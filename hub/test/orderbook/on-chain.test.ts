import { randomBytes } from 'node:crypto'
import type { FinalizedBlock } from '@wattfleet/chain'
import { inclusionProof, type Leaf, merkleRoot } from '@wattfleet/market'
import { type Energy, type SignedMessage, sha256, signMessage, toHex } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  COMMUNITY,
  type House,
  hex32,
  RULES,
  START_S,
  signed,
  type TestChain,
  testChain,
} from '../../../chain/test/fixture.ts'
import { memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { memoryIndex } from '../../src/adapters/index-memory.ts'
import { openIndex } from '../../src/adapters/index-sqlite.ts'
import { indexBlock } from '../../src/orderbook/follow.ts'
import { member } from '../support/members.ts'

/*
 * The index beside the very chain that it follows: after each step, free and locked of every account by events alone are
 * what the chain's state holds, to the nano.
 */
const BOND = 1_000_000
const FUNDS = 1_000_000_000n
const SLOT = START_S + 7_200
const EXECUTION = SLOT + RULES.slotLengthS + RULES.executionAfterS
const [sellerAccount, buyerAccount] = [member(), member()]

let chain: TestChain
let seller: House
let buyer: House
let trade = 0
const memory = memoryIndex()
const sqlite = openIndex(':memory:')

beforeAll(async () => {
  chain = await testChain({ rules: { engineBondNano: BOND }, endowed: [sellerAccount, buyerAccount] })
  seller = await chain.house({ account: sellerAccount, fundsNano: FUNDS })
  buyer = await chain.house({ account: buyerAccount, fundsNano: FUNDS })
  const engine = chain.accounts.settlementEngine.id
  const issue = { call: 'issue', community: COMMUNITY, account: engine, amountNano: BigInt(2 * BOND) } as const
  await chain.submit('operator', { ...issue, reference: hex32() })
})
afterAll(async () => {
  sqlite.close()
  await chain.stop()
})

async function blockOf(number: number): Promise<FinalizedBlock> {
  const hash = chain.running.chain.store.byNumber(number)?.hash.slice(2) ?? ''
  const timestampS = Math.floor(chain.running.chain.timestampMs(number) / 1000)
  return { number, hash, timestampS, events: await chain.eventsOf(number) }
}

/** Follows up to the head and holds both indexes against the chain's own state. */
async function expectSameAsChain(): Promise<void> {
  const head = chain.running.chain.head().number
  for (let number = (memory.head()?.number ?? -1) + 1; number <= head; number++) {
    const block = await blockOf(number)
    for (const index of [memory, sqlite]) indexBlock(index, memoryInbox(), block)
  }
  const all = [seller.member, buyer.member, chain.accounts.settlementEngine.id, chain.balancing, chain.gridOperator]
  let held = 0n
  for (const account of all) {
    const { freeNano, lockedNano } = sqlite.rows.accounts.get(account) ?? { freeNano: 0n, lockedNano: 0n }
    expect({ account, freeNano, lockedNano }).toEqual({ account, ...(await chain.queries.funds(account)) })
    held += freeNano + lockedNano
  }
  const totals = sqlite.rows.totals.get(1)
  expect(totals?.issuedNano).toBe(await chain.queries.issuedNano())
  expect(held).toBe(totals?.issuedNano)
  expect(totals?.creditedNano).toBe(totals?.debitedNano)
  expect(totals?.energySoldWh).toBe(totals?.energyBoughtWh)
  expect(memory.rows.accounts.all()).toEqual(sqlite.rows.accounts.select('').map(({ position: _, ...row }) => row))
  expect(memory.rows.settlements.all()).toEqual(
    sqlite.rows.settlements.select('').map(({ position: _, ...row }) => row),
  )
  expect(memory.unsettled(COMMUNITY)).toEqual(sqlite.unsettled(COMMUNITY))
}

const settlementOf = (house: House) => sqlite.rows.settlements.get(COMMUNITY, SLOT, house.site)

function reading(house: House, sequence: number, figures: Pick<Energy, 'importWh' | 'exportWh'>): SignedMessage {
  const value: Energy = {
    ...{ chain: Buffer.from(chain.chainId, 'hex'), community: COMMUNITY, gateway: house.key.publicKey, epoch: 1 },
    ...{ sequence, slotStart: SLOT, ...figures, errorWh: 1, quality: 'good', grade: 'operational' },
    ...{ salt: randomBytes(16), previous: new Uint8Array(32) },
  }
  return signMessage({ type: 'energy', value }, house.key)
}

describe('the index', { timeout: 120_000 }, () => {
  const leaves: Leaf[] = []
  const sequence = 900
  const message = { epoch: 1, sequence }

  it('follows orders to their trade, and the engine’s bond', async () => {
    const orders = [
      [seller, chain.order(seller, { side: 'offer', energyWh: 1_000, priceMicro: 100_000, energyTypes: 1 })],
      [buyer, chain.order(buyer, { energyWh: 1_000, priceMicro: 250_000 })],
    ] as const
    const items = orders.map(([house, order]) => signed(house, order))
    await chain.submit('relayer', { call: 'submit-orders', community: COMMUNITY, items })
    const { events } = await chain.submit('matchingEngine', {
      ...{ call: 'submit-matches', community: COMMUNITY, slotStart: SLOT, kind: 'spot', rateMicro: undefined },
      computedFrom: chain.running.chain.head().number,
      matches: [{ bid: 1, offer: 0, energyWh: 1_000 }],
    })
    for (const event of events) if (event.type === 'trade') trade = event.trade
    await chain.submit('settlementEngine', { call: 'post-bond', community: COMMUNITY, amountNano: BigInt(BOND) })
    await expectSameAsChain()
    expect(sqlite.unsettled(COMMUNITY)).toEqual([SLOT])
  })

  it('follows a settlement whose engine claims that less was delivered than its own root says', async () => {
    await chain.blockAt(EXECUTION)
    for (const [house, figures] of [
      [seller, { importWh: 0, exportWh: 1_000 }],
      [buyer, { importWh: 1_000, exportWh: 0 }],
    ] as const) {
      leaves.push({ gateway: toHex(house.key.publicKey), sequence, signed: reading(house, sequence, figures) })
    }
    const said = { missingImport: false, missingExport: false, message }
    const { outcome } = await chain.submit('settlementEngine', {
      ...{ call: 'settle', community: COMMUNITY, slotStart: SLOT, root: toHex(merkleRoot(leaves, sha256)) },
      allocations: [{ trade, allocatedWh: 600 }],
      deviations: [
        { site: seller.site, shortfallWh: 400, unusedWh: 0, ...said },
        { site: buyer.site, shortfallWh: 0, unusedWh: 0, ...said },
      ],
    })
    expect(outcome.ok).toBe(true)
    await expectSameAsChain()
    expect(sqlite.unsettled(COMMUNITY)).toEqual([])
    expect(settlementOf(seller)).toMatchObject({ source: 'engine', allocatedSoldWh: 600, shortfallWh: 400 })
  })

  it('follows the seller’s own reading, revealed with its proof: it is paid, and the engine loses its stake', async () => {
    const own = leaves[0]?.signed ?? reading(seller, 0, { importWh: 0, exportWh: 0 })
    const proof = inclusionProof(leaves, own, sha256) ?? []
    const reveal = { call: 'reveal', community: COMMUNITY, slotStart: SLOT, site: seller.site, message: own } as const
    const bare = await chain.submit(sellerAccount, { ...reveal, trades: [trade] })
    expect(bare.outcome).toMatchObject({ ok: false, error: 'settlement.NotInRoot' })
    const stranger = await chain.submit(buyerAccount, { ...reveal, proof, trades: [trade] })
    expect(stranger.outcome).toMatchObject({ ok: false, error: 'settlement.NotYourSite' })

    const { events } = await chain.submit(sellerAccount, { ...reveal, proof, trades: [trade] })
    const engine = chain.accounts.settlementEngine.id
    expect(events).toContainEqual({
      ...{ type: 'engine-slashed', community: COMMUNITY, slotStart: SLOT, site: seller.site, engine },
      amountNano: BigInt(BOND),
    })
    await expectSameAsChain()
    expect(await chain.queries.bondNano(COMMUNITY, engine)).toBe(0n)
    const received = 1_000n * (250_000n - BigInt(RULES.feeMicro[0]))
    const paid = 1_000n * 250_000n
    expect(settlementOf(seller)).toMatchObject({
      ...{ source: 'revealed', allocatedSoldWh: 1_000, shortfallWh: 0, penaltyNano: 0n },
      ...{ receivedNano: received, paidNano: 0n },
    })
    expect(settlementOf(buyer)).toMatchObject({ source: 'engine', allocatedBoughtWh: 1_000, paidNano: paid })
    expect(sqlite.rows.trades.get(trade)).toMatchObject({ state: 'corrected', allocatedWh: 1_000, paidNano: paid })
  })

  it('follows withdrawals that are paid out and that are not', async () => {
    const { freeNano } = await chain.queries.funds(seller.member)
    const ids: number[] = []
    for (const amountNano of [freeNano - 1_000n, 10n]) {
      const { events } = await chain.submit(sellerAccount, { call: 'withdraw', community: COMMUNITY, amountNano })
      for (const event of events) if (event.type === 'withdrawal-requested') ids.push(event.id)
    }
    await expectSameAsChain()
    const [paid = 0, declined = 0] = ids
    await chain.submit('operator', { call: 'redeem', community: COMMUNITY, id: paid, reference: hex32() })
    await chain.submit('operator', { call: 'decline', community: COMMUNITY, id: declined })
    await expectSameAsChain()
    expect(await chain.queries.funds(seller.member)).toEqual({ freeNano: 1_000n, lockedNano: 0n })
  })

  it('follows an official value that its seller cannot pay, and the debt until it is paid', async () => {
    const correct = { call: 'correct', community: COMMUNITY, slotStart: SLOT, site: seller.site } as const
    const { events } = await chain.submit('gridOperator', {
      ...{ ...correct, importWh: undefined, exportWh: 0, trades: [trade] },
    })
    const owed = events.findLast((event) => event.type === 'debt-set' && event.account === seller.member)
    expect(owed).toBeDefined()
    await expectSameAsChain()
    expect(settlementOf(seller)).toMatchObject({ source: 'official', allocatedSoldWh: 0, shortfallWh: 1_000 })
    expect(settlementOf(buyer)).toMatchObject({ allocatedBoughtWh: 0, paidNano: 0n })
    expect(await chain.queries.funds(seller.member)).toEqual({ freeNano: 0n, lockedNano: 0n })

    // what comes in pays the debt first, and then what the balancing account owes the buyer
    const debtNano = owed?.type === 'debt-set' ? owed.amountNano : 0n
    expect(debtNano).toBeGreaterThan(0n)
    const issue = { call: 'issue', community: COMMUNITY, account: seller.member, amountNano: debtNano + 5n } as const
    await chain.submit('operator', { ...issue, reference: hex32() })
    await expectSameAsChain()
    const { outcome } = await chain.submit(buyerAccount, {
      ...{ call: 'settle-debt', community: COMMUNITY, account: buyer.member },
    })
    expect(outcome.ok).toBe(true)
    await expectSameAsChain()
    expect((await chain.queries.funds(seller.member)).freeNano).toBe(5n)
    expect((await chain.queries.funds(buyer.member)).freeNano).toBe(FUNDS)
  })

  it('knows what it knew when it is made anew from block 0', async () => {
    const again = openIndex(':memory:')
    for (let number = 0; number <= chain.running.chain.head().number; number++) {
      indexBlock(again, memoryInbox(), await blockOf(number))
    }
    for (const table of ['trades', 'accounts', 'settlements'] as const) {
      expect(again.rows[table].select('ORDER BY position')).toEqual(sqlite.rows[table].select('ORDER BY position'))
    }
    again.close()
  })
})
