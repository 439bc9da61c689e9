import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, messageOf } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import type { pino } from 'pino'
import type { Entry, QueuedPacket } from '../core/queues.ts'
import type { ClientSubscription } from '../core/subscriptions.ts'

/** Grows with every change of the tables; a file of another version is refused, not guessed at. */
const SCHEMA_VERSION = 1
const SCHEMA = `
CREATE TABLE subscriptions (client TEXT NOT NULL, topic TEXT NOT NULL, qos INTEGER NOT NULL, PRIMARY KEY (client, topic)) WITHOUT ROWID;
CREATE TABLE queue (id INTEGER PRIMARY KEY, client TEXT NOT NULL, packet TEXT NOT NULL, payload BLOB);
CREATE TABLE retained (topic TEXT PRIMARY KEY, packet TEXT NOT NULL, payload BLOB) WITHOUT ROWID;
`

/**
 * How long changes wait for each other, ms. Nobody is told anything on the strength of a queued message: aedes acknowledges
 * before it stores, and a message that a crash takes is sent again, because it has no receipt. So one commit serves all of
 * a moment, and what was queued and acknowledged within it never touches the disk.
 */
const GATHER_MS = 50
/** 1 GiB in pages of 4 KiB. */
const MOST_PAGES = 262_144

/** Keeps what sessions are made of, changes gathered. */
export interface SessionJournal {
  load(): {
    readonly subscriptions: readonly ClientSubscription[]
    readonly entries: readonly Entry[]
    readonly retained: readonly QueuedPacket[]
  }
  subscribed(subscription: ClientSubscription): void
  unsubscribed(clientId: string, topic: string): void
  queued(entry: Entry): void
  dequeued(entry: Entry): void
  retained(packet: QueuedPacket & { readonly topic: string }): void
  /** Resolves when what was changed so far is on the disk. What cannot be written is tried again with the next change. */
  flushed(): Promise<void>
  close(): void
}

/** Opens the journal in this folder, making both on first use. Throws Fault `store`. */
export function openSessionJournal(dir: string, log: pino.Logger): SessionJournal {
  const path = join(dir, 'sessions.sqlite')
  const db = openDatabase(dir, path)
  const write = writerOf(db)
  // undefined: to be deleted
  const changed = new Map<number, Entry | undefined>()
  const onDisk = new Set<number>()
  let others: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined
  let waiting: (() => void)[] = []

  const commit = db.transaction(() => {
    for (const change of others) change()
    for (const [id, entry] of changed) {
      if (entry === undefined) write.dequeue(id)
      else write.enqueue(entry)
    }
  })

  function flush(): void {
    clearTimeout(timer)
    timer = undefined
    try {
      commit.immediate()
      for (const [id, entry] of changed) {
        if (entry === undefined) onDisk.delete(id)
        else onDisk.add(id)
      }
      changed.clear()
      others = []
    } catch (error) {
      log.error({ path, error: messageOf(error) }, 'sessions cannot be stored now: a crash would lose them')
    }
    const told = waiting
    waiting = []
    for (const tell of told) tell()
  }

  function soon(): void {
    timer ??= setTimeout(flush, GATHER_MS)
  }

  function later(change: () => void): void {
    others.push(change)
    soon()
  }

  return {
    load() {
      const entries = write.loadQueue()
      for (const { id } of entries) onDisk.add(id)
      return { subscriptions: write.loadSubscriptions(), entries, retained: write.loadRetained() }
    },
    subscribed: (subscription) => later(() => write.subscribe(subscription)),
    unsubscribed: (clientId, topic) => later(() => write.unsubscribe(clientId, topic)),
    retained: (packet) => later(() => write.retain(packet)),
    queued(entry) {
      changed.set(entry.id, entry)
      soon()
    },
    dequeued({ id }) {
      if (onDisk.has(id)) changed.set(id, undefined)
      else changed.delete(id)
      soon()
    },
    flushed: () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        soon()
      }),
    close() {
      flush()
      db.close()
    },
  }
}

function openDatabase(dir: string, path: string): Database.Database {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const db = new Database(path)
    db.pragma('journal_mode = WAL')
    // a commit in 50 ms at most can afford it, and an answered SUBSCRIBE holds
    db.pragma('synchronous = FULL')
    db.pragma(`max_page_count = ${MOST_PAGES}`)
    const version = db.pragma('user_version', { simple: true })
    if (version === 0) {
      db.exec(`BEGIN; ${SCHEMA} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
    } else if (version !== SCHEMA_VERSION) {
      db.close()
      throw new Fault('store', `${path}: has schema version ${version}, expected ${SCHEMA_VERSION}`)
    }
    return db
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('store', `${path}: ${messageOf(error)}`, { cause: error })
  }
}

interface PacketRow {
  readonly packet: string
  readonly payload: Buffer | null
}

function writerOf(db: Database.Database) {
  const put = db.prepare('INSERT OR REPLACE INTO queue (id, client, packet, payload) VALUES (?, ?, ?, ?)')
  const drop = db.prepare('DELETE FROM queue WHERE id = ?')
  const subscribe = db.prepare('INSERT OR REPLACE INTO subscriptions (client, topic, qos) VALUES (?, ?, ?)')
  const unsubscribe = db.prepare('DELETE FROM subscriptions WHERE client = ? AND topic = ?')
  const retain = db.prepare('INSERT OR REPLACE INTO retained (topic, packet, payload) VALUES (?, ?, ?)')
  const forget = db.prepare('DELETE FROM retained WHERE topic = ?')
  return {
    enqueue: ({ id, clientId, packet }: Entry) => void put.run(id, clientId, ...columnsOf(packet)),
    dequeue: (id: number) => void drop.run(id),
    subscribe: ({ clientId, topic, qos }: ClientSubscription) => void subscribe.run(clientId, topic, qos),
    unsubscribe: (clientId: string, topic: string) => void unsubscribe.run(clientId, topic),
    retain(packet: QueuedPacket & { readonly topic: string }): void {
      if (packet.payload === undefined || packet.payload.length === 0) forget.run(packet.topic)
      else retain.run(packet.topic, ...columnsOf(packet))
    },
    loadSubscriptions: () =>
      db
        .prepare<[], ClientSubscription>(
          'SELECT client AS clientId, topic, qos FROM subscriptions ORDER BY client, topic',
        )
        .all(),
    loadQueue: (): Entry[] =>
      db
        .prepare<[], PacketRow & { id: number; client: string }>('SELECT * FROM queue ORDER BY id')
        .all()
        .map(({ id, client, ...row }) => ({ id, clientId: client, packet: packetOf(row), isFlying: false })),
    loadRetained: () => db.prepare<[], PacketRow>('SELECT packet, payload FROM retained').all().map(packetOf),
  }
}

/** What JSON can say, and the payload beside it. */
function columnsOf({ payload, ...packet }: QueuedPacket): [string, Buffer | null] {
  return [JSON.stringify(packet), payload === undefined ? null : Buffer.from(payload as Uint8Array)]
}

function packetOf({ packet, payload }: PacketRow): QueuedPacket {
  return { ...(JSON.parse(packet) as QueuedPacket), ...(payload && { payload }) }
}
