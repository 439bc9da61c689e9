import { randomBytes } from 'node:crypto'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import { DEFAULT_RULES } from '@wattfleet/protocol'
import { type Account, accountFromSeed } from '../src/client/account.ts'
import { type ChainConnection, connectChain } from '../src/client/connection.ts'
import type { Session } from '../src/client/session.ts'
import { genesisPatch } from '../src/embedded/genesis.ts'
import { makeValidators } from '../test/network/support/validators.ts'

export const COMMUNITY = 1
/** Until one, or all, see each other and finalize. */
const START_TIMEOUT_MS = 180_000
/** Room in the pool of transactions for all that waits at a time. */
const POOL = ['--pool-limit', '100000', '--pool-kbytes', '131072']
/** A node that executes full blocks on a busy machine is slow to answer, and not gone. */
const PATIENCE = { signOfLifeMs: 120_000, stalledMs: 600_000 }
const SENDERS = 8

/** A network of real nodes on loopback with one community, and accounts that can pay for extrinsics. */
export interface BenchNetwork {
  readonly connection: ChainConnection
  /** The one connection to one node that everything is sent over. */
  readonly session: Session
  /** Operator, relayer and matching engine. */
  readonly engine: Account
  /** Send plain transfers. */
  readonly senders: readonly Account[]
  stop(): Promise<void>
}

function genesisOf(engine: Account, senders: readonly Account[]): object {
  const hex = () => randomBytes(32).toString('hex')
  const roles = (['operator', 'relayer', 'matchingEngine'] as const).map((role) => ({ role, account: engine.id }))
  const { feeMicro, ...figures } = DEFAULT_RULES
  const rules = { community: COMMUNITY, ...figures, feeMicro: [feeMicro[0], feeMicro[1]] as [number, number] }
  const community = { rules, balancing: hex(), gridOperator: hex() }
  return genesisPatch({ chainId: hex(), community, roles, endowed: [engine, ...senders].map(({ id }) => id) }) as object
}

/** Starts so many validators; resolves when they finalize. */
export async function startNetwork(count: 1 | 4): Promise<BenchNetwork> {
  await cryptoWaitReady()
  const [engine, ...senders] = Array.from({ length: 1 + SENDERS }, () => accountFromSeed(randomBytes(32)))
  if (engine === undefined) throw new Error('no account')
  const preset = count === 1 ? 'development' : 'local'
  const nodes = await makeValidators({ count, preset, patch: genesisOf(engine, senders), args: () => POOL })
  const all = Array.from({ length: count }, (_, index) => index)
  const controller = new AbortController()
  try {
    await Promise.all(all.map((index) => nodes.start(index)))
    await nodes.until('all finalize', START_TIMEOUT_MS, async () => {
      const heads = await Promise.all(all.map((index) => nodes.heads(index)))
      return heads.every(({ finalized }) => finalized >= 1)
    })
    const connection = await connectChain(
      [`ws://127.0.0.1:${nodes.rpcPort(0)}`],
      controller.signal,
      undefined,
      PATIENCE,
    )
    const session = await connection.ask('a session', async (session) => session)
    return {
      ...{ connection, session, engine, senders },
      async stop() {
        controller.abort()
        await connection.close()
        await nodes.stop()
      },
    }
  } catch (error) {
    controller.abort()
    await nodes.stop()
    throw error
  }
}
