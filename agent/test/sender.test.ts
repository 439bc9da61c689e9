import { manualClock, type UpKind } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { memoryOutbox } from '../src/adapters/memory-outbox.ts'
import type { HubWord } from '../src/ports.ts'
import { createSender, SEND_WINDOW } from '../src/sender.ts'
import { memoryLog, testSeal } from './support/fixtures.ts'
import { orderDraft, receipt } from './support/outbox-contract.ts'

/** A sender over a link that counts what is published, `count` orders in its outbox. */
function sending(count: number) {
  const clock = manualClock(0)
  const outbox = memoryOutbox(testSeal(), 1)
  const messages = outbox.commit({ drafts: Array.from({ length: count }, () => orderDraft()), nowMs: 0 })
  const sender = createSender(outbox, clock, () => 0, memoryLog())
  const stop = new AbortController()
  const published: { atMs: number; kind: UpKind }[] = []
  const running = sender.run(stop.signal)
  return {
    clock,
    outbox,
    messages,
    sender,
    published,
    session: { publish: (kind: UpKind) => void published.push({ atMs: clock.nowMs(), kind }) },
    hear(word: HubWord) {
      outbox.hear([word])
      if (word.kind === 'receipt') sender.settled(word.value.hash)
    },
    async stop() {
      stop.abort()
      await running
    },
  }
}

describe('createSender', () => {
  it('sends nothing without a connection', async () => {
    const one = sending(3)
    await one.clock.advance(600_000)
    expect(one.published).toEqual([])
    await one.stop()
  })

  it('publishes again after ever longer waits, until the receipt comes', async () => {
    const one = sending(1)
    one.sender.up(one.session)
    await one.clock.advance(0)
    await one.clock.advance(40_000)
    expect(one.published.map(({ atMs }) => atMs)).toEqual([0, 2_000, 6_000, 14_000, 30_000])
    const [message] = one.messages
    if (message !== undefined) one.hear(receipt(message))
    await one.clock.advance(600_000)
    expect(one.published).toHaveLength(5)
    await one.stop()
  })

  it('takes everything as due on a new connection', async () => {
    const one = sending(1)
    one.sender.up(one.session)
    await one.clock.advance(0)
    await one.clock.advance(20_000)
    const before = one.published.length
    one.sender.down()
    await one.clock.advance(1_000)
    one.sender.up(one.session)
    await one.clock.advance(0)
    expect(one.published.slice(before)).toEqual([{ atMs: 21_000, kind: 'order' }])
    await one.stop()
  })

  it('has no more than a window on the way, and moves on with each receipt', async () => {
    const one = sending(SEND_WINDOW + 5)
    one.sender.up(one.session)
    await one.clock.advance(0)
    expect(one.published).toHaveLength(SEND_WINDOW)
    for (const message of one.messages.slice(0, 3)) one.hear(receipt(message))
    await one.clock.advance(0)
    expect(one.published).toHaveLength(SEND_WINDOW + 3)
    await one.stop()
  })
})
