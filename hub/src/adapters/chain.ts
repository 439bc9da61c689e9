import { mkdirSync } from 'node:fs'
import type { FinalizedBlocks, Submitter } from '@wattfleet/chain'
import { openExchange, readAccount } from '@wattfleet/chain'

export interface ChainOptions {
  /** `ws://host:port` of a node's RPC. */
  readonly endpoint: string
}

/** What the hub holds of one connection to the chain. */
export interface ChainClient {
  readonly blocks: FinalizedBlocks
  /** The account of a seed file, its last extrinsic kept under `stateDir` so that a restart knows what it had signed. */
  submitter(seedPath: string, stateDir: string): Promise<Submitter>
  /** The registry's id of this chain, 32 bytes, hex. Waits for the chain. */
  chainId(): Promise<string>
  close(): Promise<void>
}

/** Opens the one connection of this process; it comes back by itself. Resolves at once, also while the chain is away. */
export async function openChain(options: ChainOptions, signal: AbortSignal): Promise<ChainClient> {
  const client = openExchange([options.endpoint], signal)
  return {
    blocks: client.blocks,
    async submitter(seedPath, stateDir) {
      mkdirSync(stateDir, { recursive: true })
      return client.submitter(readAccount(seedPath), stateDir)
    },
    chainId: async () => (await client.queries()).chainId(),
    close: () => client.close(),
  }
}
