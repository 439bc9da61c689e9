import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readOrMakeAccount } from '@wattfleet/chain'
import { openEmbeddedChain, type RunningChain } from '@wattfleet/chain/embedded'
import { DEFAULT_RULES, manualClock } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
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
    const known = readOrMakeAccount(join(folder, 'known.seed')).id
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
          endowed: [operator, known],
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

  it.each(['known', 'stranger'])('names the account where it is not the operator: one that is %s', async (name) => {
    const seedPath = join(folder, `${name}.seed`)
    const { id } = readOrMakeAccount(seedPath)
    const { signal } = controller
    const [endpoints, stateDir] = [[`ws://127.0.0.1:${running.port}`], join(folder, name)]
    const other = await openRegistrar({ endpoints, operatorSeedPath: seedPath, stateDir, community: COMMUNITY }, signal)
    const site = { site: hex32().slice(0, 32), member: hex32(), zone: 1, capImportWh: 1, capExportWh: 1 }
    try {
      await expect(other.ensureSite({ ...site, community: COMMUNITY }, signal)).rejects.toThrow(
        new RegExp(
          `^set-site: .*: is ${id} the operator of community ${COMMUNITY} on this chain, with money for fees\\?$`,
        ),
      )
    } finally {
      await other.close()
    }
  })
})
