import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type Account, accountFromSeed } from '../../src/client/account.ts'
import { connectChain } from '../../src/client/connection.ts'
import { chainQueries } from '../../src/client/queries.ts'
import { fileSubmissionStore, type SubmissionStore } from '../../src/client/submission-store.ts'
import { createSubmitter } from '../../src/client/submitter.ts'
import { COMMUNITY, hex32 } from '../fixture.ts'
import { type NodeFront, nodeFront } from '../node-front.ts'
import { type ServedChain, servedChain } from '../served.ts'

/** Where the machine has much else to do. */
const SOON = 60_000
const HASTE = { reconnectMs: 50, watchMs: 100, signOfLifeMs: 15_000, catchUpMs: 500 }
const setSite = (site: string) =>
  ({ call: 'set-site', site, community: COMMUNITY, member: hex32(), zone: 1, capImportWh: 5, capExportWh: 5 }) as const
const site16 = () => randomBytes(16).toString('hex')

/*
 * What a network of validators does to an extrinsic, played by an embedded chain behind nodes whose answers are bent: it
 * loses it, holds it for invalid, has it in a block that is not final, does not know it.
 */
describe('an extrinsic on a network of validators', { timeout: 180_000 }, () => {
  const ends: (() => Promise<unknown> | unknown)[] = []
  let chain: ServedChain
  let a: NodeFront
  let b: NodeFront
  afterEach(async () => {
    vi.useRealTimers()
    for (const end of ends.splice(0).reverse()) await end()
  })

  const start = async (account?: Account) => {
    chain = await servedChain()
    a = await nodeFront(chain.url)
    b = await nodeFront(chain.url)
    ends.push(chain.stop, a.die, b.die)
    return process(account ?? chain.account)
  }
  /** One process of this account, over both nodes; `dies` ends it as a crash would. */
  const process = async (account: Account) => {
    const stop = new AbortController()
    const connection = await connectChain([a.url, b.url], stop.signal, undefined, HASTE)
    const store = fileSubmissionStore(join(chain.config.stateDir, 'extrinsic.json'))
    const submitter = createSubmitter(connection, account, store)
    const dies = async () => {
      stop.abort()
      await connection.close()
    }
    ends.push(dies)
    return { submitter, store, signal: stop.signal, queries: chainQueries(connection), dies, connection }
  }
  it('is of one chain: what another chain’s record says is not waited for', async () => {
    const { submitter, store, signal } = await start()
    store.save({ chain: 'ab'.repeat(32), endedBy: 40_000 })
    await expect(submitter.submit(setSite(site16()), signal)).rejects.toMatchObject({
      code: 'chain',
      retryable: false,
      message: expect.stringContaining(`extrinsics of chain ${'ab'.repeat(32)} on record`),
    })
    expect(store.load().endedBy).toBe(40_000)
  })

  const waiting = () => chain.running.chain.pool.list().map(({ extrinsic }) => extrinsic)
  const inPool = () => vi.waitFor(() => expect(waiting()).toHaveLength(1), SOON)
  const sends = (node: NodeFront) => node.asked.filter((method) => method === 'author_submitExtrinsic').length
  /** The node takes extrinsics and does nothing with them. */
  const swallow = (node: NodeFront) => {
    node.answer = (method) => (method === 'author_submitExtrinsic' ? { result: `0x${'00'.repeat(32)}` } : undefined)
  }
  /** Finality of both nodes stays at this block while blocks go on. */
  const holdFinality = (number: number) => {
    const hash = chain.running.chain.store.byNumber(number)?.hash
    for (const node of [a, b]) {
      node.bend = (method, result) => (method === 'chain_getFinalizedHead' ? hash : result)
      node.tells = false
    }
  }
  const release = () => {
    for (const node of [a, b]) node.bend = (_, result) => result
  }
  const pendingOf = (store: SubmissionStore) => store.load().pending

  it('that one node had when it died is sent to the next, which does not know it', async () => {
    const { submitter, signal, queries } = await start()
    swallow(a)
    const site = site16()
    const submitted = submitter.submit(setSite(site), signal)
    await vi.waitFor(() => expect(sends(a)).toBe(1), SOON)
    await a.die()
    await inPool()
    await chain.block()
    expect(await submitted).toEqual({ ok: true, block: 1 })
    expect(await queries.site(site)).toMatchObject({ capImportWh: 5 })
  })

  it('that vanished from its node is said again, and enters once', async () => {
    const { submitter, signal } = await start()
    swallow(a)
    vi.useFakeTimers({ toFake: ['performance'] })
    const submitted = submitter.submit(setSite(site16()), signal)
    await vi.waitFor(() => expect(sends(a)).toBe(1), SOON)
    a.answer = () => undefined
    vi.advanceTimersByTime(31_000)
    await inPool()
    await chain.block()
    expect(await submitted).toEqual({ ok: true, block: 1 })
  })

  it('is not given up for what a node says of it while it is in a block that is not final', async () => {
    const { submitter, signal } = await start()
    await chain.block()
    holdFinality(1)
    const submitted = submitter.submit(setSite(site16()), signal)
    let ended = false
    void submitted.then(() => {
      ended = true
    })
    await inPool()
    await chain.block()
    // another node: the nonce is taken there, by this very extrinsic
    const before = sends(b)
    await a.die()
    await vi.waitFor(() => expect(sends(b)).toBe(before + 1), SOON)
    await chain.block()
    expect(ended).toBe(false)
    release()
    expect(await submitted).toEqual({ ok: true, block: 2 })
  })

  it('is over only when finalized blocks are past its era, whatever a node says before', async () => {
    const { submitter, signal, store } = await start()
    swallow(a)
    const submitted = submitter.submit(setSite(site16()), signal)
    let ended = false
    void submitted.then(() => {
      ended = true
    })
    await vi.waitFor(() => expect(sends(a)).toBe(1), SOON)
    const until = pendingOf(store)?.until ?? 0
    b.answer = (method) =>
      method === 'author_submitExtrinsic'
        ? ({ error: { code: 1010, message: 'Invalid Transaction' } } as never)
        : undefined
    await a.die()
    await vi.waitFor(() => expect(sends(b)).toBe(1), SOON)
    for (let number = 1; number < until; number += 1) await chain.block()
    await vi.waitFor(() => expect(b.asked.filter((method) => method === 'chain_getBlock').length).toBe(until - 1), SOON)
    expect(ended).toBe(false)
    await chain.block()
    expect(await submitted).toEqual({ ok: false, effect: 'died', error: 'Invalid Transaction' })
    expect(store.load()).toMatchObject({ endedBy: until })
    expect(store.load().pending).toBeUndefined()
  })

  it('that no node has ever taken is over at once', async () => {
    const { submitter, signal, store } = await start(accountFromSeed(randomBytes(32)))
    const submission = await submitter.submit(setSite(site16()), signal)
    expect(submission).toMatchObject({ ok: false, effect: 'died' })
    expect(pendingOf(store)).toBeUndefined()
  })

  it('signed for a runtime that was upgraded meanwhile is signed again under the same nonce', async () => {
    chain = await servedChain()
    ends.push(chain.stop)
    const before = async () => {
      const node = await nodeFront(chain.url)
      ends.push(node.die)
      // the chain before its upgrade: what is signed for that runtime, the one after it does not take
      node.bend = (method, result) => {
        return /untimeVersion$/.test(method) ? { ...(result as object), specVersion: 0 } : result
      }
      return node
    }
    ;[a, b] = [await before(), await before()]
    const { submitter, signal, store, queries } = await process(chain.account)
    swallow(a)
    const site = site16()
    const submitted = submitter.submit(setSite(site), signal)
    await vi.waitFor(() => expect(sends(a)).toBe(1), SOON)
    const first = pendingOf(store)
    expect(first).toMatchObject({ nonce: 0, specVersion: 0, earlier: [] })
    release()
    await a.die()
    await inPool()
    expect(pendingOf(store)).toMatchObject({ nonce: 0, earlier: [first?.bytes] })
    expect(pendingOf(store)?.specVersion).toBeGreaterThan(0)
    expect(waiting()).toEqual([pendingOf(store)?.bytes])
    await chain.block()
    expect(await submitted).toEqual({ ok: true, block: 1 })
    expect(await queries.site(site)).toMatchObject({ capImportWh: 5 })
  })

  it('is not signed with a nonce that a node behind does not know to be used', async () => {
    const first = await start()
    const one = first.submitter.submit(setSite(site16()), first.signal)
    await inPool()
    await chain.block()
    expect(await one).toEqual({ ok: true, block: 1 })
    await first.dies()

    // a new process, and both nodes are a block behind
    holdFinality(0)
    const second = await process(chain.account)
    const two = second.submitter.submit(setSite(site16()), second.signal)
    await vi.waitFor(
      () => expect(a.asked.filter((m) => m === 'chain_getFinalizedHead').length).toBeGreaterThan(4),
      SOON,
    )
    expect(pendingOf(second.store)).toBeUndefined()
    release()
    await inPool()
    await chain.block()
    expect(await two).toEqual({ ok: true, block: 2 })
  })

  it('enters while finality stands still, and is final when it goes on', async () => {
    const { submitter, signal, store } = await start()
    holdFinality(0)
    for (let number = 1; number <= 70; number += 1) await chain.block()
    const submitted = submitter.submit(setSite(site16()), signal)
    await inPool()
    // behind the best block, but not as far as what is final: that era would be over
    expect(pendingOf(store)).toMatchObject({ after: 0, until: 70 - 32 + 63 })
    await chain.block()
    expect(waiting()).toEqual([])
    release()
    expect(await submitted).toEqual({ ok: true, block: 71 })
  })
})
