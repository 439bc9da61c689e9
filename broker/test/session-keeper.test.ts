import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSessionJournal } from '../src/adapters/session-journal.ts'
import { eventually, type TestBroker } from './fixtures/broker.ts'
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

let at: TestBroker | undefined
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wattfleet-old-'))
})
afterEach(async () => {
  await at?.close()
  rmSync(dir, { recursive: true })
})

const rows = (table: string): number => {
  const db = new Database(join(dir, 'sessions.sqlite'), { readonly: true })
  const count = db.prepare(`SELECT COUNT(*) FROM ${table}`).pluck().get() as number
  db.close()
  return count
}

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
    aging.clock.nowMs += 2 * HOUR_MS
    isKnown = false
    // the first sweep finds it refused, one an hour later ends it
    await eventually(() => {
      aging.clock.nowMs += HOUR_MS / 4
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
    second.clock.nowMs += 31 * DAY_MS
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
