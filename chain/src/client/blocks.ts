import type { ApiPromise } from '@polkadot/api'
import type { EventRecord } from '@polkadot/types/interfaces'
import { Fault, pause } from '@wattfleet/protocol'
import type { ExchangeEvent, FinalizedBlock, FinalizedBlocks } from '../exchange.ts'
import type { ChainConnection } from './connection.ts'
import { communityOf, exchangeEvent } from './events.ts'
import type { Head } from './truth.ts'
import { eventOf, readEntries, readStorage } from './types/runtime.ts'

/** Between two attempts to read a block that the node did not give. */
const RETRY_MS = 1_000

/** Genesis has no events: the communities that it holds are told as if they had been set in block 0. */
async function genesisEvents(api: Awaited<ReturnType<ApiPromise['at']>>): Promise<ExchangeEvent[]> {
  const entries = await readEntries(api, 'registry.communities')
  return entries.flatMap(([[community], versions]) => versions.map((version) => communityOf(community, version)))
}

function exchangeEvents(records: readonly EventRecord[]): ExchangeEvent[] {
  return records.flatMap(({ event }) => {
    const known = eventOf(event)
    return (known && exchangeEvent(known)) ?? []
  })
}

/** A block, and the hash of the one before it. */
interface ReadBlock extends FinalizedBlock {
  readonly parent: string
}

function readBlock(connection: ChainConnection, number: number): Promise<ReadBlock> {
  return connection.ask(`block ${number}`, async ({ api }) => {
    const hash = await api.rpc.chain.getBlockHash(number)
    const at = await api.at(hash)
    const [header, now, records] = await Promise.all([
      api.rpc.chain.getHeader(hash),
      readStorage(at, 'timestamp.now', []),
      number === 0 ? undefined : at.query.system?.events?.(),
    ])
    const events = records === undefined ? await genesisEvents(at) : exchangeEvents(records as unknown as EventRecord[])
    return {
      number,
      hash: hash.toHex().slice(2),
      parent: header.parentHash.toHex().slice(2),
      timestampS: Math.floor(now / 1000),
      events,
    }
  })
}

/** The block, or nothing where the node did not answer and may later. */
async function readOrRetry(connection: ChainConnection, number: number): Promise<ReadBlock | undefined> {
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
    async follow(from, onBlock, signal, before) {
      let [next, parent] = [from, before]
      while (!signal.aborted) {
        const head = await headOrStop(connection, next, signal)
        while (head !== undefined && next <= head.number && !signal.aborted) {
          const read = await readOrRetry(connection, next)
          if (read === undefined) {
            await pause(RETRY_MS, signal)
            continue
          }
          const { parent: follows, ...block } = read
          if (parent !== undefined && follows !== parent) {
            throw new Fault('chain', `block ${next} does not follow ${parent}: the chain has another history`)
          }
          await onBlock(block)
          next += 1
          parent = block.hash
        }
      }
    },
  }
}

async function headOrStop(connection: ChainConnection, number: number, signal: AbortSignal): Promise<Head | undefined> {
  try {
    return await connection.headFrom(number, signal)
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}
