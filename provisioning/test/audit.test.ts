import { join } from 'node:path'
import { signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { auditLog } from '../src/adapters/audit-log.ts'
import { type AuditEntry, auditHash, signHead } from '../src/core/audit.ts'
import type { AuditLog } from '../src/ports.ts'
import { temporaryFolder } from './fixtures/office.ts'

/** For tests alone. */
const KEY = signingKeyFromSeed(new Uint8Array(32).fill(5))
const OTHER = signingKeyFromSeed(new Uint8Array(32).fill(6))

let dir: ReturnType<typeof temporaryFolder>
let db: Database.Database
let log: AuditLog
beforeEach(() => {
  dir = temporaryFolder()
  db = new Database(join(dir.path, 'audit.db'))
  log = auditLog(db, KEY)
})
afterEach(() => {
  db.close()
  dir.remove()
})

const entry = (n: number): AuditEntry => ({
  ...{ atMs: 1_700_000_000_000 + n, actor: 'operator', event: 'imported' },
  ...{ site: `site-${n}`, gateway: `gateway-${n}`, detail: { n } },
})
const filled = (count: number) => {
  for (let n = 1; n <= count; n++) log.append([entry(n)])
}

describe('the audit log', () => {
  it('keeps what was done in its order, one by one or many at once', () => {
    log.append([entry(1), entry(2)])
    log.append([])
    log.append([entry(3)])
    expect(log.entries()).toMatchObject([entry(1), entry(2), entry(3)])
    expect(log.entries(3)).toMatchObject([entry(3)])
    expect(log.head()?.number).toBe(3)
    expect(log.verify()).toEqual({ ok: true, entries: 3 })
  })

  it('is whole while nothing was done', () => {
    expect([log.verify(), log.head(), log.entries()]).toEqual([{ ok: true, entries: 0 }, undefined, []])
  })

  it.each([
    ['a changed time', 'UPDATE audit_log SET at_ms = at_ms + 1 WHERE number = 3', 3, 'was changed'],
    ['a changed actor', "UPDATE audit_log SET actor = 'nobody' WHERE number = 3", 3, 'was changed'],
    ['a changed event', "UPDATE audit_log SET event = 'revoked' WHERE number = 3", 3, 'was changed'],
    ['another site', "UPDATE audit_log SET site = 'site-9' WHERE number = 3", 3, 'was changed'],
    ['another gateway', "UPDATE audit_log SET gateway = '' WHERE number = 3", 3, 'was changed'],
    ['another detail', 'UPDATE audit_log SET detail = \'{"n":33}\' WHERE number = 3', 3, 'was changed'],
    [
      'the same detail written otherwise',
      'UPDATE audit_log SET detail = \'{ "n": 3}\' WHERE number = 3',
      3,
      'was changed',
    ],
    ['another hash', 'UPDATE audit_log SET hash = zeroblob(32) WHERE number = 3', 3, 'was changed'],
    ['an entry deleted', 'DELETE FROM audit_log WHERE number = 3', 3, 'entry 3 is missing'],
    ['the first deleted', 'DELETE FROM audit_log WHERE number = 1', 1, 'entry 1 is missing'],
    ['the last deleted', 'DELETE FROM audit_log WHERE number = 5', 5, 'entries 5 to 5 are missing'],
    ['all deleted', 'DELETE FROM audit_log', 1, 'entries 1 to 5 are missing'],
    ['the head deleted', 'DELETE FROM audit_head', 1, 'head is missing'],
    ['two entries exchanged', 'UPDATE audit_log SET number = CASE number WHEN 2 THEN 30 ELSE number END', 2, 'missing'],
    ['a head of another number', 'UPDATE audit_head SET number = 4', 4, 'not signed by the key'],
    ['a signature of nothing', 'UPDATE audit_head SET signature = zeroblob(64)', 5, 'not signed by the key'],
  ])('shows %s', (_, sql, number, reason) => {
    filled(5)
    expect(db.prepare(sql).run().changes).toBeGreaterThan(0)
    expect(log.verify()).toEqual({ ok: false, number, reason: expect.stringContaining(reason) })
  })

  it('shows an end that was cut off together with its head, or put on without the key', () => {
    filled(4)
    const former = log.head()
    filled(1)
    const setHead = (head = former, key = KEY) => {
      const { number = 0, hash = new Uint8Array(32) } = head ?? {}
      const { signature } = signHead(key, number, hash)
      db.prepare('UPDATE audit_head SET number = ?, hash = ?, signature = ?').run(number, hash, signature)
    }
    setHead()
    expect(log.verify()).toMatchObject({
      ok: false,
      number: 5,
      reason: expect.stringContaining('after its signed head'),
    })
    // what would go on from a head that was put back finds its number taken
    expect(() => log.append([entry(9)])).toThrow(/UNIQUE/)
  })

  it('made anew without the key is not signed by it', () => {
    filled(3)
    db.exec('DELETE FROM audit_log; DELETE FROM audit_head')
    auditLog(db, OTHER).append([entry(1), entry(3)])
    expect(log.verify()).toMatchObject({ ok: false, reason: expect.stringContaining('not signed by the key') })
  })

  it('made anew with the key, or put back, has lost what was written down elsewhere', () => {
    filled(2)
    const { number = 0, hash = new Uint8Array() } = log.head() ?? {}
    const anchor = { number, hash: toHex(hash) }
    filled(1)
    expect(log.verify([anchor])).toEqual({ ok: true, entries: 3 })
    db.exec('DELETE FROM audit_log; DELETE FROM audit_head')
    log.append([entry(1)])
    expect(log.verify([anchor])).toMatchObject({
      ok: false,
      number: 2,
      reason: expect.stringContaining('is not there'),
    })
    log.append([entry(7)])
    expect(log.verify([anchor])).toMatchObject({ ok: false, number: 2, reason: expect.stringContaining('made anew') })
  })

  it('hashes no two entries alike', () => {
    const text = fc.string({ maxLength: 5 })
    const row = fc.record({
      number: fc.nat(),
      atMs: fc.nat(),
      actor: text,
      event: text,
      site: text,
      gateway: text,
      detail: text,
    })
    fc.assert(
      fc.property(row, row, (a, b) => {
        const start = new Uint8Array(32)
        const isSame = JSON.stringify(Object.entries(a).sort()) === JSON.stringify(Object.entries(b).sort())
        expect(toHex(auditHash(start, a)) === toHex(auditHash(start, b))).toBe(isSame)
      }),
    )
  })
})
