import { join } from 'node:path'
import { Fault, unlessAborted } from '@wattfleet/protocol'
import type { FinalizedBlocks } from '../exchange.ts'
import type { Account } from './account.ts'
import { finalizedBlocks } from './blocks.ts'
import { type ChainConnection, connectChain, type OnNode } from './connection.ts'
import { batchLimits } from './limits.ts'
import { type ChainQueries, chainQueries } from './queries.ts'
import { fileSubmissionStore } from './submission-store.ts'
import { createSubmitter, type DurableSubmitter } from './submitter.ts'

/** Everything one process does with the chain, over its one connection. */
export interface ExchangeClient {
  readonly blocks: FinalizedBlocks
  /** The account's submitter; what it has under way is kept in `stateDir`. */
  submitter(account: Account, stateDir: string): DurableSubmitter
  /** Questions to finalized state, once there is a connection. */
  queries(): Promise<ChainQueries>
  /** Who follows blocks asks for the finalized head now, rather than at the next news of it. */
  look(): void
  /** Number of the chain's finalized head, while the chain can be asked. */
  finalizedBlock(): number | undefined
  close(): Promise<void>
}

/**
 * Opens at once, also while the chain is away: whatever is asked waits for the connection, which comes back by itself, over
 * whichever of the endpoints answers and serves the same chain as the first that did.
 */
export function openExchange(endpoints: readonly string[], signal: AbortSignal, onNode?: OnNode): ExchangeClient {
  let connected: ChainConnection | undefined
  const closing = new AbortController()
  const connecting = connectChain(endpoints, AbortSignal.any([signal, closing.signal]), onNode).then((connection) => {
    connected = connection
    return connection
  })
  connecting.catch(() => {})
  // measured once for all submitters
  const limits = connecting.then(batchLimits)
  limits.catch(() => {})
  const submitters = new Map<string, DurableSubmitter>()
  return {
    blocks: {
      async follow(from, onBlock, stop, before) {
        const connection = await connecting.catch((error: unknown) => {
          if (signal.aborted || stop.aborted) return undefined
          throw error
        })
        if (connection !== undefined) await finalizedBlocks(connection).follow(from, onBlock, stop, before)
      },
    },
    submitter(account, stateDir) {
      // an account with several roles still submits one extrinsic at a time
      const known = submitters.get(account.id)
      if (known !== undefined) return known
      const store = fileSubmissionStore(join(stateDir, `extrinsic-${account.id.slice(0, 16)}.json`))
      const ready = connecting.then(async (connection) => createSubmitter(connection, account, store, await limits))
      ready.catch(() => {})
      const submitter: DurableSubmitter = {
        account: account.id,
        limits: async (stop) => (await unlessStopped(ready, stop)).limits(stop),
        submit: async (call, stop) => (await unlessStopped(ready, stop)).submit(call, stop),
        finishLeft: async (stop) => (await unlessStopped(ready, stop)).finishLeft(stop),
      }
      submitters.set(account.id, submitter)
      return submitter
    },
    queries: async () => chainQueries(await connecting),
    look: () => connected?.look(),
    finalizedBlock: () => connected?.finalizedBlock(),
    async close() {
      closing.abort()
      const connection = await connecting.catch(() => undefined)
      await connection?.close()
    },
  }
}

/** What is awaited, unless its caller stops before: then a Fault `chain`. */
function unlessStopped<T>(awaited: Promise<T>, stop: AbortSignal): Promise<T> {
  return unlessAborted(awaited, stop, () => new Fault('chain', 'stopped while waiting for the chain'))
}
