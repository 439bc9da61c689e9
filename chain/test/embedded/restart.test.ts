import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualClock } from '@wattfleet/protocol'
import { afterEach, expect, it } from 'vitest'
import { openEmbeddedChain, type RunningChain } from '../../src/embedded/start.ts'
import { START_S } from '../fixture.ts'
import { servedChain } from '../served.ts'

const ends: (() => Promise<unknown> | unknown)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

/** A chain's configuration in a folder of its own, which no process has open. */
async function folder() {
  const stateDir = mkdtempSync(join(tmpdir(), 'wattfleet-restart-'))
  const { config, stop } = await servedChain()
  await stop()
  ends.push(() => rmSync(stateDir, { recursive: true, force: true }))
  return { ...config, stateDir }
}

it('a chain that is opened again has all its blocks and states, and goes on from its head', {
  timeout: 180_000,
}, async () => {
  const config = await folder()
  const clock = manualClock(START_S * 1000)
  const first = await openEmbeddedChain(config, clock)
  for (let number = 1; number <= 3; number += 1) {
    await clock.advance(6_000)
    await first.chain.makeBlock()
  }
  const seen = ({ chain }: RunningChain) =>
    [0, 1, 2, 3].map((number) => [chain.store.byNumber(number), chain.timestampMs(number)])
  const before = seen(first)
  await first.stop()

  // genesis is made once: what the configuration says later does not matter
  const other = { ...config, genesis: { ...config.genesis, chainId: 'cd'.repeat(32) } }
  const second = await openEmbeddedChain(other, clock)
  ends.push(second.stop)
  expect(seen(second)).toEqual(before)
  await clock.advance(6_000)
  expect((await second.chain.makeBlock()).number).toBe(4)
  expect(second.chain.timestampMs()).toBe(clock.nowMs())
})

it('a chain whose clock was put back makes no block until the clock has passed its head', {
  timeout: 180_000,
}, async () => {
  const config = await folder()
  const ahead = manualClock(START_S * 1000)
  const first = await openEmbeddedChain(config, ahead)
  await ahead.advance(60_000)
  await first.chain.makeBlock()
  await first.stop()

  const clock = manualClock(START_S * 1000)
  const second = await openEmbeddedChain(config, clock)
  ends.push(second.stop)
  await expect(second.chain.makeBlock()).rejects.toThrow('no block before')
  await clock.advance(60_000)
  await expect(second.chain.makeBlock()).rejects.toThrow('no block before')
  await clock.advance(6_000)
  expect((await second.chain.makeBlock()).number).toBe(2)
  expect(second.chain.timestampMs()).toBe(clock.nowMs())
})
