import { type FinalizedBlock, openExchange } from '@wattfleet/chain'
import { openIndex, type SqliteIndex } from '../../../src/adapters/index-sqlite.ts'
import { indexBlock } from '../../../src/orderbook/follow.ts'
import type { Feed } from './feed.ts'
import type { NetworkStreet } from './street.ts'

/** What became of the orders that were receipted, by finalized blocks and by what the hub made of them. */
export interface Audit {
  readonly receipted: number
  /** In finalized blocks. */
  readonly entered: number
  /** Never entered, and said so by the hub: refused by the chain, or too late for it. */
  readonly endedOutside: number
  /** In finalized blocks more than once. */
  readonly twice: readonly string[]
  /** Neither in a finalized block nor ended. */
  readonly lost: readonly string[]
  /** In a finalized block and said not to be, or the other way round. */
  readonly contradicted: readonly string[]
  /** In finalized blocks, and nobody's who had a receipt. */
  readonly strangers: readonly string[]
  /** Every row of the hub's index, and of one that was made anew from block 0. */
  readonly index: string
  readonly rebuilt: string
}

async function blocksUpTo(endpoint: string, last: number): Promise<readonly FinalizedBlock[]> {
  const stop = new AbortController()
  const exchange = openExchange([endpoint], stop.signal)
  const blocks: FinalizedBlock[] = []
  try {
    const take = (block: FinalizedBlock) => {
      blocks.push(block)
      if (block.number === last) stop.abort()
    }
    await exchange.blocks.follow(0, take, stop.signal)
  } finally {
    await exchange.close()
  }
  return blocks
}

function everyRow({ db }: SqliteIndex): string {
  const tables = db.prepare("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").pluck().all()
  const rows = tables.map((table) => [table, db.prepare(`SELECT * FROM "${String(table)}" ORDER BY rowid`).all()])
  return JSON.stringify(rows, (_, value) => (typeof value === 'bigint' ? String(value) : value), 1)
}

/** To be called when the hub has stopped. The blocks come from the node that is asked, not from the hub. */
export async function audit({ index, inbox, endpoints }: NetworkStreet, feed: Feed, node: number): Promise<Audit> {
  const blocks = await blocksUpTo(endpoints[node] ?? '', index.head()?.number ?? -1)
  const times = new Map<string, number>()
  for (const event of blocks.flatMap(({ events }) => events)) {
    if (event.type === 'order-entered') times.set(event.id, (times.get(event.id) ?? 0) + 1)
  }
  const rebuilt = openIndex(':memory:')
  for (const block of blocks) indexBlock(rebuilt, inbox, block)
  const ids = [...feed.receipted.keys()]
  const rowOf = (id: string) => index.rows.orders.get(id)
  const hasEnded = (id: string) => ['rejected', 'expired'].includes(rowOf(id)?.state ?? '')
  const isOutside = (id: string) => rowOf(id)?.block === null && hasEnded(id)
  try {
    return {
      receipted: ids.length,
      entered: times.size,
      endedOutside: ids.filter(isOutside).length,
      twice: ids.filter((id) => (times.get(id) ?? 0) > 1),
      lost: ids.filter((id) => !times.has(id) && !isOutside(id)),
      contradicted: ids.filter((id) => times.has(id) !== (typeof rowOf(id)?.block === 'number')),
      strangers: [...times.keys()].filter((id) => !feed.receipted.has(id)),
      index: everyRow(index),
      rebuilt: everyRow(rebuilt),
    }
  } finally {
    rebuilt.close()
  }
}
