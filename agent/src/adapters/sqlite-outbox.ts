import { Fault, fromHex, messageOf, sha256, toHex } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import type { MeterTrack } from '../core/slot-energy.ts'
import type { Batch, Draft, Effect, HubWord, Notice, Outbox, PendingMessage, Seal } from '../ports.ts'
import { isFinal, NO_PREVIOUS, type StoredOrder, toRecord } from './outbox-rows.ts'

/** Grows with every change of the tables; a file of another version is refused, not guessed at. */
const SCHEMA_VERSION = 1

const SCHEMA = `
CREATE TABLE memo (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE messages (
  sequence INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, kind TEXT NOT NULL, slotStart INTEGER NOT NULL,
  bytes BLOB NOT NULL, signature BLOB NOT NULL, hash TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL, reason TEXT
);
CREATE INDEX waiting ON messages (sequence) WHERE state = 'waiting';
CREATE TABLE orders (
  sequence INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, side TEXT NOT NULL, slotStart INTEGER NOT NULL,
  energyWh INTEGER NOT NULL, tradesWh INTEGER NOT NULL DEFAULT 0, outcomeWh INTEGER NOT NULL DEFAULT 0,
  state TEXT NOT NULL DEFAULT 'live', reason TEXT, withdrawing INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX ordersBySlot ON orders (slotStart);
CREATE TABLE trades (
  trade INTEGER NOT NULL, sequence INTEGER NOT NULL, epoch INTEGER NOT NULL, slotStart INTEGER NOT NULL,
  side TEXT NOT NULL, energyWh INTEGER NOT NULL, rateMicro INTEGER NOT NULL, PRIMARY KEY (trade, sequence)
) WITHOUT ROWID;
CREATE TABLE settlements (slotStart INTEGER PRIMARY KEY, body TEXT NOT NULL);
`

/** Another process may hold the file for a moment (a person looking at it); longer than this is a fault. */
const BUSY_MS = 5_000
/** 256 MiB in pages of 4 KiB: a hub that is away for months must not fill the gateway's card. */
const MOST_PAGES = 65_536

/** Under which the outbox signs. */
export interface Signer {
  readonly epoch: number
  /** The public key in force, hex: the hub numbers its notices for each key from 1. */
  readonly gateway: string
}

/**
 * Opens the outbox file, making it on first use. Commits are durable when they return (WAL with `synchronous` FULL;
 * SQLite documentation, "PRAGMA synchronous"). Throws Fault `store`.
 */
export function openSqliteOutbox(
  path: string,
  seal: Seal,
  signer: Signer,
  { mostPages = MOST_PAGES }: { mostPages?: number } = {},
): Outbox {
  return guarded(path, () => outboxOf(path, openDatabase(path, mostPages), seal, signer))
}

function openDatabase(path: string, mostPages: number): Database.Database {
  const db = new Database(path, { timeout: BUSY_MS })
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma(`max_page_count = ${mostPages}`)
  const version = db.pragma('user_version', { simple: true })
  if (version === 0) {
    db.transaction(() => {
      db.exec(SCHEMA)
      db.pragma(`user_version = ${SCHEMA_VERSION}`)
    }).immediate()
  } else if (version !== SCHEMA_VERSION) {
    db.close()
    throw new Fault('store', `${path}: has schema version ${version}, expected ${SCHEMA_VERSION}`)
  }
  return db
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (error instanceof Fault || !(error instanceof Database.SqliteError)) throw error
    throw new Fault('store', `${path}: ${messageOf(error)}`, { cause: error, retryable: true })
  }
}

function outboxOf(path: string, db: Database.Database, seal: Seal, { epoch, gateway }: Signer): Outbox {
  const memo = memoOf(db)
  const noticeKey = `lastNotice/${gateway}`
  const put = putterOf(db, memo, seal, epoch)
  const hearOne = hearerOf(db, memo, noticeKey)
  const pendingRows = db.prepare<[number], MessageRow>(
    "SELECT sequence, kind, bytes, signature, hash FROM messages WHERE state = 'waiting' ORDER BY sequence LIMIT ?",
  )
  // orders of an earlier epoch count too: what they traded is delivered by the same house
  const orderRows = db.prepare<[number], StoredOrder>('SELECT * FROM orders WHERE slotStart >= ? ORDER BY sequence')
  const commit = db.transaction(({ drafts = [], track, nowMs }: Batch) => {
    memo.set('clockFloorMs', String(Math.max(Number(memo.get('clockFloorMs') ?? 0), nowMs)))
    if (track !== undefined) memo.set('track', JSON.stringify(track))
    return drafts.map(put)
  })
  const nextSession = sessionsOf(memo)
  const hear = db.transaction((words: readonly HubWord[]) => words.map(hearOne))
  const prune = db.transaction((before: number) => {
    db.prepare("DELETE FROM messages WHERE slotStart < ? AND state <> 'waiting'").run(before)
    db.prepare(
      'DELETE FROM orders WHERE slotStart < ? AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.sequence = orders.sequence)',
    ).run(before)
    db.prepare('DELETE FROM trades WHERE slotStart < ?').run(before)
    db.prepare('DELETE FROM settlements WHERE slotStart < ?').run(before)
  })
  return {
    commit: (batch) => guarded(path, () => commit.immediate(batch)),
    hear: (words) => guarded(path, () => hear.immediate(words)),
    pending: (limit) => guarded(path, () => pendingRows.all(limit).map(toPending)),
    orders: (from) => guarded(path, () => orderRows.all(from).map(toRecord)),
    lastNotice: () => guarded(path, () => Number(memo.get(noticeKey) ?? 0)),
    track: () => guarded(path, () => parseTrack(memo.get('track'))),
    nextSession: () => guarded(path, nextSession),
    clockFloorMs: () => guarded(path, () => Number(memo.get('clockFloorMs') ?? 0)),
    prune: (before) => guarded(path, () => prune.immediate(before)),
    close: () => guarded(path, () => void db.close()),
  }
}

type Memo = { get(key: string): string | undefined; set(key: string, value: string): void }

function memoOf(db: Database.Database): Memo {
  const get = db.prepare<[string], { value: string }>('SELECT value FROM memo WHERE key = ?')
  const set = db.prepare(
    'INSERT INTO memo (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value',
  )
  return { get: (key) => get.get(key)?.value, set: (key, value) => void set.run(key, value) }
}

/** Session numbers reserved by one write: a gateway without a network tries every minute, and a card wears by writes. */
const SESSIONS_RESERVED = 64

/** Numbers that were reserved and not given before the process ended are left out. */
function sessionsOf(memo: Memo): () => number {
  let next = Number(memo.get('sessionsReserved') ?? 0) + 1
  let reserved = next - 1
  return () => {
    if (next > reserved) {
      memo.set('sessionsReserved', String(reserved + SESSIONS_RESERVED))
      reserved += SESSIONS_RESERVED
    }
    return next++
  }
}

/** One sequence for all epochs: it only ever grows, so even a lost epoch could not reuse one. */
function putterOf(db: Database.Database, memo: Memo, seal: Seal, epoch: number) {
  const insertMessage = db.prepare(
    `INSERT INTO messages (sequence, epoch, kind, slotStart, bytes, signature, hash, state)
     VALUES (?, ?, ?, ?, ?, ?, ?, 'waiting')`,
  )
  const insertOrder = db.prepare(
    'INSERT INTO orders (sequence, epoch, side, slotStart, energyWh) VALUES (?, ?, ?, ?, ?)',
  )
  const withdraw = db.prepare('UPDATE orders SET withdrawing = 1 WHERE sequence = ? AND epoch = ?')
  const slotOf = db.prepare<[number], { slotStart: number }>('SELECT slotStart FROM orders WHERE sequence = ?')
  const chainKey = `previous/${epoch}`
  return (draft: Draft): PendingMessage => {
    const sequence = Number(memo.get('sequence') ?? 0) + 1
    memo.set('sequence', String(sequence))
    const signed = seal(draft, sequence, fromHex(memo.get(chainKey) ?? '', 32) ?? NO_PREVIOUS)
    const hash = toHex(sha256(signed.bytes))
    if (draft.type === 'energy') memo.set(chainKey, hash)
    if (draft.type === 'order') insertOrder.run(sequence, epoch, draft.side, draft.slotStart, draft.energyWh)
    if (draft.type === 'cancel') withdraw.run(draft.target, epoch)
    const slotStart = slotStartOfDraft(draft, (target) => slotOf.get(target)?.slotStart ?? 0)
    insertMessage.run(sequence, epoch, draft.type, slotStart, signed.bytes, signed.signature, hash)
    return { sequence, kind: draft.type, signed, hash }
  }
}

function slotStartOfDraft(draft: Draft, ofOrder: (sequence: number) => number): number {
  if (draft.type === 'cancel') return ofOrder(draft.target)
  return draft.type === 'order' ? draft.slotStart : draft.slot.slotStart
}

function hearerOf(db: Database.Database, memo: Memo, noticeKey: string): (word: HubWord) => Effect {
  const find = db.prepare<[string], { sequence: number; state: 'waiting' | 'refused' }>(
    "SELECT sequence, state FROM messages WHERE hash = ? AND state IN ('waiting', 'refused')",
  )
  const settle = db.prepare('UPDATE messages SET state = ?, reason = ? WHERE sequence = ?')
  const refuse = db.prepare("UPDATE orders SET state = 'refused', reason = ? WHERE sequence = ? AND state = 'live'")
  const revive = db.prepare("UPDATE orders SET state = 'live', reason = NULL WHERE sequence = ? AND state = 'refused'")
  const note = noticeWriter(db, memo)
  return (word) => {
    if (word.kind !== 'receipt') {
      const last = Number(memo.get(noticeKey) ?? 0)
      if (word.value.number !== last + 1) return word.value.number <= last ? 'known' : 'gap'
      memo.set(noticeKey, String(word.value.number))
      note(word)
      return 'applied'
    }
    const row = find.get(word.value.hash)
    if (row === undefined) return 'known'
    if (word.value.ok) {
      // of two copies one may be refused and the other stored: what is stored can trade, whichever answer came first
      settle.run('receipted', null, row.sequence)
      revive.run(row.sequence)
      return 'applied'
    }
    if (row.state === 'refused') return 'known'
    if (!isFinal(word.value.reason)) return 'postponed'
    settle.run('refused', word.value.reason, row.sequence)
    refuse.run(word.value.reason, row.sequence)
    return 'applied'
  }
}

function noticeWriter(db: Database.Database, memo: Memo): (notice: Notice) => void {
  const end = db.prepare('UPDATE orders SET state = ?, outcomeWh = ?, reason = ? WHERE sequence = ? AND epoch = ?')
  const insertTrade = db.prepare(
    `INSERT OR IGNORE INTO trades (trade, sequence, epoch, slotStart, side, energyWh, rateMicro)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  // a trade, too, proves that an order was stored which only a receipt had refused
  const addTrade = db.prepare(
    `UPDATE orders SET tradesWh = tradesWh + ?, state = CASE state WHEN 'refused' THEN 'live' ELSE state END
     WHERE sequence = ? AND epoch = ?`,
  )
  const settled = db.prepare(
    'INSERT INTO settlements (slotStart, body) VALUES (?, ?) ON CONFLICT (slotStart) DO UPDATE SET body = excluded.body',
  )
  return ({ kind, value }) => {
    switch (kind) {
      case 'outcome':
        end.run(value.state, value.tradedWh, value.reason ?? null, value.sequence, value.epoch)
        return
      case 'trade': {
        const { trade, sequence, slotStart, side, energyWh, rateMicro } = value
        const { changes } = insertTrade.run(trade, sequence, value.epoch, slotStart, side, energyWh, rateMicro)
        if (changes === 1) addTrade.run(energyWh, sequence, value.epoch)
        return
      }
      case 'settlement':
        settled.run(value.slotStart, toJson(value))
        return
      case 'balance':
        memo.set('balance', toJson(value))
    }
  }
}

interface MessageRow {
  readonly sequence: number
  readonly kind: PendingMessage['kind']
  readonly bytes: Buffer
  readonly signature: Buffer
  readonly hash: string
}

function toPending({ sequence, kind, bytes, signature, hash }: MessageRow): PendingMessage {
  return { sequence, kind, signed: { bytes: Uint8Array.from(bytes), signature: Uint8Array.from(signature) }, hash }
}

function parseTrack(text: string | undefined): MeterTrack | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as MeterTrack)
}

/** Money travels as decimal text: sums pass 2^53. */
function toJson(value: object): string {
  return JSON.stringify(value, (_, field: unknown) => (typeof field === 'bigint' ? String(field) : field))
}
