import { TypeRegistry } from '@polkadot/types'
import type { Header } from '@polkadot/types/interfaces'
import type { EmbeddedChain } from '../chain.ts'
import type { StorageView, StoredBlock } from '../store.ts'
import { CLIENT_ERROR, invalidParams, RpcFault } from './fault.ts'

/** One client's connection, as far as methods need it. */
export interface Subscriber {
  /** Starts a subscription and yields its id; `start` gets a function that sends to it, and yields what ends it. */
  subscribe(method: string, start: (send: (result: unknown) => void) => () => void): string
  unsubscribe(id: string): boolean
  /** Runs once the request's answer is out: nothing about an id is sent before the id itself. */
  afterAnswer(run: () => void): void
}

export interface RpcContext {
  readonly chain: EmbeddedChain
  readonly name: string
  readonly client: Subscriber
}

export type Method = (context: RpcContext, params: readonly unknown[]) => unknown | Promise<unknown>
export type Methods = Readonly<Record<string, Method>>

const registry = new TypeRegistry()

/** A header as Substrate's nodes write it: the number and the SCALE of each digest item in hex. */
export function headerJson(block: StoredBlock): unknown {
  const { parentHash, stateRoot, extrinsicsRoot, digest } = registry.createType<Header>('Header', block.header)
  return {
    parentHash: parentHash.toHex(),
    number: `0x${block.number.toString(16)}`,
    stateRoot: stateRoot.toHex(),
    extrinsicsRoot: extrinsicsRoot.toHex(),
    digest: { logs: digest.logs.map((log) => log.toHex()) },
  }
}

/** The block a request names by hash, or the head where it names none; undefined where there is no such block. */
export function findBlock(chain: EmbeddedChain, hash: unknown): StoredBlock | undefined {
  if (hash === undefined || hash === null) return chain.head()
  return chain.store.byHash(hexParam(hash, 'hash'))
}

/** As `findBlock`; throws what a node answers to a question about the state of a block that it does not know. */
export function blockOf(chain: EmbeddedChain, hash: unknown): StoredBlock {
  const block = findBlock(chain, hash)
  if (block !== undefined) return block
  const reason = `UnknownBlock: Header was not found in the database: ${String(hash)}`
  throw new RpcFault(CLIENT_ERROR, `Client error: ${reason}`)
}

/** Every key under a prefix in order: after `after`, or from the prefix itself where that is a key. */
export function* keysUnder(view: StorageView, prefix: string, after?: string): Generator<string, undefined> {
  if (after === undefined && view.get(prefix) !== undefined) yield prefix
  let key = view.nextKey(prefix, after ?? prefix)
  while (key !== undefined) {
    yield key
    key = view.nextKey(prefix, key)
  }
}

/** Bytes in hex; no bytes may also be an empty text (JSON-RPC interface specification, glossary). */
export function hexParam(value: unknown, name: string): string {
  if (value === '') return '0x'
  if (typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value)) return value.toLowerCase()
  throw invalidParams(`${name} must be hex with 0x`)
}

/** Most entries of a list in one request, as of a page of keys: each is a look into the store. */
export const MAX_LIST = 1_000

export function listParam(value: unknown, name: string): unknown[] {
  if (!Array.isArray(value)) throw invalidParams(`${name} must be a list`)
  if (value.length > MAX_LIST) throw invalidParams(`${name} must have at most ${MAX_LIST} entries`)
  return value
}

export function hexListParam(value: unknown, name: string): string[] {
  return listParam(value, name).map((item) => hexParam(item, name))
}

export function textParam(value: unknown, name: string): string {
  if (typeof value !== 'string') throw invalidParams(`${name} must be a text`)
  return value
}
