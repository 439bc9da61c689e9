import { xxhashAsHex } from '@polkadot/util-crypto'
import type { BenchNetwork } from './network.ts'

const KEYS_A_TIME = 1_000

export interface StateSize {
  /** Of the orderbook: its pages, what is remembered of sites, and the rest. */
  readonly pages: number
  readonly entries: number
  readonly rest: number
  /** Beside it: what members have locked, in the money's holds. */
  readonly holds: number
}

const hash = (name: string) => xxhashAsHex(name, 128).slice(2)

/** Keys and values below a prefix at the finalized head. */
async function bytesBelow({ session, connection }: BenchNetwork, names: readonly string[]): Promise<number> {
  const { hash: at } = await connection.head()
  const prefix = `0x${names.map(hash).join('')}`
  let [bytes, from] = [0, prefix]
  for (;;) {
    const keys = await session.request<string[]>('state_getKeysPaged', [prefix, KEYS_A_TIME, from, at])
    const sizes = await Promise.all(keys.map((key) => session.request<number>('state_getStorageSize', [key, at])))
    bytes += keys.reduce((sum, key, index) => sum + key.length / 2 - 1 + Number(sizes[index]), 0)
    const last = keys.at(-1)
    if (last === undefined || keys.length < KEYS_A_TIME) return bytes
    from = last
  }
}

export async function measureState(network: BenchNetwork): Promise<StateSize> {
  const all = await bytesBelow(network, ['Orderbook'])
  const pages = await bytesBelow(network, ['Orderbook', 'Pages'])
  const entries = await bytesBelow(network, ['Orderbook', 'Entries'])
  const holds = await bytesBelow(network, ['Money', 'Holds'])
  return { pages, entries, rest: all - pages - entries, holds }
}
