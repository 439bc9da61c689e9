import type { ApiPromise } from '@polkadot/api'
import type { EventRecord } from '@polkadot/types/interfaces'
import { Fault, pause } from '@wattfleet/protocol'
import type { ExchangeEvent, FinalizedBlock, FinalizedBlocks } from '../exchange.ts'
import { type ChainConnection, inTime } from './connection.ts'
import { communityOf, exchangeEvent } from './events.ts'
import { eventOf, readEntries, readStorage } from './types/runtime.ts'

/** Between two attempts to read a block that the node did not give. */
const RETRY_MS = 1_000

/** Genesis has no events: the communities that it holds are told as if they had been set in block 0. */
async function genesisEvents(api: Awaited<ReturnType<ApiPromise['at']>>): Promise<ExchangeEvent[]> {
  const entries = await readEntries(api, 'registry.communities')
  return entries.map(([[community], entry]) => communityOf(community, entry))
}

function exchangeEvents(records: readonly EventRecord[]): ExchangeEvent[] {
  return records.flatMap(({ event }) => {
    const known = eventOf(event)
    return (known && exchangeEvent(known)) ?? []
  })
}

async function readBlock({ api }: ChainConnection, number: number): Promise<FinalizedBlock> {
  const hash = await inTime(api.rpc.chain.getBlockHash(number), `hash of block ${number}`)
  const at = await inTime(api.at(hash), `state of block ${number}`)
  const [now, records] = await inTime(
    Promise.all([readStorage(at, 'timestamp.now', []), number === 0 ? undefined : at.query.system?.events?.()]),
    `events of block ${number}`,
  )
  const events =
    records === undefined
      ? await inTime(genesisEvents(at), 'genesis')
      : exchangeEvents(records as unknown as EventRecord[])
  return {
    number,
    hash: hash.toHex().slice(2),
    timestampS: Math.floor(now / 1000),
    events,
  }
}

/** The block, or nothing where the node did not answer and may later. */
async function readOrRetry(connection: ChainConnection, number: number): Promise<FinalizedBlock | undefined> {
  try {
    return await readBlock(connection, number)
  } catch (error) {
    if (error instanceof Fault && error.retryable) return undefined
    throw error
  }
}

/** Finalized blocks of one connection, by number: the only truth. */
export function finalizedBlocks(connection: ChainConnection): FinalizedBlocks {
  return {
    async follow(from, onBlock, signal) {
      let next = from
      while (!signal.aborted) {
        const head = await connection.headFrom(next, signal).catch(() => undefined)
        while (head !== undefined && next <= head.number && !signal.aborted) {
          const block = await readOrRetry(connection, next)
          if (block === undefined) {
            await pause(RETRY_MS, signal)
            continue
          }
          await onBlock(block)
          next += 1
        }
      }
    },
  }
}
