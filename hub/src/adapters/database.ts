import { Fault, messageOf } from '@wattfleet/protocol'
import Database from 'better-sqlite3'

export type Sqlite = Database.Database

/** How long a writer waits for another process that holds the same database. */
const BUSY_MS = 5000

/**
 * Opens a SQLite database whose commits survive the loss of power: write-ahead log, synchronous FULL (the library opens
 * WAL with NORMAL, which loses the last commits). `version` guards against a file of another layout. Throws Fault `store`.
 */
export function openDatabase(path: string, version: number, schema: string): Sqlite {
  return guarded(`open ${path}`, () => {
    const db = new Database(path, { timeout: BUSY_MS })
    try {
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = FULL')
      const found = db.pragma('user_version', { simple: true })
      if (found !== 0 && found !== version) {
        throw new Fault('store', `${path}: layout ${String(found)}, expected ${version}`)
      }
      db.exec(schema)
      db.pragma(`user_version = ${version}`)
      return db
    } catch (error) {
      db.close()
      throw error
    }
  })
}

/** Runs a piece of work on a store and turns whatever SQLite throws into Fault `store`, retryable: disks get emptied, locks released. */
export function guarded<T>(what: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Database.SqliteError || isClosed(error)) {
      throw new Fault('store', `${what}: ${messageOf(error)}`, { retryable: true, cause: error })
    }
    throw error
  }
}

/** The library's way to say that the database was closed. */
function isClosed(error: unknown): boolean {
  return error instanceof TypeError && error.message.includes('database connection is not open')
}
