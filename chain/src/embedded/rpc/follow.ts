import { randomBytes } from 'node:crypto'
import { messageOf } from '@wattfleet/protocol'
import type { BlockNews, EmbeddedChain } from '../chain.ts'
import { CODE_KEY } from '../genesis.ts'
import type { StoredBlock } from '../store.ts'
import { runtimeVersion } from './runtime.ts'

/** Final blocks told at the start: about a minute of them, so that who comes back finds where it was. */
const INITIAL_BLOCKS = 10
/** Blocks that a client may keep pinned, as in Substrate's nodes: at one every 6 seconds, 50 minutes of unpinning none. */
const MAX_PINNED = 512
/** What a client may have under way at once: as many as the specification has every server take. */
export const MAX_OPERATIONS = 16

/** Something under way for a follower, that tells of itself by events on the follower's subscription. */
export interface Operation {
  readonly id: string
  /** Tells of progress; nothing once the operation or the following has ended. */
  send(event: object): void
  /** Tells the last event and makes room for another operation. */
  end(event: object): void
  /** What goes on when the client says so. */
  resume: (() => void) | undefined
}

async function runtimeOf(chain: EmbeddedChain, block: StoredBlock): Promise<object> {
  try {
    const { specName, implName, specVersion, implVersion, transactionVersion, apis } = await runtimeVersion(
      chain,
      block,
    )
    const spec = { specName, implName, specVersion, implVersion, transactionVersion, apis: Object.fromEntries(apis) }
    return { type: 'valid', spec }
  } catch (error) {
    return { type: 'invalid', error: messageOf(error) }
  }
}

/**
 * One client's view of the chain's head (`chainHead_v1_follow` of the JSON-RPC interface specification): the blocks it
 * was told of and has not unpinned, and its operations. Every block is best and final as it is made, so there are no
 * forks, and nothing is ever pruned.
 */
export class Follow {
  readonly withRuntime: boolean
  #chain: EmbeddedChain
  #maxPinned: number
  #pinned = new Map<string, StoredBlock>()
  #operations = new Map<string, { readonly operation: Operation; readonly places: number }>()
  #send: (event: object) => void = () => {}
  #following = false
  /** Events go out one after the other, though a runtime's version takes a while to ask for. */
  #told: Promise<void> = Promise.resolve()

  constructor(chain: EmbeddedChain, withRuntime: boolean, maxPinned = MAX_PINNED) {
    this.#chain = chain
    this.#maxPinned = maxPinned
    this.withRuntime = withRuntime
  }

  /** Begins to tell; `onStop` hears that there is no more, said to the client already. Yields what ends it. */
  start(send: (event: object) => void, onStop: () => void): () => void {
    this.#send = send
    this.#following = true
    const tell = (task: () => Promise<void>) => {
      this.#told = this.#told.then(task).catch(() => this.#stop(onStop))
    }
    const head = this.#chain.head()
    tell(() => this.#initialize(head))
    const quiet = this.#chain.onBlock((news) => tell(() => this.#report(news, onStop)))
    return () => {
      this.#following = false
      quiet()
      this.#operations.clear()
      this.#pinned.clear()
    }
  }

  pinned(hash: string): StoredBlock | undefined {
    return this.#pinned.get(hash)
  }

  unpin(hashes: readonly string[]): void {
    for (const hash of hashes) this.#pinned.delete(hash)
  }

  /** Places left for operations. */
  free(): number {
    let free = MAX_OPERATIONS
    for (const { places } of this.#operations.values()) free -= places
    return free
  }

  begin(places: number): Operation {
    const id = randomBytes(8).toString('hex')
    const send = (event: object) => {
      if (this.#operations.has(id)) this.#send({ ...event, operationId: id })
    }
    const end = (event: object) => {
      send(event)
      this.#operations.delete(id)
    }
    const operation: Operation = { id, send, end, resume: undefined }
    this.#operations.set(id, { operation, places })
    return operation
  }

  operation(id: string): Operation | undefined {
    return this.#operations.get(id)?.operation
  }

  abandon(id: string): void {
    this.#operations.delete(id)
  }

  async #initialize(head: StoredBlock): Promise<void> {
    const finalizedBlockRuntime = this.withRuntime ? await runtimeOf(this.#chain, head) : undefined
    if (!this.#following) return
    for (let number = Math.max(0, head.number - INITIAL_BLOCKS + 1); number <= head.number; number += 1) {
      const block = this.#chain.store.byNumber(number)
      if (block !== undefined) this.#pinned.set(block.hash, block)
    }
    const initialized = { event: 'initialized', finalizedBlockHashes: [...this.#pinned.keys()] }
    this.#send(this.withRuntime ? { ...initialized, finalizedBlockRuntime } : initialized)
    this.#send({ event: 'bestBlockChanged', bestBlockHash: head.hash })
  }

  async #report({ block, changes }: BlockNews, onStop: () => void): Promise<void> {
    const newRuntime = this.withRuntime && changes.has(CODE_KEY) ? await runtimeOf(this.#chain, block) : null
    if (!this.#following) return
    if (this.#pinned.size >= this.#maxPinned) return this.#stop(onStop)
    this.#pinned.set(block.hash, block)
    const parentBlockHash = this.#chain.store.byNumber(block.number - 1)?.hash
    const newBlock = { event: 'newBlock', blockHash: block.hash, parentBlockHash }
    this.#send(this.withRuntime ? { ...newBlock, newRuntime } : newBlock)
    this.#send({ event: 'bestBlockChanged', bestBlockHash: block.hash })
    this.#send({ event: 'finalized', finalizedBlockHashes: [block.hash], prunedBlockHashes: [] })
  }

  #stop(onStop: () => void): void {
    if (!this.#following) return
    this.#send({ event: 'stop' })
    onStop()
  }
}
