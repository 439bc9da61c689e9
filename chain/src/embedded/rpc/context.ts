import { TypeRegistry } from '@polkadot/types'
import type { EmbeddedChain } from '../chain.ts'
import type { StoredBlock } from '../store.ts'
import { INVALID_PARAMS, RpcFault } from './fault.ts'

/** One client's connection, as far as methods need it. */
export interface Subscriber {
  /** Starts a subscription and yields its id; `start` gets a function that sends to it, and yields what ends it. */
  subscribe(method: string, start: (send: (result: unknown) => void) => () => void): string
  unsubscribe(id: string): boolean
}

export interface RpcContext {
  readonly chain: EmbeddedChain
  readonly name: string
  readonly client: Subscriber
}

export type Method = (context: RpcContext, params: readonly unknown[]) => unknown | Promise<unknown>
export type Methods = Readonly<Record<string, Method>>

const registry = new TypeRegistry()

export function headerJson(block: StoredBlock): unknown {
  return registry.createType('Header', block.header).toJSON()
}

/** The block a request names by hash, or the head where it names none. */
export function blockOf(chain: EmbeddedChain, hash: unknown): StoredBlock {
  if (hash === undefined || hash === null) return chain.head()
  const block = typeof hash === 'string' ? chain.store.byHash(hash.toLowerCase()) : undefined
  if (block === undefined) throw new RpcFault(4003, `Unknown block: ${String(hash)}`)
  return block
}

export function hexParam(value: unknown, name: string): string {
  if (typeof value === 'string' && /^0x([0-9a-f]{2})*$/i.test(value)) return value.toLowerCase()
  throw new RpcFault(INVALID_PARAMS, `Invalid params: ${name} must be hex with 0x`)
}

export function hexListParam(value: unknown, name: string): string[] {
  if (!Array.isArray(value)) throw new RpcFault(INVALID_PARAMS, `Invalid params: ${name} must be a list`)
  return value.map((item) => hexParam(item, name))
}
