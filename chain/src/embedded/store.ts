import Database from 'better-sqlite3'

/** One block as the embedded chain keeps it. Hex texts start with 0x. */
export interface StoredBlock {
  readonly number: number
  readonly hash: string
  /** SCALE */
  readonly header: string
  readonly extrinsics: readonly string[]
}

/** Changes of storage by key; null deletes. Keys and values are hex texts with 0x. */
export type StorageChanges = ReadonlyMap<string, string | null>

/** Storage as it was at one block, perhaps with changes on top that are not part of a block yet. */
export interface StorageView {
  get(key: string): string | undefined
  /** The smallest key above `after` that starts with `prefix`. */
  nextKey(prefix: string, after: string): string | undefined
}

export interface BlockStore {
  head(): StoredBlock | undefined
  byNumber(number: number): StoredBlock | undefined
  byHash(hash: string): StoredBlock | undefined
  /** Adds a block and what it changed: both or neither. */
  append(block: StoredBlock, changes: StorageChanges): void
  at(number: number): StorageView
  close(): void
}

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS blocks (
    number INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, header BLOB NOT NULL, extrinsics TEXT NOT NULL
  );
  -- every value a key ever had, by the block that set it: any block can be asked, and a restart reads nothing
  CREATE TABLE IF NOT EXISTS state (
    key BLOB NOT NULL, block INTEGER NOT NULL, value BLOB, PRIMARY KEY (key, block)
  ) WITHOUT ROWID;
`

const toBytes = (hex: string) => Buffer.from(hex.slice(2), 'hex')
const toHex = (bytes: Buffer) => `0x${bytes.toString('hex')}`

interface BlockRow {
  number: number
  hash: Buffer
  header: Buffer
  extrinsics: string
}

function blockOf(row: unknown): StoredBlock | undefined {
  if (row === undefined) return undefined
  const { number, hash, header, extrinsics } = row as BlockRow
  return { number, hash: toHex(hash), header: toHex(header), extrinsics: JSON.parse(extrinsics) as string[] }
}

/** Blocks and their storage in one SQLite file. */
export function openBlockStore(path: string): BlockStore {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  // a receipt says that an order will reach the chain, so what the chain calls final must survive a power cut
  db.pragma('synchronous = FULL')
  db.exec(SCHEMA)
  const head = db.prepare('SELECT * FROM blocks ORDER BY number DESC LIMIT 1')
  const byNumber = db.prepare('SELECT * FROM blocks WHERE number = ?')
  const byHash = db.prepare('SELECT * FROM blocks WHERE hash = ?')
  const addBlock = db.prepare('INSERT INTO blocks (number, hash, header, extrinsics) VALUES (?, ?, ?, ?)')
  const addState = db.prepare('INSERT INTO state (key, block, value) VALUES (?, ?, ?)')
  const value = db.prepare('SELECT value FROM state WHERE key = ? AND block <= ? ORDER BY block DESC LIMIT 1').pluck()
  const next = db.prepare('SELECT key FROM state WHERE key > ? ORDER BY key LIMIT 1').pluck()

  const append = db.transaction((block: StoredBlock, changes: StorageChanges) => {
    addBlock.run(block.number, toBytes(block.hash), toBytes(block.header), JSON.stringify(block.extrinsics))
    for (const [key, changed] of changes) {
      addState.run(toBytes(key), block.number, changed === null ? null : toBytes(changed))
    }
  })

  const get = (key: string, number: number): string | undefined => {
    const found = value.get(toBytes(key), number) as Buffer | null | undefined
    return found ? toHex(found) : undefined
  }

  return {
    head: () => blockOf(head.get()),
    byNumber: (number) => blockOf(byNumber.get(number)),
    byHash: (hash) => (/^0x[0-9a-f]{64}$/.test(hash) ? blockOf(byHash.get(toBytes(hash))) : undefined),
    append,
    at: (number) => ({
      get: (key) => get(key, number),
      nextKey(prefix, after) {
        let from: Buffer = toBytes(after)
        for (;;) {
          const found = next.get(from) as Buffer | undefined
          const key = found && toHex(found)
          if (found === undefined || key === undefined || !key.startsWith(prefix)) return undefined
          if (get(key, number) !== undefined) return key
          from = found
        }
      },
    }),
    close: () => db.close(),
  }
}

/** A view with changes on top. */
export function overlay(base: StorageView, changes: StorageChanges): StorageView {
  return {
    get(key) {
      const changed = changes.get(key)
      return changed === undefined ? base.get(key) : (changed ?? undefined)
    },
    nextKey(prefix, after) {
      let inBase = base.nextKey(prefix, after)
      while (inBase !== undefined && changes.get(inBase) === null) inBase = base.nextKey(prefix, inBase)
      let best = inBase
      for (const [key, changed] of changes) {
        if (changed === null || key <= after || !key.startsWith(prefix)) continue
        if (best === undefined || key < best) best = key
      }
      return best
    },
  }
}
