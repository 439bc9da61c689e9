import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualClock } from '@wattfleet/protocol'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { finalizedBlocks } from '../../src/client/blocks.ts'
import { type ChainConnection, connectChain, type Patience } from '../../src/client/connection.ts'
import { openEmbeddedChain } from '../../src/embedded/start.ts'
import { START_S } from '../fixture.ts'
import { type NodeFront, nodeFront } from '../node-front.ts'
import { type ServedChain, servedChain } from '../served.ts'
import { type Upgrade, upgrade, upgradedRuntime } from '../upgraded-runtime.ts'

/** Where the machine has much else to do. */
const SOON = 60_000
const HASTE: Patience = { reconnectMs: 50, watchMs: 100, signOfLifeMs: 15_000, catchUpMs: 500, stalledMs: 60_000 }

describe('one connection over several nodes', { timeout: 120_000 }, () => {
  const ends: (() => Promise<unknown> | unknown)[] = []
  let upgraded: Upgrade
  beforeAll(async () => {
    upgraded = await upgradedRuntime()
  })
  afterEach(async () => {
    for (const end of ends.splice(0).reverse()) await end()
  })

  const chainOf = async (): Promise<ServedChain> => {
    const chain = await servedChain()
    ends.push(chain.stop)
    return chain
  }
  const nodesOf = async (...chains: ServedChain[]): Promise<NodeFront[]> => {
    const nodes = await Promise.all(chains.map(({ url }) => nodeFront(url)))
    for (const node of nodes) ends.push(node.die)
    return nodes
  }
  const connect = async (nodes: readonly { url: string }[], patience: Partial<Patience> = {}) => {
    const said: string[] = []
    const controller = new AbortController()
    const endpoints = nodes.map(({ url }) => url)
    const tell = (endpoint: string, fate: string, why: string) => {
      const [now, next] = upgraded.versions
      const of = why.replace(`runtime ${now}`, 'this runtime').replace(`runtime ${next}`, 'the next runtime')
      said.push(`${'ABCD'[endpoints.indexOf(endpoint)]} ${fate}: ${of}`)
    }
    const connection = await connectChain(endpoints, controller.signal, tell, { ...HASTE, ...patience })
    ends.push(
      () => connection.close(),
      () => controller.abort(),
    )
    return { connection, said }
  }
  /** Follows from block 0 and yields the numbers of blocks as they come. */
  const follow = (connection: ChainConnection) => {
    const [seen, stop] = [[] as number[], new AbortController()]
    const ended = finalizedBlocks(connection).follow(0, ({ number }) => void seen.push(number), stop.signal)
    ended.catch(() => {})
    ends.push(
      () => ended.catch(() => {}),
      () => stop.abort(),
    )
    return { seen, ended }
  }

  it('moves on to the next when one dies, in seconds, and is told of blocks there', async () => {
    const chain = await chainOf()
    const [a, b] = (await nodesOf(chain, chain)) as [NodeFront, NodeFront]
    // as patient as it is in earnest
    const { connection, said } = await connect([a, b], { reconnectMs: 1_000, watchMs: 5_000 })
    const { seen } = follow(connection)
    await vi.waitFor(() => expect(seen).toEqual([0]), SOON)
    const diedAt = performance.now()
    await a.die()
    await chain.block()
    await vi.waitFor(() => expect(seen).toEqual([0, 1]), SOON)
    expect(performance.now() - diedAt).toBeLessThan(SOON / 4)
    await vi.waitFor(() => expect(b.asked).toContain('chain_subscribeFinalizedHeads'))
    expect(connection.finalizedBlock()).toBe(1)
    await chain.block()
    // by the subscription: nobody asks for a head in this moment
    await vi.waitFor(() => expect(connection.finalizedBlock()).toBe(2), SOON)
    expect(said).toEqual(['A connected: this runtime', 'A lost: it went away', 'B connected: this runtime'])
  })

  it('leaves one that is silent', async () => {
    const chain = await chainOf()
    const [a, b] = (await nodesOf(chain, chain)) as [NodeFront, NodeFront]
    const { connection, said } = await connect([a, b], { signOfLifeMs: 1_000 })
    a.silent = true
    await vi.waitFor(() => expect(said.at(-1)).toBe('B connected: this runtime'), SOON)
    expect(said[1]).toBe('A lost: no sign of life')
    expect(await connection.head()).toMatchObject({ number: 0 })
  })

  it('asks a question again that a broken connection left open', async () => {
    const chain = await chainOf()
    const [a] = (await nodesOf(chain)) as [NodeFront]
    const { connection } = await connect([a])
    a.answer = (method) => {
      if (method !== 'system_name') return undefined
      a.answer = () => undefined
      void a.die().then(a.rise)
      return undefined
    }
    expect(await connection.ask('its name', ({ request }) => request('system_name', []))).toBe('wattfleet-embedded')
    expect(a.asked.filter((method) => method === 'system_name')).toHaveLength(2)
  })

  it('takes an answer that is an error for an answer', async () => {
    const chain = await chainOf()
    const [a] = (await nodesOf(chain)) as [NodeFront]
    const { connection } = await connect([a])
    const asked = connection.ask('nonsense', ({ request }) => request('author_submitExtrinsic', ['0x00']))
    await expect(asked).rejects.toThrow(/nonsense: 1002/)
    expect(a.asked.filter((method) => method === 'author_submitExtrinsic')).toHaveLength(1)
  })

  it('knows a runtime that was upgraded while it was away, and reads the blocks of before', async () => {
    const chain = await chainOf()
    const [a, b] = (await nodesOf(chain, chain)) as [NodeFront, NodeFront]
    const { connection, said } = await connect([a, b])
    const versions = () =>
      connection.ask('versions', async ({ api, request }) => {
        const { specVersion } = await request<{ specVersion: number }>('state_getRuntimeVersion', [])
        return [api.runtimeVersion.specVersion.toNumber(), specVersion]
      })
    await Promise.all([a.die(), b.die()])
    await upgrade(chain, upgraded, 0)
    await b.rise()
    expect(await versions()).toEqual([upgraded.versions[1], upgraded.versions[1]])
    expect(said).toContain('B connected: the next runtime')
    const { seen } = follow(connection)
    await vi.waitFor(() => expect(seen).toEqual([0, 1]), SOON)
  })

  it('makes itself anew when the runtime is upgraded before its eyes', async () => {
    const chain = await chainOf()
    const [a, b] = (await nodesOf(chain, chain)) as [NodeFront, NodeFront]
    const { connection, said } = await connect([a, b])
    const { seen } = follow(connection)
    await upgrade(chain, upgraded, 0)
    await vi.waitFor(() => expect(said.at(-1)).toBe('A connected: the next runtime'), SOON)
    const version = await connection.ask('version', async ({ api }) => api.runtimeVersion.specVersion.toNumber())
    expect(version).toBe(upgraded.versions[1])
    await chain.block()
    await vi.waitFor(() => expect(seen).toEqual([0, 1, 2]), SOON)
  })

  it('refuses a node of another chain, says so, and goes on to the next', async () => {
    const [chain, other] = [await chainOf(), await chainOf()]
    const [a, b, c] = (await nodesOf(chain, other, chain)) as [NodeFront, NodeFront, NodeFront]
    const { connection, said } = await connect([a, b, c])
    await a.die()
    await vi.waitFor(() => expect(said.at(-1)).toBe('C connected: this runtime'), SOON)
    expect(said.find((text) => text.startsWith('B'))).toMatch(
      new RegExp(
        `^B refused: ${b.url} serves chain ${other.config.genesis.chainId} .*not ${chain.config.genesis.chainId} `,
      ),
    )
    await chain.block()
    expect((await connection.headFrom(1, AbortSignal.timeout(5_000))).number).toBe(1)
  })

  it('fails for good where no endpoint serves its chain any more', async () => {
    const [chain, other] = [await chainOf(), await chainOf()]
    const [a] = (await nodesOf(chain)) as [NodeFront]
    const { connection } = await connect([a])
    const port = Number(new URL(a.url).port)
    const following = follow(connection)
    await a.die()
    const impostor = await openEmbeddedChain(
      { ...other.config, stateDir: join(other.config.stateDir, 'b'), port },
      manualClock(START_S * 1000),
    )
    ends.push(impostor.stop)
    await expect(following.ended).rejects.toThrow(/serves chain/)
    await expect(connection.head()).rejects.toMatchObject({ code: 'chain', retryable: false })
  })

  it('refuses a node with another history of the same chain', async () => {
    const chain = await chainOf()
    const stateDir = mkdtempSync(join(tmpdir(), 'wattfleet-history-'))
    ends.push(() => rmSync(stateDir, { recursive: true, force: true }))
    // another chain from the same genesis: its first block comes at another time
    const clock = manualClock(START_S * 1000)
    cpSync(chain.config.stateDir, stateDir, { recursive: true })
    const twin = await openEmbeddedChain({ ...chain.config, stateDir, port: 0 }, clock)
    ends.push(twin.stop)
    await clock.advance(60_000)
    await twin.chain.makeBlock()
    await chain.block()
    const [a] = (await nodesOf(chain)) as [NodeFront]
    const { connection, said } = await connect([a, { url: `ws://127.0.0.1:${twin.port}` }])
    const { seen } = follow(connection)
    await vi.waitFor(() => expect(seen).toEqual([0, 1]), SOON)
    await a.die()
    await vi.waitFor(() => expect(said.at(-1)).toMatch(/^B refused: .* has block 0x[0-9a-f]{64} at 1, where 0x/), SOON)
    await a.rise()
    await chain.block()
    await vi.waitFor(() => expect(seen).toEqual([0, 1, 2]), SOON)
  })

  it('does not go back to what a node knows that is behind, and goes on once it has caught up', async () => {
    const chain = await chainOf()
    const [a, b] = (await nodesOf(chain, chain)) as [NodeFront, NodeFront]
    for (let number = 1; number <= 3; number += 1) await chain.block()
    const old = chain.running.chain.store.byNumber(1)?.hash
    b.bend = (method, result) => (method === 'chain_getFinalizedHead' ? old : result)
    const { connection, said } = await connect([a, b])
    const { seen } = follow(connection)
    await vi.waitFor(() => expect(seen).toEqual([0, 1, 2, 3]), SOON)
    await a.die()
    await vi.waitFor(() => expect(said.at(-1)).toMatch(/^B lost: .* is behind: at block 1, 3 is final/), SOON)
    expect(connection.finalizedBlock()).toBeUndefined()
    await chain.block()
    b.bend = (_, result) => result
    await vi.waitFor(() => expect(seen).toEqual([0, 1, 2, 3, 4]), SOON)
    expect(await connection.head()).toMatchObject({ number: 4 })
  })

  it('prefers another to a node that is still syncing', async () => {
    const chain = await chainOf()
    const [a, b] = (await nodesOf(chain, chain)) as [NodeFront, NodeFront]
    a.bend = (method, result) => (method === 'system_health' ? { ...(result as object), isSyncing: true } : result)
    const { said } = await connect([a, b])
    expect(said).toEqual([expect.stringMatching(/^A lost: .* is behind/), 'B connected: this runtime'])
  })

  it('leaves a node whose finality stands still for one that knows more, and only for such a one', async () => {
    const chain = await chainOf()
    const [a, b] = (await nodesOf(chain, chain)) as [NodeFront, NodeFront]
    const genesis = chain.running.chain.head().hash
    a.bend = (method, result) => (method === 'chain_getFinalizedHead' ? genesis : result)
    a.tells = false
    const { connection, said } = await connect([a, b], { stalledMs: 1_000 })
    // nothing is known there that is not known here
    await vi.waitFor(
      () => expect(b.asked.filter((method) => method === 'system_health').length).toBeGreaterThan(1),
      SOON,
    )
    expect(said).toEqual(['A connected: this runtime'])
    await chain.block()
    await vi.waitFor(() => expect(said.at(-1)).toBe('B connected: this runtime'), SOON)
    expect(await connection.head()).toMatchObject({ number: 1 })
  })
})
