import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOrMakeAccount } from '@wattfleet/chain'
import { openEmbeddedChain, type RunningChain } from '@wattfleet/chain/embedded'
import { DEFAULT_RULES, manualClock } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe } from 'vitest'
import { type ChainRegistrar, openRegistrar } from '../src/adapters/chain-registrar.ts'
import { registrarContract } from './fixtures/registrar-contract.ts'

const COMMUNITY = 3
const hex32 = () => randomBytes(32).toString('hex')

describe('the registrar on the chain', { timeout: 60_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-registrar-'))
  const operatorSeedPath = join(folder, 'operator.seed')
  const clock = manualClock(Date.parse('2026-05-16T10:00:00Z'))
  const controller = new AbortController()
  let running: RunningChain
  let registrar: ChainRegistrar
  let making: Promise<void>

  beforeAll(async () => {
    const operator = readOrMakeAccount(operatorSeedPath).id
    running = await openEmbeddedChain(
      {
        host: '127.0.0.1',
        port: 0,
        stateDir: join(folder, 'chain'),
        blockIntervalMs: 6_000,
        genesis: {
          chainId: hex32(),
          community: {
            rules: { community: COMMUNITY, ...DEFAULT_RULES, feeMicro: [1, 2] },
            balancing: hex32(),
            gridOperator: hex32(),
          },
          roles: [{ role: 'operator', account: operator }],
          endowed: [operator],
        },
      },
      clock,
    )
    // a block whenever something waits for one
    const make = async () => {
      while (!controller.signal.aborted) {
        if (running.chain.pool.list().length > 0) {
          await clock.advance(6_000)
          await running.chain.makeBlock()
        } else await new Promise((resolve) => setImmediate(resolve))
      }
    }
    making = make()
    const endpoints = [`ws://127.0.0.1:${running.port}`]
    const stateDir = join(folder, 'registrar')
    registrar = await openRegistrar({ endpoints, operatorSeedPath, stateDir, community: COMMUNITY }, controller.signal)
  })
  afterAll(async () => {
    controller.abort()
    await making
    await registrar.close()
    await running.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  registrarContract(async () => registrar, COMMUNITY)
})
