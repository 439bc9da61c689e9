import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '@wattfleet/protocol'
import { EmbeddedChain } from './chain.ts'
import type { EmbeddedConfig } from './config.ts'
import { wasmExecutor } from './executor.ts'
import { buildGenesis, CODE_KEY } from './genesis.ts'
import { serveRpc } from './server.ts'
import { openBlockStore } from './store.ts'
import { requireSameVersion } from './version.ts'

/** The runtime that the repository carries, compiled from the sources beside it. */
const WASM_PATH = join(import.meta.dirname, '..', '..', 'runtime', 'wattfleet_runtime.wasm')

export interface RunningChain {
  readonly port: number
  readonly chain: EmbeddedChain
  stop(): Promise<void>
}

/**
 * Opens the chain kept in `stateDir`, or makes a new one by the genesis configuration, and serves it. It makes no block by
 * itself. Throws Fault `config` where the chain that is kept there has a runtime of another version.
 */
export async function openEmbeddedChain(config: EmbeddedConfig, clock: Clock): Promise<RunningChain> {
  mkdirSync(config.stateDir, { recursive: true })
  const store = openBlockStore(join(config.stateDir, 'chain.sqlite'))
  const executor = wasmExecutor()
  const close = async () => {
    await executor.stop()
    store.close()
  }
  try {
    const code = `0x${readFileSync(WASM_PATH).toString('hex')}`
    const head = store.head()
    if (head === undefined) {
      const genesis = await buildGenesis(executor, code, config.genesis)
      store.append(genesis.block, genesis.changes)
    } else {
      const kept = store.at(head.number).get(CODE_KEY) ?? ''
      await requireSameVersion(executor, kept, code, config.stateDir)
    }
    const chain = new EmbeddedChain(store, executor, clock)
    const server = await serveRpc(chain, { host: config.host, port: config.port, name: 'Wattfleet Development' })
    return {
      port: server.port,
      chain,
      async stop() {
        await server.stop()
        await close()
      },
    }
  } catch (error) {
    // the executor's thread would keep a process alive that has nothing left to do
    await close()
    throw error
  }
}
