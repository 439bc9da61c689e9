import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualClock } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { openExchange } from '../../src/client/exchange-client.ts'
import { openEmbeddedChain, type RunningChain } from '../../src/embedded/start.ts'
import type { FinalizedBlock } from '../../src/exchange.ts'
import { COMMUNITY, configFor, hex32, roleAccounts, START_S } from '../fixture.ts'

const folders: string[] = []
const folder = () => {
  const path = mkdtempSync(join(tmpdir(), 'wattfleet-client-'))
  folders.push(path)
  return path
}
afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true })
})

const until = async (condition: () => boolean) => {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve))
}

/** Makes a block whenever something waits for one, until the submission has ended. */
async function blocksUntil<T>(ended: Promise<T>, running: RunningChain, block: (on: RunningChain) => Promise<unknown>) {
  let isOver = false
  const over = ended.finally(() => {
    isOver = true
  })
  while (!isOver) {
    if (running.chain.pool.list().length > 0) await block(running)
    else await new Promise((resolve) => setImmediate(resolve))
  }
  return over
}

function setUp() {
  const accounts = roleAccounts()
  const clock = manualClock(START_S * 1000)
  const config = configFor(folder(), hex32(), accounts)
  const block = async (running: RunningChain) => {
    await clock.advance(6_000)
    return running.chain.makeBlock()
  }
  return { accounts, clock, config, block }
}

const site16 = () => randomBytes(16).toString('hex')
const setSite = (site: string) =>
  ({
    call: 'set-site',
    site,
    community: COMMUNITY,
    member: 'aa'.repeat(32),
    zone: 1,
    capImportWh: 5,
    capExportWh: 5,
  }) as const

describe('the client', () => {
  it('follows finalized blocks without gap or repetition while the chain goes away and comes back', async () => {
    const { clock, config, block } = setUp()
    const first = await openEmbeddedChain(config, clock)
    const { port } = first
    const controller = new AbortController()
    const client = openExchange([`ws://127.0.0.1:${port}`], controller.signal)
    const seen: FinalizedBlock[] = []
    const following = client.blocks.follow(0, (one) => void seen.push(one), controller.signal)
    await block(first)
    const head = await block(first)
    await until(() => seen.length === 3)
    expect(seen[0]?.events).toMatchObject([{ type: 'community-set', rules: { community: COMMUNITY } }])
    await first.stop()

    const second = await openEmbeddedChain({ ...config, port }, clock)
    expect(second.chain.head()).toEqual(head)
    await block(second)
    await until(() => seen.length === 4)
    expect(seen.map(({ number }) => number)).toEqual([0, 1, 2, 3])
    expect(seen[3]?.timestampS).toBe(START_S + 18)
    controller.abort()
    await following
    await client.close()
    await second.stop()
  })

  it('finishes what it had signed before it died, once, before it signs anew', async () => {
    const { accounts, clock, config, block } = setUp()
    const running = await openEmbeddedChain(config, clock)
    const state = folder()
    const [one, two] = [site16(), site16()]

    const dying = new AbortController()
    const before = openExchange([`ws://127.0.0.1:${running.port}`], dying.signal)
    const lost = before.submitter(accounts.operator, state).submit(setSite(one), dying.signal)
    lost.catch(() => {})
    await until(() => running.chain.pool.list().length === 1)
    dying.abort()
    await expect(lost).rejects.toThrow('stopped')
    await before.close()

    const controller = new AbortController()
    const after = openExchange([`ws://127.0.0.1:${running.port}`], controller.signal)
    const submitted = after.submitter(accounts.operator, state).submit(setSite(two), controller.signal)
    // the extrinsic left over is still in the pool; the new one comes only after it is final
    expect(running.chain.pool.list()).toHaveLength(1)
    await block(running)
    expect(await blocksUntil(submitted, running, block)).toMatchObject({ ok: true })
    const queries = await after.queries()
    expect(await queries.site(one)).toMatchObject({ capImportWh: 5 })
    expect(await queries.site(two)).toMatchObject({ capImportWh: 5 })
    expect(await queries.site(site16())).toBeUndefined()
    controller.abort()
    await after.close()
    await running.stop()
  })

  it('says what the runtime refused, by its name', async () => {
    const { accounts, clock, config, block } = setUp()
    const running = await openEmbeddedChain(config, clock)
    const controller = new AbortController()
    const client = openExchange([`ws://127.0.0.1:${running.port}`], controller.signal)
    const submitter = client.submitter(accounts.operator, folder())
    const site = site16()
    const stranger = { ...setSite(site), member: 'bb'.repeat(32) }
    const ends = [
      [setSite(site), { ok: true, block: 1 }],
      [stranger, { ok: false, effect: 'included-without-effect', error: 'registry.SiteBelongsToAnother', block: 2 }],
    ] as const
    for (const [call, expected] of ends) {
      const submitted = submitter.submit(call, controller.signal)
      await until(() => running.chain.pool.list().length === 1)
      await block(running)
      expect(await submitted).toEqual(expected)
    }
    controller.abort()
    await client.close()
    await running.stop()
  })
})
