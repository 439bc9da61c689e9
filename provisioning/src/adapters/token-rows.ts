import type Database from 'better-sqlite3'
import type { Role } from '../core/roles.ts'
import type { ApiToken } from '../core/token.ts'
import type { TokenStore } from '../ports.ts'

export const TOKENS = `
CREATE TABLE api_tokens (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,
  secret_hash BLOB NOT NULL UNIQUE,
  created_ms INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL,
  last_used_ms INTEGER,
  is_revoked INTEGER NOT NULL DEFAULT 0
) STRICT;
`

/** When a token was last used is written at most this often: a reader must not make a write of every request. */
const USED_EVERY_MS = 60_000

interface Row {
  name: string
  role: Role
  created_ms: number
  expires_ms: number
  last_used_ms: number | null
  is_revoked: number
}

const tokenOfRow = (row: Row): ApiToken => ({
  ...{ name: row.name, role: row.role, createdMs: row.created_ms, expiresMs: row.expires_ms },
  lastUsedMs: row.last_used_ms ?? undefined,
  isRevoked: row.is_revoked === 1,
})

/** The tokens in the tables of a store. `log` writes what was done into the audit log, inside the same transaction. */
export function tokenRows(
  db: Database.Database,
  write: <T>(body: () => T) => T,
  log: (event: string, name: string, actor: string, detail: Readonly<Record<string, unknown>>, atMs: number) => void,
): TokenStore {
  const select = 'SELECT name, role, created_ms, expires_ms, last_used_ms, is_revoked FROM api_tokens'
  return {
    all: () => (db.prepare(`${select} ORDER BY created_ms, name`).all() as Row[]).map(tokenOfRow),
    bySecret(secretHash) {
      const row = db.prepare(`${select} WHERE secret_hash = ?`).get(Buffer.from(secretHash)) as Row | undefined
      return row && tokenOfRow(row)
    },
    add: ({ name, role, createdMs, expiresMs }, secretHash, { actor }) =>
      write(() => {
        const sql =
          'INSERT INTO api_tokens (name, role, secret_hash, created_ms, expires_ms) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING'
        const { changes } = db.prepare(sql).run(name, role, Buffer.from(secretHash), createdMs, expiresMs)
        if (changes === 1) log('token-created', name, actor, { role, expiresMs }, createdMs)
        return changes === 1
      }),
    revoke: (name, { actor, detail = {}, atMs }) =>
      write(() => {
        const { changes } = db
          .prepare('UPDATE api_tokens SET is_revoked = 1 WHERE name = ? AND is_revoked = 0')
          .run(name)
        if (changes === 1) log('token-revoked', name, actor, detail, atMs)
        return db.prepare('SELECT 1 FROM api_tokens WHERE name = ?').get(name) !== undefined
      }),
    setUsed({ name, lastUsedMs = 0 }, atMs) {
      if (atMs - lastUsedMs < USED_EVERY_MS) return
      write(() => db.prepare('UPDATE api_tokens SET last_used_ms = ? WHERE name = ?').run(atMs, name))
    },
  }
}
