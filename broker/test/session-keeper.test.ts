import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manualClock } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSessionJournal } from '../src/adapters/session-journal.ts'
import { eventually, type TestBroker } from './fixtures/broker.ts'
import { keeperOn, rollOf } from './fixtures/keeper.ts'
import {
  agingBroker,
  DAY_MS,
  HOUR_MS,
  refusedOnesGo,
  revocations,
  sleeper,
  tell,
  unseenOnesGo,
} from './fixtures/old-sessions.ts'
import { storedRows } from './fixtures/stored-rows.ts'

let at: TestBroker | undefined
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wattfleet-old-'))
})
afterEach(async () => {
  await at?.close()
  rmSync(dir, { recursive: true })
})

const rows = (table: string) => storedRows(dir, table)

describe.each([
  ['in memory', () => ({})],
  ['in SQLite', () => ({ stateDir: dir })],
])('sessions %s', (_where, where) => {
  it('are given up when nobody came for them for 30 days', async () => {
    const aging = await agingBroker(where())
    at = aging.at
    await unseenOnesGo(aging)
  })

  it('are given up when their certificate is refused for an hour', async () => {
    const { revoked, isRevoked, swept } = revocations()
    const aging = await agingBroker({ ...where(), isRevoked })
    at = aging.at
    await refusedOnesGo(aging, revoked, swept)
  })

  it('are given up when the registry does not know their certificate any more', async () => {
    let isKnown = true
    const aging = await agingBroker({ ...where(), isKnown: () => isKnown })
    at = aging.at
    await sleeper(aging.at)
    await aging.clock.advance(2 * HOUR_MS)
    isKnown = false
    // the first sweep finds it refused, one an hour later ends it
    await eventually(() => {
      void aging.clock.advance(HOUR_MS / 4)
      return aging.at.broker.stats().ended.refused === 1
    }, 'it is given up')
  })
})

describe('the age of a session', () => {
  it('counts across restarts, and nothing is left of what was given up', async () => {
    const first = await agingBroker({ stateDir: dir })
    at = first.at
    await tell(first.at, [await sleeper(first.at)])
    await eventually(() => rows('queue') === 1, 'its message is on the disk')
    await first.at.close()
    const second = await agingBroker({ stateDir: dir, authority: first.at.authority })
    at = second.at
    await second.clock.advance(31 * DAY_MS)
    await eventually(() => second.at.broker.stats().ended.unseen === 1, 'it is given up')
    await eventually(() => rows('queue') + rows('subscriptions') + rows('seen') === 0, 'nothing is left')
  })

  it('begins anew for one that an older broker has kept', () => {
    const path = join(dir, 'sessions.sqlite')
    const db = new Database(path)
    db.exec(`
      CREATE TABLE subscriptions (client TEXT NOT NULL, topic TEXT NOT NULL, qos INTEGER NOT NULL, PRIMARY KEY (client, topic)) WITHOUT ROWID;
      CREATE TABLE queue (id INTEGER PRIMARY KEY, client TEXT NOT NULL, packet TEXT NOT NULL, payload BLOB);
      CREATE TABLE retained (topic TEXT PRIMARY KEY, packet TEXT NOT NULL, payload BLOB) WITHOUT ROWID;
      INSERT INTO subscriptions VALUES ('a', 't', 1);
      PRAGMA user_version = 1`)
    db.close()
    const journal = openSessionJournal(dir, pino({ level: 'silent' }))
    journal.saw('a', { seenMs: 5, fingerprint: 'ab' })
    journal.close()
    const again = openSessionJournal(dir, pino({ level: 'silent' }))
    expect(again.load()).toMatchObject({
      subscriptions: [{ clientId: 'a', topic: 't', qos: 1 }],
      seen: [{ clientId: 'a', seenMs: 5, fingerprint: 'ab' }],
    })
    again.close()
  })
})

describe('a wall clock that is stepped', () => {
  const NOW_MS = 1_800_000_000_000
  const MINUTE_MS = 60_000

  it.each([MINUTE_MS, 2 * DAY_MS])('ahead for a moment, %d ms after the start, ends no session', async (upMs) => {
    const clock = manualClock(NOW_MS)
    const { ids, roll } = rollOf({ a: { seenMs: NOW_MS }, b: { seenMs: NOW_MS - DAY_MS } })
    const keeper = keeperOn(roll, clock)
    await keeper.sweep()
    await clock.advance(upMs)
    await keeper.sweep()
    for (const stepMs of [31 * DAY_MS, -31 * DAY_MS]) {
      clock.step(stepMs)
      await clock.advance(MINUTE_MS)
      await keeper.sweep()
    }
    await clock.advance(2 * HOUR_MS)
    await keeper.sweep()
    expect([...ids]).toEqual(['a', 'b'])
  })

  it('from 1970 to now leaves those whom nobody had noted their 30 days', async () => {
    const clock = manualClock(MINUTE_MS)
    const { ids, roll } = rollOf({ a: undefined })
    const keeper = keeperOn(roll, clock)
    await keeper.sweep()
    clock.step(NOW_MS)
    await keeper.sweep()
    await clock.advance(29 * DAY_MS)
    await keeper.sweep()
    expect([...ids]).toEqual(['a'])
    await clock.advance(DAY_MS)
    await keeper.sweep()
    expect(keeper.ended).toEqual({ unseen: 1, refused: 0 })
  })

  it('ahead leaves those who were seen since the start the age that they had, and the others an hour to come', async () => {
    const clock = manualClock(NOW_MS)
    const { ids, roll } = rollOf({
      late: { seenMs: NOW_MS - DAY_MS },
      old: { seenMs: NOW_MS - DAY_MS },
      new: undefined,
    })
    const keeper = keeperOn(roll, clock)
    await clock.advance(DAY_MS)
    const there = keeper.connects('there')
    ids.add('there')
    keeper.leaves(keeper.connects('new'))
    await keeper.sweep()
    clock.step(40 * DAY_MS)
    await clock.advance(MINUTE_MS)
    await keeper.sweep()
    await clock.advance(HOUR_MS - 1)
    await keeper.sweep()
    expect([...ids]).toEqual(['late', 'old', 'new', 'there'])
    const late = keeper.connects('late')
    await clock.advance(1)
    await keeper.sweep()
    expect([...ids]).toEqual(['late', 'new', 'there'])
    for (const client of [there, late]) keeper.leaves(client)
    await clock.advance(29 * DAY_MS)
    await keeper.sweep()
    expect([...ids]).toEqual(['late', 'new', 'there'])
    await clock.advance(DAY_MS)
    await keeper.sweep()
    expect([...ids]).toEqual([])
  })

  it('does not make an hour of refusal shorter', async () => {
    const clock = manualClock(NOW_MS)
    const { ids, roll } = rollOf({ a: { seenMs: NOW_MS, fingerprint: 'ab' } })
    const keeper = keeperOn(roll, clock, () => true)
    await clock.advance(5 * HOUR_MS)
    await keeper.sweep()
    clock.step(2 * HOUR_MS)
    await clock.advance(HOUR_MS - 1)
    await keeper.sweep()
    expect([...ids]).toEqual(['a'])
  })
})

describe('a session whose connection another one came too late to take over', () => {
  it('is still that of a client who is connected', async () => {
    const clock = manualClock(1_800_000_000_000)
    const { ids, roll } = rollOf({ a: undefined })
    const keeper = keeperOn(roll, clock)
    keeper.connects('a')
    keeper.leaves(keeper.connects('a', true))
    await clock.advance(31 * DAY_MS)
    await keeper.sweep()
    expect([...ids]).toEqual(['a'])
  })
})

describe('a session that two processes share', () => {
  it('is ended by neither while its client is connected to one, though the other has an old list', async () => {
    const clock = manualClock(1_800_000_000_000)
    const { ids, roll } = rollOf({ a: undefined })
    const old = keeperOn(roll, clock, () => true)
    const holder = keeperOn(roll, clock)
    const sweptFor = async (ms: number) => {
      for (const untilMs = clock.nowMs() + ms; clock.nowMs() < untilMs; await clock.advance(HOUR_MS / 60)) {
        await old.sweep()
        await holder.sweep()
      }
    }
    await sweptFor(2 * HOUR_MS)
    const client = holder.connects('a')
    await sweptFor(5 * HOUR_MS)
    expect([...ids]).toEqual(['a'])
    holder.leaves(client)
    await sweptFor(2 * HOUR_MS)
    expect([...ids]).toEqual(['a'])
    await sweptFor(HOUR_MS / 60)
    expect(old.ended).toEqual({ unseen: 0, refused: 1 })
  })
})
