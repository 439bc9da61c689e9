import type { SigningKey } from '@wattfleet/protocol'
import type Database from 'better-sqlite3'
import {
  AUDIT_START,
  type AuditEntry,
  type AuditHead,
  type AuditRow,
  auditHash,
  signHead,
  verifyAudit,
} from '../core/audit.ts'
import type { AuditLog, LoggedEntry } from '../ports.ts'

const SCHEMA = `
CREATE TABLE IF NOT EXISTS audit_log (
  number INTEGER PRIMARY KEY,
  at_ms INTEGER NOT NULL,
  actor TEXT NOT NULL,
  event TEXT NOT NULL,
  site TEXT NOT NULL,
  gateway TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_by_site ON audit_log (site, number);
CREATE TABLE IF NOT EXISTS audit_head (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  number INTEGER NOT NULL,
  hash BLOB NOT NULL,
  signature BLOB NOT NULL
) STRICT;
`
const COLUMNS = 'number, at_ms AS atMs, actor, event, site, gateway, detail, hash'

export function auditLog(db: Database.Database, key: SigningKey): AuditLog {
  db.exec(SCHEMA)
  const insert = db.prepare<[number, number, string, string, string, string, string, Uint8Array]>(
    'INSERT INTO audit_log (number, at_ms, actor, event, site, gateway, detail, hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)',
  )
  const setHead = db.prepare<[number, Uint8Array, Uint8Array]>(
    'INSERT OR REPLACE INTO audit_head (one, number, hash, signature) VALUES (1, ?, ?, ?)',
  )
  const getHead = db.prepare<[], AuditHead>('SELECT number, hash, signature FROM audit_head')
  const select = db.prepare<[number], AuditRow>(`SELECT ${COLUMNS} FROM audit_log WHERE number >= ? ORDER BY number`)
  const page = db.prepare<[number, number], AuditRow>(
    `SELECT ${COLUMNS} FROM audit_log WHERE number >= ? ORDER BY number LIMIT ?`,
  )
  const bySite = db.prepare<[string], AuditRow>(`SELECT ${COLUMNS} FROM audit_log WHERE site = ? ORDER BY number`)
  return {
    append(entries) {
      let { number, hash } = getHead.get() ?? { number: 0, hash: AUDIT_START }
      for (const { atMs, actor, event, site, gateway, detail } of entries) {
        number++
        const row = { number, atMs, actor, event, site, gateway, detail: JSON.stringify(detail) }
        hash = auditHash(hash, row)
        insert.run(number, atMs, actor, event, site, gateway, row.detail, hash)
      }
      if (entries.length > 0) setHead.run(number, hash, signHead(key, number, hash).signature)
    },
    entries: (from = 1, limit = -1) => page.all(from, limit).map(entryOf),
    entriesOf: (site) => bySite.all(site).map(entryOf),
    head: () => getHead.get(),
    verify: (anchors) => verifyAudit(select.iterate(1), getHead.get(), key.publicKey, anchors),
  }
}

function entryOf({ detail, ...row }: AuditRow): LoggedEntry {
  return { ...row, detail: JSON.parse(detail) as AuditEntry['detail'] }
}
