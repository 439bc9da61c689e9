import type { ApiPromise } from '@polkadot/api'
import type { SubmittableExtrinsic } from '@polkadot/api/types'
import { Fault } from '@wattfleet/protocol'
import type { Account } from '../src/client/account.ts'
import type { BenchNetwork } from './network.ts'

type Extrinsic = SubmittableExtrinsic<'promise'>
type ApiAt = Awaited<ReturnType<ApiPromise['at']>>

/** Requests under way at a time: a node answers so many as fast as it can, and its queues do not fill. */
const IN_FLIGHT = 32
/** For one run to be final. */
const FINAL_TIMEOUT_MS = 300_000

/** Signs extrinsics one nonce after the other, without asking the chain for any. */
export interface Signer {
  /** Its bytes, hex */
  next(extrinsic: Extrinsic): string
  /** The same with no nonce used up: for asking what it would cost. */
  sample(extrinsic: Extrinsic): string
}

export function signerOf(api: ApiPromise, { pair }: Account): Signer {
  let nonce = 0
  const { genesisHash, runtimeVersion } = api
  // immortal, so that what is signed before it is sent does not age
  const era = api.createType('ExtrinsicEra')
  const sample = (extrinsic: Extrinsic) =>
    extrinsic.sign(pair, { blockHash: genesisHash, era, genesisHash, nonce, runtimeVersion }).toHex()
  return {
    sample,
    next(extrinsic) {
      const signed = sample(extrinsic)
      nonce += 1
      return signed
    },
  }
}

/** Something that finalized blocks count. */
export type Count = (at: ApiAt) => Promise<number>

export interface Finalized {
  /** From the first extrinsic sent to the finalized block that holds the last, seen by the client. */
  readonly seconds: number
  /** Blocks of them, from the first that held any to the last. */
  readonly blocks: number
  /** The most in one block. */
  readonly mostInABlock: number
  readonly perSecond: number
}

/** Sends all, as fast as the node takes them, and waits until finalized blocks have counted so many. */
export async function sendAndCount(
  { session, connection }: BenchNetwork,
  extrinsics: readonly string[],
  items: number,
  count: Count,
): Promise<Finalized> {
  const start = await connection.head()
  const before = await count(await session.api.at(start.hash))
  const signal = AbortSignal.timeout(FINAL_TIMEOUT_MS)
  const startMs = performance.now()
  const sent = sendAll(session.request, extrinsics)
  let [last, number, blocks, mostInABlock] = [before, start.number, 0, 0]
  const counting = async (): Promise<Finalized> => {
    while (last < before + items) {
      const head = await headOrTell(connection.headFrom(number + 1, signal), last - before, items)
      const seconds = (performance.now() - startMs) / 1_000
      for (number += 1; number <= head.number; number += 1) {
        const hash = await session.request<string>('chain_getBlockHash', [number])
        const now = await count(await session.api.at(hash))
        if (now > before && last < before + items) blocks += 1
        mostInABlock = Math.max(mostInABlock, now - last)
        last = now
      }
      number = head.number
      if (last >= before + items) return { seconds, blocks, mostInABlock, perSecond: items / seconds }
    }
    throw new Error('nothing was sent')
  }
  const [finalized] = await Promise.all([counting(), sent])
  return finalized
}

async function headOrTell<T>(head: Promise<T>, counted: number, items: number): Promise<T> {
  try {
    return await head
  } catch (cause) {
    throw new Fault('chain', `${counted} of ${items} were final in ${FINAL_TIMEOUT_MS} ms`, { cause })
  }
}

async function sendAll(request: BenchNetwork['session']['request'], extrinsics: readonly string[]): Promise<void> {
  const left = extrinsics.values()
  const send = async () => {
    for (const extrinsic of left) await request('author_submitExtrinsic', [extrinsic])
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, send))
}
