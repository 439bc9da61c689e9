import { mkdirSync } from 'node:fs'
import { Fault, messageOf } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import type { Entry, QueuedPacket } from '../core/queues.ts'
import type { Sighting } from '../core/session-age.ts'
import type { ClientSubscription } from '../core/subscriptions.ts'

/** Grows with every change of the tables; a file of another version is refused, not guessed at. */
const SCHEMA_VERSION = 2
const SCHEMA = `
CREATE TABLE subscriptions (client TEXT NOT NULL, topic TEXT NOT NULL, qos INTEGER NOT NULL, PRIMARY KEY (client, topic)) WITHOUT ROWID;
CREATE TABLE queue (id INTEGER PRIMARY KEY, client TEXT NOT NULL, packet TEXT NOT NULL, payload BLOB);
CREATE TABLE retained (topic TEXT PRIMARY KEY, packet TEXT NOT NULL, payload BLOB) WITHOUT ROWID;
`
/** Since version 2: when the client of a session was last connected. */
const SEEN = `
CREATE TABLE seen (client TEXT PRIMARY KEY, at INTEGER NOT NULL, fingerprint TEXT) WITHOUT ROWID;
`

export type ClientSighting = Sighting & { readonly clientId: string }

/** Opens the file, making folder and tables on first use. Throws Fault `store`. */
export function openDatabase(dir: string, path: string, mostPages: number): Database.Database {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const db = new Database(path)
    db.pragma('journal_mode = WAL')
    // a commit in 50 ms at most can afford it, and an answered SUBSCRIBE holds
    db.pragma('synchronous = FULL')
    db.pragma(`max_page_count = ${mostPages}`)
    const version = db.pragma('user_version', { simple: true })
    if (version === 0 || version === 1) {
      db.exec(`BEGIN; ${version === 0 ? SCHEMA : ''} ${SEEN} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT`)
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

/** What is written and read, row by row. */
export function writerOf(db: Database.Database) {
  const put = db.prepare('INSERT OR REPLACE INTO queue (id, client, packet, payload) VALUES (?, ?, ?, ?)')
  const drop = db.prepare('DELETE FROM queue WHERE id = ?')
  const subscribe = db.prepare('INSERT OR REPLACE INTO subscriptions (client, topic, qos) VALUES (?, ?, ?)')
  const unsubscribe = db.prepare('DELETE FROM subscriptions WHERE client = ? AND topic = ?')
  const retain = db.prepare('INSERT OR REPLACE INTO retained (topic, packet, payload) VALUES (?, ?, ?)')
  const forget = db.prepare('DELETE FROM retained WHERE topic = ?')
  const see = db.prepare('INSERT OR REPLACE INTO seen (client, at, fingerprint) VALUES (?, ?, ?)')
  const unsee = db.prepare('DELETE FROM seen WHERE client = ?')
  return {
    see: (clientId: string, { seenMs, fingerprint }: Sighting) => void see.run(clientId, seenMs, fingerprint ?? null),
    unsee: (clientId: string) => void unsee.run(clientId),
    loadSeen: (): ClientSighting[] =>
      db
        .prepare<[], { client: string; at: number; fingerprint: string | null }>('SELECT * FROM seen')
        .all()
        .map(({ client, at, fingerprint }) => ({
          ...{ clientId: client, seenMs: at },
          ...(fingerprint !== null && { fingerprint }),
        })),
    enqueue: ({ id, clientId, packet }: Entry) => void put.run(id, clientId, ...columnsOf(packet)),
    dequeue: (id: number) => void drop.run(id),
    subscribe: ({ clientId, topic, qos }: ClientSubscription) => void subscribe.run(clientId, topic, qos),
    unsubscribe: (clientId: string, topic: string) => void unsubscribe.run(clientId, topic),
    retain: (packet: QueuedPacket & { readonly topic: string }) => void retain.run(packet.topic, ...columnsOf(packet)),
    forget: (topic: string) => void forget.run(topic),
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
