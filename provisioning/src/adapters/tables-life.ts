import type Database from 'better-sqlite3'

/**
 * A gateway that moves on to another household leaves its row behind: its serial is in two rows then, and a household whose
 * gateway is retired may get another one. Claims are spent, other keys are met, and the utility's own system is asked.
 */
export function addLives(db: Database.Database): void {
  rebuild(db, 'sites', (sql) =>
    sql
      .replace(/serial TEXT NOT NULL UNIQUE/, 'serial TEXT NOT NULL')
      .replace(/household TEXT NOT NULL UNIQUE/, 'household TEXT NOT NULL'),
  )
  db.exec(`
    ALTER TABLE sites ADD COLUMN moved_on INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sites ADD COLUMN claim_spent INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE sites ADD COLUMN hook_request TEXT;
    ALTER TABLE sites ADD COLUMN hook_answer TEXT;
    ALTER TABLE sites ADD COLUMN hook_reason TEXT;
    UPDATE sites SET claim_spent = 1 WHERE grant_json IS NOT NULL;
    CREATE UNIQUE INDEX sites_by_serial ON sites (serial) WHERE moved_on = 0;
    CREATE UNIQUE INDEX sites_by_household ON sites (household) WHERE state <> 'retired';
    CREATE TABLE strangers (
      site TEXT NOT NULL REFERENCES sites (site),
      signing_key TEXT NOT NULL,
      tls_key BLOB NOT NULL,
      serial TEXT NOT NULL,
      state TEXT NOT NULL,
      met_ms INTEGER NOT NULL,
      asked_ms INTEGER NOT NULL,
      PRIMARY KEY (site, signing_key)
    ) STRICT;
    CREATE TABLE told (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL) STRICT;
  `)
}

/**
 * Makes a table anew by other words, with its rows and indexes, whatever columns it has by now (SQLite documentation, "ALTER
 * TABLE", section 7). Foreign keys have to be off.
 */
function rebuild(db: Database.Database, table: string, reword: (sql: string) => string): void {
  const made = db.prepare('SELECT type, sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL').all(table)
  const parts = made as { type: string; sql: string }[]
  const sql = parts.find(({ type }) => type === 'table')?.sql ?? ''
  db.exec(reword(sql).replace(/^CREATE TABLE\s+("?)\w+\1/, `CREATE TABLE ${table}_anew`))
  db.exec(`INSERT INTO ${table}_anew SELECT * FROM ${table} ORDER BY rowid; DROP TABLE ${table}`)
  db.exec(`ALTER TABLE ${table}_anew RENAME TO ${table}`)
  for (const other of parts) if (other.type !== 'table') db.exec(other.sql)
}
