import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { openSessionJournal, type SessionJournal } from '../../src/adapters/session-journal.ts'
import type { Entry } from '../../src/core/queues.ts'
import { eventually } from '../fixtures/broker.ts'

const SILENT = pino({ level: 'silent' })
/** Pages of 4 KiB: the tables take some, about fifteen messages the others. */
const FEW_PAGES = 25

let dir: string
let journal: SessionJournal
let lines: { msg: string; unwritten?: number }[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wattfleet-journal-'))
  lines = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  journal = openSessionJournal(dir, log, FEW_PAGES)
})
afterEach(() => {
  vi.useRealTimers()
  journal.close()
  rmSync(dir, { recursive: true })
})

function entryOf(id: number): Entry {
  const packet = { cmd: 'publish', topic: 't', qos: 1, payload: Buffer.alloc(3_500, id) }
  return { id, clientId: 'a', packet, isFlying: false }
}

/** What a broker that starts now would find. */
function onDisk(): number[] {
  const other = openSessionJournal(dir, SILENT, FEW_PAGES)
  const { entries } = other.load()
  other.close()
  return entries.map(({ id }) => id)
}

async function filled(): Promise<number> {
  let id = 0
  while (journal.state().failures === 0) {
    journal.queued(entryOf(++id))
    await journal.flushed()
  }
  return id
}

describe('a journal that is full', () => {
  it('says so once, counts, and keeps what it has', async () => {
    const last = await filled()
    journal.queued(entryOf(last + 1))
    await journal.flushed()
    expect(journal.state()).toEqual({ unwritten: 2, failures: 2 })
    expect(lines.map(({ msg }) => msg)).toEqual([
      'sessions cannot be stored now: a crash would lose what is not written',
    ])
    expect(onDisk()).toEqual(Array.from({ length: last - 1 }, (_, n) => n + 1))
  })

  it('is tried once for all who wait for it, and not while they ask', async () => {
    vi.useFakeTimers()
    for (let id = 1; id <= 40; id++) journal.queued(entryOf(id)) // more than fits
    await vi.advanceTimersByTimeAsync(50)
    const told: number[] = []
    const ask = (n: number) => void journal.flushed().then(() => told.push(n))
    for (let n = 0; n < 200; n++) ask(n)
    expect(journal.state().failures).toBe(1)
    await vi.advanceTimersByTimeAsync(49)
    ask(200)
    expect(told).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(told.length).toBe(201)
    expect(journal.state().failures).toBe(2)
    for (let ms = 0; ms < 500; ms++) {
      ask(201 + ms)
      await vi.advanceTimersByTimeAsync(1)
    }
    expect(told.length).toBe(701)
    expect(journal.state().failures).toBe(12)
    await vi.advanceTimersByTimeAsync(1_000) // and again by itself, at the old pace
    expect(journal.state().failures).toBe(13)
  })

  it('takes deletions, in one go with more than fits, and then what they made room for', async () => {
    const last = await filled()
    for (let id = last + 1; id < last + 10; id++) journal.queued(entryOf(id)) // before anything makes room
    for (let id = 1; id <= 10; id++) journal.dequeued(entryOf(id))
    await journal.flushed()
    expect(journal.state().unwritten).toBe(0)
    expect(onDisk()).toEqual(Array.from({ length: last + 9 - 10 }, (_, n) => n + 11))
    expect(lines.at(-1)?.msg).toBe('sessions are stored again')
    expect(lines.length).toBe(2)
  })

  it('goes on by itself when what did not fit is not wanted any more', async () => {
    const last = await filled()
    journal.dequeued(entryOf(last))
    await eventually(() => lines.at(-1)?.msg === 'sessions are stored again', 'its own next try')
    expect(journal.state().unwritten).toBe(0)
    journal.dequeued(entryOf(1))
    journal.queued(entryOf(last + 1))
    await journal.flushed()
    expect(onDisk()).toEqual(Array.from({ length: last - 2 }, (_, n) => n + 2).concat(last + 1))
  })

  it('holds a change that is not written but once, however often it comes', async () => {
    await filled()
    const { unwritten } = journal.state()
    const topic = 'x'.repeat(10_000)
    for (let n = 0; n < 100; n++) {
      journal.subscribed({ clientId: 'a', topic, qos: 1 })
      journal.unsubscribed('a', topic)
    }
    journal.subscribed({ clientId: 'a', topic, qos: 1 })
    expect(journal.state().unwritten).toBe(unwritten + 1)
  })
})
