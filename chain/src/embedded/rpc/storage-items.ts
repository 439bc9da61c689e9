import { hexToU8a } from '@polkadot/util'
import { blake2AsHex } from '@polkadot/util-crypto'
import type { StorageView } from '../store.ts'
import { hexParam, keysUnder } from './context.ts'
import { invalidParams } from './fault.ts'
import type { Operation } from './follow.ts'

/** Entries told before the client is asked to go on, as many as a page of keys. */
export const ITEMS_PER_EVENT = 1_000

const TYPES = ['value', 'hash', 'descendantsValues', 'descendantsHashes', 'closestDescendantMerkleValue'] as const
type QueryType = (typeof TYPES)[number]

export interface StorageQuery {
  readonly key: string
  readonly type: QueryType
}

interface StorageItem {
  readonly key: string
  readonly value?: string
  readonly hash?: string
}

export function queriesParam(items: unknown): StorageQuery[] {
  if (!Array.isArray(items)) throw invalidParams('items must be a list')
  return items.map((item: unknown) => {
    const { key, type } = (item ?? {}) as { key?: unknown; type?: unknown }
    const known = TYPES.find((name) => name === type)
    if (known === undefined) throw invalidParams(`type must be one of ${TYPES.join(', ')}`)
    return { key: hexParam(key, 'key'), type: known }
  })
}

function* itemsOf(view: StorageView, queries: readonly StorageQuery[]): Generator<StorageItem, undefined> {
  for (const { key: under, type } of queries) {
    const keys = type.startsWith('descendants') ? keysUnder(view, under) : [under]
    const hashed = type === 'hash' || type === 'descendantsHashes'
    for (const key of keys) {
      const value = view.get(key)
      if (value !== undefined) yield hashed ? { key, hash: blake2AsHex(hexToU8a(value), 256) } : { key, value }
    }
  }
}

/** Tells what the queries find, and waits for the client after every `ITEMS_PER_EVENT`. */
export function tellItems(view: StorageView, queries: readonly StorageQuery[], operation: Operation): void {
  if (queries.some(({ type }) => type === 'closestDescendantMerkleValue')) {
    operation.end({ event: 'operationError', error: 'this chain keeps no state trie, so it has no Merkle values' })
    return
  }
  const found = itemsOf(view, queries)
  let ahead = found.next()
  const tellSome = (): void => {
    operation.resume = undefined
    const items: StorageItem[] = []
    while (ahead.value !== undefined && items.length < ITEMS_PER_EVENT) {
      items.push(ahead.value)
      ahead = found.next()
    }
    if (items.length > 0) operation.send({ event: 'operationStorageItems', items })
    if (ahead.done) {
      operation.end({ event: 'operationStorageDone' })
      return
    }
    operation.resume = tellSome
    operation.send({ event: 'operationWaitingForContinue' })
  }
  tellSome()
}
