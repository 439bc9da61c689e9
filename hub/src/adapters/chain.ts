import { type ChainQueries, type FinalizedBlocks, openExchange, readAccount, type Submitter } from '@wattfleet/chain'
import { Fault, pause } from '@wattfleet/protocol'
import type { Log } from '../ports.ts'
import { BACK_OFF_MS } from '../pulse.ts'

export interface ChainOptions {
  /** `ws://host:port` of each node's RPC, all of one chain, in the order in which they are tried. */
  readonly endpoints: readonly string[]
  readonly log: Log
}

/** What the hub holds of one connection to the chain. */
export interface ChainClient {
  readonly blocks: FinalizedBlocks
  /** The account of a seed file, its last extrinsic kept under `stateDir` so that a restart knows what it had signed. */
  submitter(seedPath: string, stateDir: string): Promise<Submitter>
  /** The registry's id of this chain, 32 bytes, hex. Waits for the chain; throws Fault `chain` when aborted before. */
  chainId(): Promise<string>
  /** Questions to finalized state, once there is a connection. */
  queries(): Promise<ChainQueries>
  /** Who follows blocks asks for the finalized head now. */
  look(): void
  /** The chain's finalized head, while it can be asked. */
  finalizedBlock(): number | undefined
  close(): Promise<void>
}

/** Opens the one connection of this process; it comes back by itself. Resolves at once, also while the chain is away. */
export async function openChain(options: ChainOptions, signal: AbortSignal): Promise<ChainClient> {
  const { endpoints, log } = options
  const client = openExchange(endpoints, signal, (endpoint, fate, why) => {
    const level = fate === 'connected' ? 'info' : fate === 'lost' ? 'warn' : 'error'
    log[level]({ endpoint, why }, `chain node ${fate}`)
  })
  return {
    blocks: client.blocks,
    finalizedBlock: client.finalizedBlock,
    submitter: async (seedPath, stateDir) => client.submitter(readAccount(seedPath), stateDir),
    async chainId() {
      while (!signal.aborted) {
        try {
          return await (await client.queries()).chainId()
        } catch (error) {
          if (!(error instanceof Fault && error.retryable)) throw error
          await pause(BACK_OFF_MS, signal)
        }
      }
      throw new Fault('chain', 'stopped before the chain said which one it is')
    },
    queries: client.queries,
    look: client.look,
    close: () => client.close(),
  }
}
