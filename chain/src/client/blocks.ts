import type { ApiPromise } from '@polkadot/api'
import type { EventRecord } from '@polkadot/types/interfaces'
import { Fault } from '@wattfleet/protocol'
import type { ExchangeEvent, FinalizedBlock, FinalizedBlocks } from '../exchange.ts'
import type { ChainConnection } from './connection.ts'
import { communityOf, exchangeEvent } from './events.ts'
import { hashAt, patiently } from './patiently.ts'
import type { Head } from './truth.ts'
import { eventOf, readEntries, readStorage } from './types/runtime.ts'

/** So often a node may fail to give a block before another is asked: one that has pruned its state never will. */
const ATTEMPTS = 3
/** Blocks read in one session: what the library keeps of them is some 20 MB then. */
const BLOCKS_PER_SESSION = 50_000

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
  return connection.ask(`block ${number}`, async (session) => {
    const { api, request } = session
    const hash = await hashAt(session, number)
    const at = await api.at(hash)
    const [header, now, records] = await Promise.all([
      request<{ readonly parentHash: string }>('chain_getHeader', [hash]),
      readStorage(at, 'timestamp.now', []),
      number === 0 ? undefined : at.query.system?.events?.(),
    ])
    const events = records === undefined ? await genesisEvents(at) : exchangeEvents(records as unknown as EventRecord[])
    return {
      number,
      hash: hash.slice(2),
      parent: header.parentHash.slice(2),
      timestampS: Math.floor(now / 1000),
      events,
    }
  })
}

/** Finalized blocks of one connection, by number: the only truth. */
export function finalizedBlocks(connection: ChainConnection): FinalizedBlocks {
  return {
    async follow(from, onBlock, signal, before) {
      let [next, parent] = [from, before]
      while (!signal.aborted) {
        const head = await headOrStop(connection, next, signal)
        while (head !== undefined && next <= head.number && !signal.aborted) {
          const wanted = next
          const read = await patiently(connection, ATTEMPTS, () => readBlock(connection, wanted), signal)
          if (read === undefined) return
          const { parent: follows, ...block } = read.value
          if (parent !== undefined && follows !== parent) {
            throw new Fault('chain', `block ${next} does not follow ${parent}: the chain has another history`)
          }
          await onBlock(block)
          next += 1
          parent = block.hash
          if (next % BLOCKS_PER_SESSION === 0) connection.renew()
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
