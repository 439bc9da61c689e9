import { u8aConcat, u8aToHex } from '@polkadot/util'
import { blake2AsHex } from '@polkadot/util-crypto'
import { RpcFault } from './rpc/fault.ts'

/** Most extrinsics that wait for a block: more than the exchange's few accounts ever have under way. */
const MAX_WAITING = 512

export interface Waiting {
  readonly hash: string
  readonly extrinsic: string
}

/** What became of an extrinsic that was taken for a block. */
export type Applied = 'included' | 'later' | { readonly refused: string }

/** TransactionValidityError::Invalid by its index (sp_runtime::transaction_validity::InvalidTransaction). */
const INVALID = [
  'Call',
  'Payment',
  'Future',
  'Stale',
  'BadProof',
  'AncientBirthBlock',
  'ExhaustsResources',
  'Custom',
  'BadMandatory',
  'MandatoryValidation',
  'BadSigner',
  'IndeterminateImplicit',
  'UnknownOrigin',
]
/** Those after which the same bytes may still enter a later block. */
const LATER = new Set(['Future', 'ExhaustsResources'])

/** Both results start alike: 0 is Ok; 1, 0, kind is Invalid; 1, 1, kind is Unknown. Yields the error's name. */
function errorOf(result: string): string | undefined {
  const [failed, unknown, kind = 0] = Buffer.from(result.slice(2), 'hex')
  if (failed === 0) return undefined
  return unknown === 1 ? `Unknown ${kind}` : (INVALID[kind] ?? `Invalid ${kind}`)
}

export function hashOf(extrinsic: string): string {
  return blake2AsHex(extrinsic, 256)
}

/** What `apply_extrinsic` answered. An extrinsic whose call failed is included all the same: it pays its fee. */
export function readApplied(result: string): Applied {
  const error = errorOf(result)
  if (error === undefined) return 'included'
  return LATER.has(error) ? 'later' : { refused: error }
}

/** The parameter of `validate_transaction`: from outside, at this block. */
export function validationParams(extrinsic: string, blockHash: string): string {
  return u8aToHex(u8aConcat([2], Buffer.from(extrinsic.slice(2), 'hex'), Buffer.from(blockHash.slice(2), 'hex')))
}

/** Throws what a node answers where the runtime refuses an extrinsic outright; one from the future may wait. */
export function requireValid(result: string): void {
  const error = errorOf(result)
  if (error !== undefined && !LATER.has(error)) throw new RpcFault(1010, 'Invalid Transaction', error)
}

/** Extrinsics that wait for a block, in the order in which they came. */
export class Pool {
  #waiting = new Map<string, Waiting>()
  #listeners = new Set<() => void>()

  add(extrinsic: string): Waiting {
    const hash = hashOf(extrinsic)
    const known = this.#waiting.get(hash)
    if (known !== undefined) return known
    if (this.#waiting.size >= MAX_WAITING) throw new RpcFault(1016, 'Immediately Dropped', 'the pool is full')
    const waiting = { hash, extrinsic }
    this.#waiting.set(hash, waiting)
    for (const listener of this.#listeners) listener()
    return waiting
  }

  /** Calls when something waits: at once if it does already. Yields what ends the listening. */
  onWaiting(listener: () => void): () => void {
    this.#listeners.add(listener)
    if (this.#waiting.size > 0) listener()
    return () => this.#listeners.delete(listener)
  }

  list(): readonly Waiting[] {
    return [...this.#waiting.values()]
  }

  remove(hash: string): void {
    this.#waiting.delete(hash)
  }
}
