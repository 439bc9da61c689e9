import { bnToU8a, compactAddLength, compactToU8a, hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util'
import { blake2AsHex, xxhashAsHex } from '@polkadot/util-crypto'
import { type Clock, Fault, invariant, messageOf } from '@wattfleet/protocol'
import type { Executor, RuntimeCalls } from './executor.ts'
import { CODE_KEY } from './genesis.ts'
import { encodeHeader, extrinsicsRootOf } from './header.ts'
import { type Applied, Pool, readApplied, requireValid, validationParams, type Waiting } from './pool.ts'
import { type BlockStore, overlay, type StorageView, type StoredBlock } from './store.ts'

/** What became of a waiting extrinsic, for those who watch it. */
export type ExtrinsicNews =
  | { readonly state: 'included'; readonly block: StoredBlock }
  | { readonly state: 'refused'; readonly reason: string }

/** A block and the keys that it changed. */
export interface BlockNews {
  readonly block: StoredBlock
  readonly changes: ReadonlyMap<string, string | null>
}

interface Refused {
  readonly waiting: Waiting
  readonly reason: string
}

interface Executed {
  readonly header: string
  readonly changes: Map<string, string | null>
  readonly extrinsics: readonly string[]
  readonly refused: readonly Refused[]
}

/** Aura's slot in milliseconds: twice the timestamp pallet's least period. */
const AURA_SLOT_MS = 6_000
const TIMESTAMP_KEY = xxhashAsHex('Timestamp', 128) + xxhashAsHex('Now', 128).slice(2)
/** Timestamp is pallet 1 and `set` its call 0; the extrinsic is a bare one of version 5. */
const BARE_EXTRINSIC_TIMESTAMP_SET = [5, 1, 0]

function timestampInherent(nowMs: number): string {
  return u8aToHex(compactAddLength(u8aConcat(BARE_EXTRINSIC_TIMESTAMP_SET, compactToU8a(nowMs))))
}

/**
 * A chain of one, that executes the project's real runtime and makes a block whenever its clock says so. Every block is
 * final at once, and kept.
 */
export class EmbeddedChain {
  readonly store: BlockStore
  readonly pool = new Pool()
  #executor: Executor
  #clock: Clock
  #blockListeners = new Set<(news: BlockNews) => void>()
  #watchers = new Map<string, Set<(news: ExtrinsicNews) => void>>()
  /** Blocks are made one after the other, whoever asks. */
  #making: Promise<unknown> = Promise.resolve()

  constructor(store: BlockStore, executor: Executor, clock: Clock) {
    this.store = store
    this.#executor = executor
    this.#clock = clock
  }

  head(): StoredBlock {
    const head = this.store.head()
    invariant(head !== undefined, 'a chain has a genesis block')
    return head
  }

  /** The chain's own time at a block, UTC Unix milliseconds. */
  timestampMs(number = this.head().number): number {
    const now = this.store.at(number).get(TIMESTAMP_KEY)
    return now === undefined ? 0 : Number(Buffer.from(now.slice(2), 'hex').readBigUInt64LE())
  }

  code(view: StorageView): string {
    const code = view.get(CODE_KEY)
    invariant(code !== undefined, 'a chain has a runtime')
    return code
  }

  /** Calls a runtime API at a block; nothing it changes is kept. Throws Fault `chain`. */
  async call(method: string, params: string, number: number): Promise<string> {
    const view = this.store.at(number)
    return (await this.#executor.call(this.code(view), [[method, params]], view)).result
  }

  /** Takes an extrinsic for a block to come. Throws RpcFault where the runtime refuses it. */
  async submit(extrinsic: string): Promise<Waiting> {
    const head = this.head()
    const validity = await this.call(
      'TaggedTransactionQueue_validate_transaction',
      validationParams(extrinsic, head.hash),
      head.number,
    )
    requireValid(validity)
    return this.pool.add(extrinsic)
  }

  onBlock(listener: (news: BlockNews) => void): () => void {
    this.#blockListeners.add(listener)
    return () => this.#blockListeners.delete(listener)
  }

  /** Tells once what became of an extrinsic that waits. */
  watch(hash: string, listener: (news: ExtrinsicNews) => void): () => void {
    const watchers = this.#watchers.get(hash) ?? new Set()
    this.#watchers.set(hash, watchers.add(listener))
    return () => watchers.delete(listener)
  }

  /**
   * Makes blocks until aborted: one every `intervalMs` of the clock, and after half of that already when extrinsics wait.
   * Never more than one in a slot of Aura's.
   */
  async produce(intervalMs: number, signal: AbortSignal, onFault: (fault: unknown) => void): Promise<void> {
    while (!signal.aborted) {
      const lastMs = this.timestampMs()
      await this.#clock.until(Math.max(nextBlockMs(lastMs), lastMs + intervalMs / 2), signal)
      await this.#untilDueOrAsked(lastMs + intervalMs, signal)
      if (signal.aborted) return
      try {
        await this.makeBlock()
      } catch (error) {
        onFault(error)
        await this.#clock.until(this.#clock.nowMs() + intervalMs, signal)
      }
    }
  }

  async #untilDueOrAsked(dueMs: number, signal: AbortSignal): Promise<void> {
    const asked = new AbortController()
    const stop = () => asked.abort()
    signal.addEventListener('abort', stop, { once: true })
    const quiet = this.pool.onWaiting(stop)
    await this.#clock.until(dueMs, asked.signal)
    quiet()
    signal.removeEventListener('abort', stop)
  }

  /** One block at the clock's time, with what waits. Throws Fault `chain` when the clock has not reached a new Aura slot. */
  makeBlock(): Promise<StoredBlock> {
    const made = this.#making.then(() => this.#makeBlock())
    this.#making = made.catch(() => {})
    return made
  }

  async #makeBlock(): Promise<StoredBlock> {
    const parent = this.head()
    const nowMs = this.#clock.nowMs()
    if (nowMs < nextBlockMs(this.timestampMs(parent.number))) {
      throw new Fault('chain', 'no block before the next Aura slot', { retryable: true })
    }
    const auraSlot = Math.floor(nowMs / AURA_SLOT_MS)
    const opening = encodeHeader({ parentHash: parent.hash, number: parent.number + 1, auraSlot })
    const inherent = timestampInherent(nowMs)
    const { header, changes, extrinsics, refused } = await this.#execute(
      this.store.at(parent.number),
      opening,
      inherent,
    )
    const block = { number: parent.number + 1, hash: blake2AsHex(hexToU8a(header), 256), header, extrinsics }
    this.store.append(block, changes)
    this.#announce(block, changes, refused)
    return block
  }

  /**
   * All in one task, which loads the runtime once. The header's root over the extrinsics tells whether all of them were
   * taken; where one was not, they are tried one by one.
   */
  async #execute(base: StorageView, opening: string, inherent: string): Promise<Executed> {
    const code = this.code(base)
    const waiting = this.pool.list()
    const extrinsics = [inherent, ...waiting.map(({ extrinsic }) => extrinsic)]
    const apply: RuntimeCalls = extrinsics.map((extrinsic) => ['BlockBuilder_apply_extrinsic', extrinsic])
    try {
      const calls: RuntimeCalls = [['Core_initialize_block', opening], ...apply, ['BlockBuilder_finalize_block', '0x']]
      const { result, changes } = await this.#executor.call(code, calls, base)
      const root = await this.#executor.extrinsicsRoot(extrinsics)
      if (extrinsicsRootOf(result) === root) return { header: result, changes, extrinsics, refused: [] }
    } catch (error) {
      // the runtime trapped on one of them; where it was none of those that wait, there is nothing left to try
      if (waiting.length === 0) throw error
    }
    return this.#executeOneByOne(base, code, opening, inherent, waiting)
  }

  async #executeOneByOne(
    base: StorageView,
    code: string,
    opening: string,
    inherent: string,
    waiting: readonly Waiting[],
  ): Promise<Executed> {
    const begin: RuntimeCalls = [
      ['Core_initialize_block', opening],
      ['BlockBuilder_apply_extrinsic', inherent],
    ]
    const { result, changes } = await this.#executor.call(code, begin, base)
    const timestamp = readApplied(result)
    if (timestamp !== 'included') throw new Fault('chain', `the timestamp was refused: ${JSON.stringify(timestamp)}`)
    const extrinsics = [inherent]
    const refused: Refused[] = []
    for (const one of waiting) {
      const applied = await this.#apply(code, one, overlay(base, changes), changes)
      if (applied === 'included') extrinsics.push(one.extrinsic)
      else if (applied !== 'later') refused.push({ waiting: one, reason: applied.refused })
    }
    const end: RuntimeCalls = [['BlockBuilder_finalize_block', '0x']]
    const closed = await this.#executor.call(code, end, overlay(base, changes))
    for (const [key, value] of closed.changes) changes.set(key, value)
    return { header: closed.result, changes, extrinsics, refused }
  }

  async #apply(
    code: string,
    waiting: Waiting,
    view: StorageView,
    changes: Map<string, string | null>,
  ): Promise<Applied> {
    try {
      const done = await this.#executor.call(code, [['BlockBuilder_apply_extrinsic', waiting.extrinsic]], view)
      const applied = readApplied(done.result)
      if (applied === 'included') for (const [key, value] of done.changes) changes.set(key, value)
      return applied
    } catch (error) {
      // the runtime trapped on it: without effect, and never again
      return { refused: messageOf(error) }
    }
  }

  #announce(block: StoredBlock, changes: ReadonlyMap<string, string | null>, refused: readonly Refused[]): void {
    for (const { waiting } of refused) this.pool.remove(waiting.hash)
    const included = new Set(block.extrinsics)
    const done = this.pool.list().filter(({ extrinsic }) => included.has(extrinsic))
    for (const { hash } of done) this.pool.remove(hash)
    for (const listener of this.#blockListeners) listener({ block, changes })
    for (const { hash } of done) this.#tell(hash, { state: 'included', block })
    for (const { waiting, reason } of refused) this.#tell(waiting.hash, { state: 'refused', reason })
  }

  #tell(hash: string, news: ExtrinsicNews): void {
    for (const listener of this.#watchers.get(hash) ?? []) listener(news)
    this.#watchers.delete(hash)
  }
}

/** When the next block may be: in a later slot of Aura's, and half a slot after the last (the timestamp pallet's rule). */
function nextBlockMs(lastMs: number): number {
  const nextSlotMs = (Math.floor(lastMs / AURA_SLOT_MS) + 1) * AURA_SLOT_MS
  return Math.max(nextSlotMs, lastMs + AURA_SLOT_MS / 2)
}

/** SCALE of a u32, as runtime APIs take it. */
export function encodeU32(value: number): string {
  return u8aToHex(bnToU8a(value, { bitLength: 32, isLe: true }))
}
