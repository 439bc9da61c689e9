import { join } from 'node:path'

import { type Energy, type SignedMessage, signMessage, toHex } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { finalizedBlocks } from '../../../chain/src/client/blocks.ts'
import { fileSubmissionStore } from '../../../chain/src/client/submission-store.ts'
import { createSubmitter } from '../../../chain/src/client/submitter.ts'
import {
  bytesOf,
  COMMUNITY,
  type House,
  hex32,
  RULES,
  START_S,
  signed,
  type TestChain,
  testChain,
} from '../../../chain/test/fixture.ts'
import { type MemoryInbox, memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { type MemoryIndex, memoryIndex } from '../../src/adapters/index-memory.ts'
import { followChain } from '../../src/orderbook/follow.ts'
import { createPulse, type Pulse } from '../../src/pulse.ts'
import { runSettlement } from '../../src/settle/settle.ts'
import { candidate, temporaryFolder } from '../support/inboxes.ts'
import { member } from '../support/members.ts'
import { quiet } from '../support/street.ts'

/*
 * The settlement engine on the real runtime: what members reveal while it works, and after, costs it nothing as long as it
 * is honest.
 */
/** Machines are busy: only what will never come takes this long. */
const PATIENCE_MS = 90_000
const BOND = 1_000_000
const SLOT = START_S + 7_200
const EXECUTION = SLOT + RULES.slotLengthS + RULES.executionAfterS
const DAY_S = 86_400

let chain: TestChain
let seller: House
let buyer: House
let inbox: MemoryInbox
let index: MemoryIndex
let indexed: Pulse
let stops: (() => Promise<void>)[]

beforeEach(async () => {
  const [sellerAccount, buyerAccount] = [member(), member()]
  chain = await testChain({ rules: { engineBondNano: BOND }, endowed: [sellerAccount, buyerAccount] })
  seller = await chain.house({ account: sellerAccount })
  buyer = await chain.house({ account: buyerAccount })
  const issue = { call: 'issue', community: COMMUNITY, account: chain.accounts.settlementEngine.id } as const
  await chain.submit('operator', { ...issue, amountNano: BigInt(2 * BOND), reference: hex32() })
  ;[inbox, index, indexed, stops] = [memoryInbox(), memoryIndex(), createPulse(), []]
  begin((signal) =>
    followChain(
      { blocks: finalizedBlocks(chain.connection), index, journal: inbox, onBlock: indexed.beat, log: quiet },
      signal,
    ),
  )
})
afterEach(async () => {
  await Promise.all(stops.map((stop) => stop()))
  await chain.stop()
})

function begin(work: (signal: AbortSignal) => Promise<void>): () => Promise<void> {
  const controller = new AbortController()
  const working = work(controller.signal)
  const stop = async () => {
    controller.abort()
    await working
  }
  stops.push(stop)
  return stop
}

/** Starts a settlement engine; with `oneAtATime` each of its calls carries one site, or one allocation. */
function engine(role: 'settlementEngine' | 'operator' = 'settlementEngine', oneAtATime = false) {
  const path = join(temporaryFolder(), 'submissions.json')
  const submitter = createSubmitter(chain.connection, chain.accounts[role], fileSubmissionStore(path))
  const limits = submitter.limits
  if (oneAtATime) submitter.limits = async (signal) => ({ ...(await limits(signal)), allocations: 1, deviations: 1 })
  const { id } = chain.accounts[role]
  const stake = {
    read: async () => ({
      bondNano: await chain.queries.bondNano(COMMUNITY, id),
      freeNano: (await chain.queries.funds(id)).freeNano,
    }),
  }
  const finalizedBlock = () => chain.running.chain.head().number
  const stores = { slots: index, energies: inbox, plans: inbox }
  return begin((signal) =>
    runSettlement({ community: COMMUNITY, ...stores, stake, submitter, finalizedBlock, indexed, log: quiet }, signal),
  )
}

/** Makes a block whenever something waits for one, until the condition holds. */
async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + PATIENCE_MS
  while (!condition()) {
    if (performance.now() > end) throw new Error('not reached')
    if (chain.running.chain.pool.list().length > 0) {
      await chain.clock.advance(6_000)
      await chain.running.chain.makeBlock()
    } else {
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
}
const isIndexed = () => index.head()?.number === chain.running.chain.head().number

/** As many trades between the two as given, each of so many Wh. */
async function traded(...energiesWh: readonly number[]): Promise<number[]> {
  const items = energiesWh.flatMap((energyWh) => [
    signed(seller, chain.order(seller, { side: 'offer', energyWh, priceMicro: 100_000, energyTypes: 1 })),
    signed(buyer, chain.order(buyer, { energyWh, priceMicro: 250_000 })),
  ])
  await chain.submit('relayer', { call: 'submit-orders', community: COMMUNITY, items })
  const { events } = await chain.submit('matchingEngine', {
    ...{ call: 'submit-matches', community: COMMUNITY, slotStart: SLOT, kind: 'spot', rateMicro: undefined },
    computedFrom: chain.running.chain.head().number,
    matches: energiesWh.map((energyWh, i) => ({ offer: 2 * i, bid: 2 * i + 1, energyWh })),
  })
  return events.flatMap((event) => (event.type === 'trade' ? [event.trade] : []))
}

function reading(of: House, sequence: number, figures: Pick<Energy, 'importWh' | 'exportWh'>): SignedMessage {
  const value: Energy = {
    ...{ chain: bytesOf(chain.chainId), community: COMMUNITY, gateway: of.key.publicKey, epoch: 1, sequence },
    ...{ slotStart: SLOT, ...figures, errorWh: 1, quality: 'good', grade: 'operational' },
    ...{ salt: new Uint8Array(16), previous: new Uint8Array(32) },
  }
  return signMessage({ type: 'energy', value }, of.key)
}

/** What arrived at the hub. */
function measured(of: House, sequence: number, figures: Pick<Energy, 'importWh' | 'exportWh'>): void {
  const house = { ...of, name: '', wire: 'wire' }
  const at = { entersUntilS: SLOT + 30 * DAY_S }
  expect(inbox.commit([candidate(house, reading(of, sequence, figures), at)], [])).toEqual(['stored'])
}

async function reveal(by: House, message: SignedMessage, trades: readonly number[]): Promise<void> {
  if (by.account === undefined) throw new Error('a member that signs for itself')
  const of = { call: 'reveal', community: COMMUNITY, slotStart: SLOT, site: by.site, message } as const
  const { outcome } = await chain.submit(by.account, { ...of, trades: [...trades] })
  expect(outcome).toMatchObject({ ok: true })
}

const bondNano = () => chain.queries.bondNano(COMMUNITY, chain.accounts.settlementEngine.id)
const settled = (of: House) => index.rows.settlements.get(COMMUNITY, SLOT, of.site)

describe('the settlement engine, on the real chain', { timeout: 240_000 }, () => {
  it('answers a member’s old message by the one that it settled by, and keeps its stake', async () => {
    const trades = await traded(1_000)
    measured(seller, 900, { importWh: 0, exportWh: 400 })
    measured(buyer, 900, { importWh: 1_000, exportWh: 0 })
    await chain.blockAt(EXECUTION)
    const stop = engine()
    await until(() => isIndexed() && index.rows.trades.all()[0]?.state === 'executed')
    await stop()
    await reveal(seller, reading(seller, 7, { importWh: 0, exportWh: 1_000 }), trades)
    await until(isIndexed)
    expect(settled(seller)).toMatchObject({ shortfallWh: 0, allocatedSoldWh: 1_000 })
    expect(index.challenges(COMMUNITY)).toMatchObject([{ site: seller.site, open: true }])
    // what has arrived since is not what it settled by
    measured(seller, 901, { importWh: 0, exportWh: 500 })
    engine()
    await until(() => index.challenges(COMMUNITY).length === 0)
    expect(settled(seller)).toMatchObject({ source: 'revealed', shortfallWh: 600, allocatedSoldWh: 400 })
    expect(await bondNano()).toBe(BigInt(BOND))
  })

  it('has the stake of another engine taken that did not answer in a day', async () => {
    const trades = await traded(1_000)
    const root = hex32()
    await chain.blockAt(EXECUTION)
    await chain.submit('settlementEngine', { call: 'post-bond', community: COMMUNITY, amountNano: BigInt(BOND) })
    const said = { missingImport: false, missingExport: false, message: { epoch: 1, sequence: 100 } }
    const claim = await chain.submit('settlementEngine', {
      ...{
        call: 'settle',
        community: COMMUNITY,
        slotStart: SLOT,
        root,
        allocations: [{ trade: trades[0] ?? 0, allocatedWh: 0 }],
      },
      deviations: [
        { site: seller.site, shortfallWh: 1_000, unusedWh: 0, ...said },
        { site: buyer.site, shortfallWh: 0, unusedWh: 0, ...said },
      ],
    })
    expect(claim.outcome).toMatchObject({ ok: true })
    await reveal(seller, reading(seller, 7, { importWh: 0, exportWh: 1_000 }), trades)
    engine('operator')
    await until(isIndexed)
    expect(await bondNano()).toBe(BigInt(BOND))
    await chain.blockAt(EXECUTION + DAY_S + 60)
    await until(() => isIndexed() && index.challenges(COMMUNITY).length === 0)
    expect(await bondNano()).toBe(0n)
  })

  it('allocates by what a member revealed between its claims and its allocations', async () => {
    const trades = await traded(101, 101, 101)
    measured(seller, 900, { importWh: 0, exportWh: 303 })
    measured(buyer, 900, { importWh: 303, exportWh: 0 })
    await chain.blockAt(EXECUTION)
    const stop = engine('settlementEngine', true)
    await until(() => index.rows.trades.all().some(({ state }) => state === 'executed'))
    await stop()
    await until(isIndexed)
    const waiting = index.rows.trades.all().filter(({ state }) => state === 'open')
    expect(waiting.length).toBeGreaterThan(0)
    await reveal(seller, reading(seller, 1_000, { importWh: 0, exportWh: 200 }), trades)
    await until(isIndexed)
    engine('settlementEngine', true)
    await until(() => isIndexed() && index.unsettled(COMMUNITY).length === 0)
    const allocated = index.rows.trades.all().map(({ allocatedWh }) => allocatedWh ?? 0)
    expect(allocated.reduce((sum, wh) => sum + wh, 0)).toBe(200)
    expect(settled(seller)).toMatchObject({ source: 'revealed', shortfallWh: 103, allocatedSoldWh: 200 })
    expect(settled(buyer)).toMatchObject({ source: 'engine', unusedWh: 0, allocatedBoughtWh: 200 })
    expect(toHex(new Uint8Array(32))).not.toBe(index.root(COMMUNITY, SLOT))
    expect(await bondNano()).toBe(BigInt(BOND))
  })
})
