import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualClock } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { claimAt } from '../src/certified.ts'
import { claimWatch } from '../src/claim-watch.ts'
import { beginAfresh } from '../src/former.ts'
import type { Link, LinkEvents } from '../src/ports.ts'
import { testCa } from './support/certificates.ts'
import { memoryLog } from './support/fixtures.ts'
import { memoryFiles } from './support/remote.ts'

const MINUTE_MS = 60_000
const [FIRST, OTHER] = ['ab'.repeat(32), 'cd'.repeat(32)]
const { certificatePem: caPem } = testCa()
const textOf = (claim: string) => JSON.stringify({ url: 'https://127.0.0.1:1', caPem, claim })

describe('a gateway that runs, and another claim', () => {
  let folder: string
  let path: string
  let stop: AbortController
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'claim-'))
    path = join(folder, 'claim.json')
    stop = new AbortController()
  })
  afterEach(() => {
    stop.abort()
    rmSync(folder, { recursive: true })
  })

  /** Enrolled with the first claim, and connected. */
  function watched() {
    const clock = manualClock(0)
    const files = memoryFiles()
    writeFileSync(path, textOf(FIRST))
    beginAfresh(files, [], FIRST, memoryLog())
    const parts = { claim: () => claimAt(path)?.claim, files, transport: clock, log: memoryLog() }
    const watch = claimWatch(parts)
    const heard: string[] = []
    let link: LinkEvents | undefined
    const inner: Link = {
      async run(events) {
        link = events
      },
    }
    const outer: LinkEvents = {
      ...{ opening: () => undefined, message: () => {} },
      ...{ up: () => void heard.push('up'), down: (reason) => void heard.push(reason) },
    }
    void watch.over(inner).run(outer, stop.signal)
    let others = 0
    void watch.run(stop.signal, () => void others++)
    const up = () => link?.up({ publish() {} })
    const down = () => link?.down('closed')
    up()
    return { clock, files, heard, up, down, others: () => others }
  }

  it('looks at it once the broker did not have it for five minutes, not while it is connected', async () => {
    const one = watched()
    writeFileSync(path, textOf(OTHER))
    await one.clock.advance(60 * MINUTE_MS)
    one.down()
    await one.clock.advance(4 * MINUTE_MS)
    one.up()
    await one.clock.advance(4 * MINUTE_MS)
    one.down()
    await one.clock.advance(5 * MINUTE_MS - 1)
    expect(one.others()).toBe(0)
    await one.clock.advance(MINUTE_MS)
    expect(one.others()).toBe(1)
    await one.clock.advance(60 * MINUTE_MS)
    expect(one.others()).toBe(1)
    expect(one.heard).toEqual(['up', 'closed', 'up', 'closed'])
  })

  it('takes a claim that comes while it is shut out', async () => {
    const one = watched()
    one.down()
    await one.clock.advance(60 * MINUTE_MS)
    writeFileSync(path, textOf(OTHER))
    await one.clock.advance(MINUTE_MS)
    expect(one.others()).toBe(1)
  })

  it.each([
    ['the same', () => {}],
    ['gone', () => rmSync(path)],
    ['half written', () => writeFileSync(path, textOf(OTHER).slice(0, -9))],
    ['no claim', () => writeFileSync(path, '{}')],
  ])('goes on where the claim is %s', async (_, change) => {
    const one = watched()
    change()
    one.down()
    await one.clock.advance(60 * MINUTE_MS)
    expect(one.others()).toBe(0)
  })

  it.each([
    ['not known, as in a state of before', (texts: Map<string, string>) => texts.delete('claimed.json')],
    ['damaged', (texts: Map<string, string>) => texts.set('claimed.json', '{')],
  ])('goes on where the claim that it came by is %s', async (_, change) => {
    const one = watched()
    change(one.files.texts)
    writeFileSync(path, textOf(OTHER))
    one.down()
    await one.clock.advance(60 * MINUTE_MS)
    expect(one.others()).toBe(0)
  })
})
