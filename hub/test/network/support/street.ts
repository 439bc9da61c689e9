import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type NetworkCommunity, networkCommunity } from '../../../../chain/test/network/support/community.ts'
import { household, moveIn } from '../../../../chain/test/network/support/households.ts'
import { makeValidators, type Validators } from '../../../../chain/test/network/support/validators.ts'
import { openInbox, type SqliteInbox } from '../../../src/adapters/inbox-sqlite.ts'
import { openIndex, type SqliteIndex } from '../../../src/adapters/index-sqlite.ts'
import { type Feed, feedOrders } from './feed.ts'
import { type HubProcess, hubProcess } from './hub-process.ts'

/** Longer than a block and its finality take on a busy machine. */
export const PATIENCE_MS = 120_000
export const ALL = [0, 1, 2, 3] as const
const FUNDS_NANO = 10_000_000_000n
/** The last of them has no money: its bids are refused by the chain. */
const HOUSEHOLDS = [...Array(8).fill(FUNDS_NANO), 0n] as bigint[]

/** Four validators, a hub on them, and households whose orders can flow. */
export interface NetworkStreet {
  readonly network: Validators
  readonly community: NetworkCommunity
  readonly hub: HubProcess
  /** The hub's stores, opened beside it as another process of the same hub does. */
  readonly inbox: SqliteInbox
  readonly index: SqliteIndex
  readonly endpoints: readonly string[]
  /** Begins to send orders; they stop with the street. */
  flow(): Feed
  /** Resolves when this many orders are in finalized blocks that the hub has indexed. */
  indexed(orders: number): Promise<void>
  ordersIndexed(): number
  /** Resolves when finalized blocks have said of every message what became of it. */
  allDecided(): Promise<void>
  /** Resolves when these nodes have finalized the block. */
  finalize(nodes: readonly number[], number: number): Promise<void>
  stop(): Promise<void>
}

export async function networkStreet(): Promise<NetworkStreet> {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-hub-network-'))
  const community = await networkCommunity()
  const network = await makeValidators({ count: ALL.length, preset: 'local', patch: community.patch })
  await Promise.all(ALL.map((node) => network.start(node)))
  const endpoints = ALL.map((node) => `ws://127.0.0.1:${network.rpcPort(node)}`)
  const hub = hubProcess(folder, community, endpoints)
  const households = HOUSEHOLDS.map(household)
  await moveIn(network, 0, community, households)
  await hub.start()
  const inbox = openInbox(join(hub.stateDir, 'inbox.sqlite'))
  const index = openIndex(join(hub.stateDir, 'index.sqlite'))
  let feed: Feed | undefined

  const undecided = inbox.db.prepare('SELECT COUNT(*) FROM messages WHERE fate IS NULL').pluck()
  const until = async (what: string, condition: () => boolean) => {
    try {
      await network.until(what, PATIENCE_MS, async () => condition())
    } catch (error) {
      throw new Error(`${error instanceof Error ? error.message : String(error)}\n-- hub\n${hub.tail()}`)
    }
  }
  await until('the households are enrolled', () => households.every(({ gateway }) => index.gateway(gateway)))
  const ordersIndexed = () => index.rows.totals.get(1)?.orders ?? 0
  return {
    ...{ network, community, hub, inbox, index, endpoints, ordersIndexed },
    flow() {
      feed = feedOrders(community, households, { inbox, registry: index })
      return feed
    },
    indexed: (orders) => until(`${orders} orders are indexed`, () => ordersIndexed() >= orders),
    allDecided: () => until('every message has its fate', () => undecided.get() === 0),
    async finalize(nodes, number) {
      await network.until(`block ${number} is final at ${nodes.join(', ')}`, PATIENCE_MS, async () => {
        const heads = await Promise.all(nodes.map((node) => network.heads(node)))
        return heads.every(({ finalized }) => finalized >= number)
      })
    },
    async stop() {
      feed?.stop()
      await hub.kill()
      inbox.close()
      index.close()
      await network.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
