import { randomBytes } from 'node:crypto'
import { calculateStateRoot, destroyWorker, runTask } from '@acala-network/chopsticks-core'
import { compactToU8a, u8aToHex } from '@polkadot/util'
import { Fault } from '@wattfleet/protocol'
import type { StorageView } from './store.ts'

/** What a call into the runtime returned and changed. */
export interface CallResult {
  /** SCALE, hex with 0x */
  readonly result: `0x${string}`
  readonly changes: Map<string, string | null>
}

export type RuntimeCalls = readonly (readonly [method: string, ...params: string[]])[]

/** Executes the real runtime's WebAssembly on some state. */
export interface Executor {
  /** Runs calls one after the other, each seeing what those before changed; yields the last one's result and all changes. Throws Fault `chain` where the runtime traps. */
  call(code: string, calls: RuntimeCalls, state: StorageView): Promise<CallResult>
  /** The ordered trie's root over a block's extrinsics, as the runtime computes it for its header. */
  extrinsicsRoot(extrinsics: readonly string[]): Promise<string>
  stop(): Promise<void>
}

/** Extrinsics are hashed by the trie's first layout while the runtime's `system_version` is below 2. */
const EXTRINSICS_TRIE_VERSION = 0

/** `0x` and the 32 bytes that name a pallet and one of its storage items. */
const ITEM_PREFIX_CHARS = 2 + 2 * 32

/**
 * The executor asks for the next key without saying under which prefix; the runtime only ever walks one storage item, so
 * looking beyond it would read every dead key of the chain's history for nothing.
 */
function scopeOf(prefix: string, key: string): string {
  return prefix.length > 2 ? prefix : key.slice(0, ITEM_PREFIX_CHARS)
}

/** Storage is not hashed into a root here: no light client follows a development chain. */
export function wasmExecutor(): Executor {
  return {
    async call(code, calls, state) {
      const task = {
        wasm: code as `0x${string}`,
        calls: calls.map(([method, ...params]): [string, `0x${string}`[]] => [method, params as `0x${string}`[]]),
        mockSignatureHost: false,
        allowUnresolvedImports: false,
        runtimeLogLevel: 0,
      }
      const answer = await runTask(task, {
        getStorage: async (key) => state.get(key) as `0x${string}` | undefined,
        getNextKey: async (prefix, key) => state.nextKey(scopeOf(prefix, key), key) as `0x${string}` | undefined,
        // the embedded chain runs no off-chain worker
        offchainGetStorage: async () => undefined as never,
        offchainTimestamp: async () => Date.now(),
        offchainRandomSeed: async () => `0x${randomBytes(32).toString('hex')}`,
        offchainSubmitTransaction: async () => false,
      })
      if ('Error' in answer) throw new Fault('chain', `the runtime refused ${calls.at(-1)?.[0]}: ${answer.Error}`)
      // a deleted key comes without a value
      const changes = answer.Call.storageDiff.map(([key, value]): [string, string | null] => [key, value ?? null])
      return { result: answer.Call.result, changes: new Map(changes) }
    },
    async extrinsicsRoot(extrinsics) {
      const entries = extrinsics.map((extrinsic, index) => [u8aToHex(compactToU8a(index)), extrinsic])
      return calculateStateRoot(entries as [`0x${string}`, `0x${string}`][], EXTRINSICS_TRIE_VERSION)
    },
    stop: destroyWorker,
  }
}
