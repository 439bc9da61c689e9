import type { FinalizedBlock, FinalizedBlocks } from '@wattfleet/chain'
import { decodeOrder, Fault, invariant, messageOf, pause } from '@wattfleet/protocol'
import type { Head, InboxEnding, Journal, Log } from '../ports.ts'
import { BACK_OFF_MS } from '../pulse.ts'
import { applyBlock, describe } from './apply.ts'
import { type IndexRows, type IndexStore, ONLY } from './rows.ts'

/**
 * Takes one finalized block into inbox and index. The inbox commits first, within the index's transaction: a process that
 * dies between the two commits takes the block in again, and the inbox does not change twice.
 */
export function indexBlock(index: IndexStore, journal: Journal, block: FinalizedBlock): void {
  index.transact((rows) => {
    const next = (rows.heads.get(ONLY)?.number ?? -1) + 1
    invariant(block.number === next, `block ${next} is taken in before block ${block.number}`)
    const isOnChain = (id: string) => typeof rows.orders.get(id)?.block === 'number'
    for (const ending of journal.record(applyBlock(rows, block), isOnChain)) keepEnding(rows, ending)
    const { number, hash, timestampS } = block
    rows.heads.put({ id: ONLY, number, hash, timestampS })
  })
}

/** An order that never entered the chain is listed all the same: its owner asks what became of it. */
function keepEnding(rows: IndexRows, ending: InboxEnding): void {
  const order = decodeOrder(ending.signed.bytes)
  if (order === undefined || rows.orders.get(ending.id) !== undefined) return
  const at = rows.sites.get(ending.site)
  rows.orders.put({
    id: ending.id,
    ...describe(order),
    site: ending.site,
    member: at?.member ?? '',
    zone: at?.zone ?? 0,
    state: ending.state,
    reason: ending.reason ?? null,
    block: null,
    place: null,
    marketPosition: null,
  })
}

export interface FollowOptions {
  readonly blocks: FinalizedBlocks
  readonly index: IndexStore & { head(): Head | undefined }
  readonly journal: Journal
  /** Called after every block that was taken in. */
  readonly onBlock: (head: Head) => void
  readonly log: Log
}

/**
 * Follows finalized blocks from the first that the index does not hold, until aborted. A store that fails is tried again;
 * any other fault (a broken invariant) is thrown: a wrong sum must not travel.
 */
export async function followChain(options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { blocks, index, journal, onBlock, log } = options
  while (!signal.aborted) {
    try {
      const last = index.head()
      await blocks.follow(
        (last?.number ?? -1) + 1,
        (block) => {
          indexBlock(index, journal, block)
          onBlock({ number: block.number, hash: block.hash, timestampS: block.timestampS })
        },
        signal,
        last?.hash,
      )
    } catch (error) {
      if (!(error instanceof Fault && error.retryable)) throw error
      log.error({ fault: messageOf(error) }, 'following the chain: tried again')
      await pause(BACK_OFF_MS, signal)
    }
  }
}
