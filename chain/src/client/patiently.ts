import { Fault, messageOf, pause } from '@wattfleet/protocol'
import type { ChainConnection } from './connection.ts'
import type { Session } from './session.ts'

/** Between two attempts when a node does not answer. */
const RETRY_MS = 1_000

/**
 * What an attempt comes to, made as long as the chain is away, of one node after the other: one that fails `failures` times
 * in a row is left. Undefined when aborted. Rejects with what is not retryable.
 */
export async function patiently<T>(
  connection: ChainConnection,
  failures: number,
  attempt: () => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly value: T } | undefined> {
  for (let failed = 1; !signal.aborted; failed++) {
    try {
      return { value: await attempt() }
    } catch (error) {
      if (!(error instanceof Fault && error.retryable)) throw error
      if (failed % failures === 0) connection.leave(messageOf(error))
      await pause(RETRY_MS, signal)
    }
  }
  return undefined
}

/** The hash of a block of this height, `0x…`. Rejects with a retryable Fault `chain` where the node has none. */
export async function hashAt({ request }: Session, number: number): Promise<string> {
  const hash = await request<string | null>('chain_getBlockHash', [number])
  if (hash === null) throw new Fault('chain', `the node has no block ${number}`, { retryable: true })
  return hash
}
