import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { connectChain } from '../../src/client/connection.ts'
import { command, nodeProgram, RUNTIME } from './support/program.ts'
import { makeValidators, type Validators } from './support/validators.ts'

const PATIENCE_MS = 120_000

describe('the node on the command line', () => {
  const program = nodeProgram()

  it('says what to do where no chain is named', async () => {
    await expect(command(program, [])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/--chain FILE\.json.*export-chain-spec/),
    })
  })

  it('names a specification that is not there', async () => {
    await expect(command(program, ['--chain', '/nowhere.json'])).rejects.toThrow('/nowhere.json')
  })

  it("lists the runtime's presets", async () => {
    const { stdout } = await command(program, ['export-chain-spec', '--runtime', RUNTIME, '--list-presets'])
    expect(stdout.trim().split('\n')).toContain('development')
  })

  it('refuses a preset that the runtime has not, naming those it has', async () => {
    const args = ['export-chain-spec', '--runtime', RUNTIME, '--preset', 'nonsense']
    await expect(command(program, args)).rejects.toThrow(/no preset 'nonsense'.*development/)
  })

  it('refuses a patch that the runtime cannot build a first block from', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'wattfleet-patch-'))
    try {
      const patch = join(folder, 'patch.json')
      writeFileSync(patch, JSON.stringify({ aura: { authorities: ['nobody'] } }))
      const args = ['export-chain-spec', '--runtime', RUNTIME, '--preset', 'development', '--patch', patch]
      await expect(command(program, args)).rejects.toThrow(/authorities|nobody|address/)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('makes and shows keys', async () => {
    const made = await command(program, ['key', 'generate', '--output-type', 'json', '--scheme', 'ed25519'])
    const { secretPhrase, publicKey } = JSON.parse(made.stdout) as Record<string, string>
    const args = ['key', 'inspect', '--output-type', 'json', '--scheme', 'ed25519', secretPhrase ?? '']
    expect(JSON.parse((await command(program, args)).stdout)).toMatchObject({ publicKey })
  })
})

/** In the order of writing: each test goes on where the one before it ended. */
describe('one validator on the development preset', () => {
  let node: Validators

  beforeAll(async () => {
    node = await makeValidators({ count: 1, preset: 'development' })
    await node.start(0)
  })
  afterAll(() => node?.stop())

  const finalizedFrom = (number: number) =>
    node.until(`block ${number} is final`, PATIENCE_MS, async () => {
      const { finalized } = await node.heads(0)
      return finalized >= number && finalized
    })

  it('makes blocks and finalizes them', async () => {
    expect(await finalizedFrom(1)).toBeGreaterThanOrEqual(1)
  })

  it('serves what clients ask for', async () => {
    const { methods } = await node.rpc<{ methods: string[] }>(0, 'rpc_methods')
    expect(methods).toEqual(
      expect.arrayContaining([
        'author_submitAndWatchExtrinsic',
        'chainHead_v1_follow',
        'chainSpec_v1_genesisHash',
        'grandpa_proveFinality',
        'payment_queryInfo',
        'state_subscribeRuntimeVersion',
        'system_accountNextIndex',
        'transactionWatch_v1_submitAndWatch',
      ]),
    )
  })

  it("gives @polkadot/api the exchange's metadata", async () => {
    const connection = await connectChain([`ws://127.0.0.1:${node.rpcPort(0)}`], AbortSignal.timeout(30_000))
    const pallets = await connection.ask('its pallets', async ({ api }) => {
      return api.runtimeMetadata.asLatest.pallets.map(({ name }) => String(name))
    })
    await connection.close()
    expect(pallets).toEqual(expect.arrayContaining(['Aura', 'Grandpa', 'Registry', 'Vault', 'Orderbook', 'Settlement']))
  })

  it('answers Prometheus', async () => {
    const response = await fetch(`http://127.0.0.1:${node.prometheusPort(0)}/metrics`)
    expect(await response.text()).toMatch(
      /^substrate_block_height\{status="finalized",chain="test-development"\} \d+$/m,
    )
  })

  it('keeps its blocks when it is killed', async () => {
    const finalized = await finalizedFrom(2)
    const hash = await node.hashAt(0, finalized)
    await node.kill(0)
    await node.start(0)
    expect(await node.hashAt(0, finalized)).toBe(hash)
    await finalizedFrom(finalized + 1)
  })

  it('ends in order, then exports its blocks and forgets them', async () => {
    const { finalized } = await node.heads(0)
    await node.end(0)
    const where = ['--chain', node.spec, '--base-path', node.basePath(0)]
    const file = join(node.basePath(0), 'blocks.json')
    await command(node.program, ['export-blocks', ...where, '--to', String(finalized), file])
    expect(readFileSync(file, 'utf8').match(/"number"/g)).toHaveLength(finalized)
    const info = await command(node.program, ['chain-info', ...where])
    expect(JSON.parse(info.stdout)).toMatchObject({ finalized_hash: expect.stringMatching(/^0x[0-9a-f]{64}$/) })
    await command(node.program, ['purge-chain', '-y', ...where])
    const after = await command(node.program, ['chain-info', ...where])
    expect(JSON.parse(after.stdout)).toMatchObject({ finalized_number: 0 })
  })
})
