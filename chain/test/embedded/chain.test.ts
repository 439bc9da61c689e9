import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ApiPromise, WsProvider } from '@polkadot/api'
import { manualClock } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { WASM_PATH } from '../../runtime-hash.ts'
import { accountFromSeed } from '../../src/client/account.ts'
import { EmbeddedChain, type ExtrinsicNews } from '../../src/embedded/chain.ts'
import { type Executor, wasmExecutor } from '../../src/embedded/executor.ts'
import { buildGenesis } from '../../src/embedded/genesis.ts'
import { serveRpc } from '../../src/embedded/server.ts'
import { openBlockStore } from '../../src/embedded/store.ts'
import { configFor, everyRole, hex32, START_S } from '../fixture.ts'

/** The real executor, and what it was asked for. */
function watched(executor: Executor) {
  const tasks: string[][] = []
  const watching: Executor = {
    ...executor,
    call(code, calls, state) {
      tasks.push(calls.map(([method]) => method))
      return executor.call(code, calls, state)
    },
  }
  return { watching, tasks }
}

describe('making a block', () => {
  const dir = mkdtempSync(join(tmpdir(), 'wattfleet-block-'))
  const operator = accountFromSeed(randomBytes(32))
  const clock = manualClock(START_S * 1000)
  const executor = wasmExecutor()
  const { watching, tasks } = watched(executor)
  const store = openBlockStore(join(dir, 'chain.sqlite'))
  const chain = new EmbeddedChain(store, watching, clock)
  let server: { port: number; stop(): Promise<void> }
  let api: ApiPromise

  beforeAll(async () => {
    const code = `0x${readFileSync(WASM_PATH).toString('hex')}`
    const genesis = await buildGenesis(executor, code, configFor(dir, hex32(), everyRole(operator)).genesis)
    store.append(genesis.block, genesis.changes)
    server = await serveRpc(chain, { host: '127.0.0.1', port: 0, name: 'test' })
    api = await ApiPromise.create({
      provider: new WsProvider(`ws://127.0.0.1:${server.port}`) as never,
      noInitWarn: true,
    })
  })
  afterAll(async () => {
    await api.disconnect()
    await server.stop()
    await executor.stop()
    store.close()
    rmSync(dir, { recursive: true, force: true })
  })

  const remark = async (nonce: number) => {
    const header = chain.head()
    const signed = api.tx.system?.remarkWithEvent?.('0x01')
    if (signed === undefined) throw new Error('the runtime has no remarks')
    return signed.sign(operator.pair, {
      blockHash: header.hash,
      era: api.createType('ExtrinsicEra', { current: header.number, period: 64 }),
      genesisHash: api.genesisHash,
      nonce,
      runtimeVersion: api.runtimeVersion,
    })
  }
  const block = async () => {
    await clock.advance(6_000)
    tasks.length = 0
    return chain.makeBlock()
  }

  it('loads the runtime once, whatever waits', async () => {
    const first = await remark(0)
    const second = await remark(1)
    await chain.submit(first.toHex())
    await chain.submit(second.toHex())
    const { extrinsics, number } = await block()
    expect(tasks).toHaveLength(1)
    expect(extrinsics.slice(1)).toEqual([first.toHex(), second.toHex()])
    expect(chain.pool.list()).toEqual([])
    const nonce = await api.rpc.system.accountNextIndex(operator.pair.address)
    expect([number, nonce.toNumber()]).toEqual([1, 2])
  })

  it('leaves out what the runtime refuses, says so, and keeps what is from the future', async () => {
    const [good, same, future] = [await remark(2), await remark(2), await remark(9)]
    const twin = api.createType('Extrinsic', same.toHex())
    twin.sign(operator.pair, {
      blockHash: chain.head().hash,
      era: api.createType('ExtrinsicEra', { current: chain.head().number, period: 32 }),
      genesisHash: api.genesisHash,
      nonce: 2,
      runtimeVersion: api.runtimeVersion,
    } as never)
    for (const extrinsic of [good.toHex(), twin.toHex(), future.toHex()]) await chain.submit(extrinsic)
    const news: ExtrinsicNews[] = []
    for (const { hash } of chain.pool.list()) chain.watch(hash, (one) => news.push(one))
    const { extrinsics } = await block()
    expect(extrinsics.slice(1)).toEqual([good.toHex()])
    expect(chain.pool.list().map(({ extrinsic }) => extrinsic)).toEqual([future.toHex()])
    expect(news).toEqual([
      { state: 'included', block: chain.head() },
      { state: 'refused', reason: 'Stale' },
    ])
  })

  it('refuses at once what can never enter', async () => {
    const stale = await remark(0)
    await expect(chain.submit(stale.toHex())).rejects.toMatchObject({ code: 1010, data: 'Stale' })
    await expect(api.rpc.author.submitExtrinsic(stale)).rejects.toThrow(/1010: Invalid Transaction/)
  })

  it('needs its clock to reach the next slot of Aura', async () => {
    const head = chain.head()
    await expect(chain.makeBlock()).rejects.toThrow('no block before the next Aura slot')
    expect(chain.head()).toEqual(head)
  })
})
