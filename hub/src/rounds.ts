import type { BatchLimits, ChainCall, Submission, Submitter } from '@wattfleet/chain'
import { Fault, messageOf, pause } from '@wattfleet/protocol'
import type { Log, Progress } from './ports.ts'
import { BACK_OFF_MS, LOOK_AGAIN_MS, type Pulse } from './pulse.ts'

/* What the roles that submit to the chain, round after round, have in common. */

/** What an engine works with. */
export interface EngineOptions {
  readonly community: number
  readonly submitter: Submitter
  /** The chain's finalized head, while it can be asked. */
  readonly finalizedBlock: () => number | undefined
  /** Beaten when a block was indexed. */
  readonly indexed: Pulse
  readonly log: Log
}

/** Waits until the index holds a block, or gives up when aborted. */
export async function untilIndexed(
  progress: Progress,
  block: number,
  indexed: Pulse,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const seen = indexed.count
    if ((progress.head()?.number ?? -1) >= block) return
    await indexed.after(seen, LOOK_AGAIN_MS, signal)
  }
}

/** A node tells of a finalized block before its events are fetched and taken in: this far behind is no lag. */
const BLOCKS_UNDER_WAY = 2

/**
 * Whether the index is behind what the chain says is final: what is worked out from it then is old, and refused. While
 * the chain does not say how far it is, this is not known to be so.
 */
export function isBehind(progress: Progress, finalizedBlock: () => number | undefined): boolean {
  const finalized = finalizedBlock()
  return finalized !== undefined && (progress.head()?.number ?? -1) < finalized - BLOCKS_UNDER_WAY
}

/** Tries again after a fault that a retry can help; throws any other. */
export async function retrying<T>(log: Log, signal: AbortSignal, work: () => Promise<T>): Promise<T | undefined> {
  while (!signal.aborted) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof Fault && error.retryable)) throw error
      log.error({ fault: messageOf(error) }, 'tried again')
      await pause(BACK_OFF_MS, signal)
    }
  }
  return undefined
}

/** How many items a call may carry; undefined when the chain was not there to say before a stop. */
export async function limitsUnlessAborted(submitter: Submitter, signal: AbortSignal): Promise<BatchLimits | undefined> {
  try {
    return await submitter.limits(signal)
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

/** How a call ended; undefined when it was given up because of a stop. */
export async function submitUnlessAborted(
  submitter: Submitter,
  call: ChainCall,
  signal: AbortSignal,
): Promise<Submission | undefined> {
  try {
    return await submitter.submit(call, signal)
  } catch (error) {
    if (signal.aborted) return undefined
    throw error
  }
}

/** What the chain refuses is left alone for 1, 2, 4 … blocks, at most this many. */
const MOST_BLOCKS_OFF = 64

/** Who is left alone for how long, by name. */
export interface Penalties<K> {
  isOff(name: K, block: number): boolean
  /** Leaves it alone from this block on, twice as long as the last time. */
  punish(name: K, block: number): void
  forgive(name: K): void
}

export function createPenalties<K>(): Penalties<K> {
  const penalties = new Map<K, { readonly blocks: number; readonly until: number }>()
  return {
    isOff: (name, block) => (penalties.get(name)?.until ?? -1) > block,
    punish(name, block) {
      const blocks = Math.min(MOST_BLOCKS_OFF, (penalties.get(name)?.blocks ?? 0) * 2 || 1)
      penalties.set(name, { blocks, until: block + blocks })
    },
    forgive: (name) => void penalties.delete(name),
  }
}
