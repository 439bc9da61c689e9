import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { signedRemark } from './support/remark.ts'
import { makeValidators, type Validators } from './support/validators.ts'

/** A minute more than a block and its finality take on a busy machine. */
const PATIENCE_MS = 120_000
const ALL = [0, 1, 2, 3] as const

let network: Validators

/** Resolves when each of these has finalized at least this block. */
const finalize = (nodes: readonly number[], number: number) =>
  network.until(`block ${number} is final at ${nodes.join(', ')}`, PATIENCE_MS, async () => {
    const heads = await Promise.all(nodes.map((node) => network.heads(node)))
    return heads.every(({ finalized }) => finalized >= number)
  })

/** Resolves when each of these has finalized the extrinsic; yields the blocks it is in. */
const finalizeExtrinsic = (nodes: readonly number[], extrinsic: string, from: number) =>
  network.until(`the extrinsic is final at ${nodes.join(', ')}`, PATIENCE_MS, async () => {
    const blocks = await Promise.all(nodes.map((node) => network.finalizedWith(node, extrinsic, from)))
    return blocks.every((block) => block !== undefined) && blocks
  })

const peersOf = async (node: number) => (await network.rpc<{ peers: number }>(node, 'system_health')).peers

/** In the order of writing: each test goes on where the one before it ended. */
describe('four validators', () => {
  beforeAll(async () => {
    // one of them on the other implementation of the network: they have to understand each other
    const args = (index: number) => (index === 3 ? ['--network-backend', 'libp2p'] : [])
    network = await makeValidators({ count: 4, preset: 'local', args })
    await Promise.all(ALL.map((node) => network.start(node)))
  })
  afterAll(() => network?.stop())

  it('find each other through the bootnodes', async () => {
    await network.until('each has three peers', PATIENCE_MS, async () => {
      const peers = await Promise.all(ALL.map(peersOf))
      return peers.every((count) => count === 3)
    })
  })

  it('finalize the same blocks', async () => {
    await finalize(ALL, 2)
    const hashes = await Promise.all(ALL.map((node) => network.hashAt(node, 2)))
    expect(new Set(hashes).size).toBe(1)
  })

  it('finalize at all what was entered at one', async () => {
    const { finalized } = await network.heads(3)
    const extrinsic = await signedRemark(network.rpcPort(3), 'entered at one')
    await network.rpc(3, 'author_submitExtrinsic', extrinsic)
    const blocks = await finalizeExtrinsic(ALL, extrinsic, finalized)
    expect(new Set(blocks).size).toBe(1)
  })

  it('go on finalizing without one, which catches up when it returns', async () => {
    await network.kill(0)
    const { best } = await network.heads(1)
    await finalize([1, 2, 3], best + 2)
    await network.start(0)
    const { finalized } = await network.heads(1)
    await finalize([0], finalized)
    expect(await network.hashAt(0, finalized)).toBe(await network.hashAt(1, finalized))
  })

  it('finalize nothing without two, lose neither blocks nor what waits, and go on when they return', async () => {
    await Promise.all([network.kill(0), network.kill(1)])
    // votes of the dead on blocks up to this one may be under way
    const { best: last } = await network.heads(2)
    const waiting = await signedRemark(network.rpcPort(2), 'entered without finality')
    await network.rpc(2, 'author_submitExtrinsic', waiting)
    const stalled = await network.until('blocks without finality', PATIENCE_MS, async () => {
      const heads = await network.heads(3)
      return heads.best >= last + 4 && heads
    })
    expect(stalled.finalized).toBeLessThanOrEqual(last)
    const kept = await network.hashAt(3, last + 2)

    await Promise.all([network.start(0), network.start(1)])
    await finalize(ALL, last + 2)
    const hashes = await Promise.all(ALL.map((node) => network.hashAt(node, last + 2)))
    expect(hashes).toEqual(ALL.map(() => kept))
    const blocks = await finalizeExtrinsic(ALL, waiting, stalled.finalized)
    expect(new Set(blocks).size).toBe(1)
  })

  it('finalize what was entered at the last one standing, when the others return', async () => {
    await Promise.all([network.kill(0), network.kill(1), network.kill(2)])
    const { finalized } = await network.heads(3)
    const waiting = await signedRemark(network.rpcPort(3), 'entered at the last')
    await network.rpc(3, 'author_submitExtrinsic', waiting)
    await Promise.all([network.start(0), network.start(1), network.start(2)])
    await finalizeExtrinsic(ALL, waiting, finalized)
  })
})
