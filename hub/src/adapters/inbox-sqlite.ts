import { decodeEnergy, decodeStatus, type NoticeKind, type Status } from '@wattfleet/protocol'
import type { Energies, InboxWriter, Journal, Notice, NoticeLog, Plan, Plans, RelayQueue } from '../ports.ts'
import { guarded, openDatabase, type Sqlite } from './database.ts'
import { journalOf } from './inbox-journal.ts'
import { addAgeOfNotices, type Prune, pruneOf } from './inbox-prune.ts'
import { writerOf } from './inbox-writer.ts'

const LAYOUT = 1

/*
 * messages: relay 0 waiting, 1 claimed, 2 in a finalized block, 3 refused while it waited (reason says why). fate: null while nothing final is known, else entered,
 * ended, rejected, expired. counted_wh: what an order counts against its site's cap: all of it while it may trade, what
 * was traded once it ended, nothing once another replaces it (the chain's own count is the one that decides).
 * fate_block: the block whose time shut an expired order out, or that was the first after an order was refused.
 * notices: see orderbook/notices.ts for their numbers.
 */
const SCHEMA = `
CREATE TABLE IF NOT EXISTS messages (
  position INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, type TEXT NOT NULL,
  community INTEGER, site TEXT NOT NULL, slot_start INTEGER, side TEXT, counted_wh INTEGER NOT NULL DEFAULT 0,
  gateway TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
  bytes BLOB NOT NULL, signature BLOB NOT NULL, received_ms INTEGER NOT NULL, enters_until_s INTEGER NOT NULL,
  relay INTEGER NOT NULL DEFAULT 0, fate TEXT, reason TEXT, fate_block INTEGER);
CREATE INDEX IF NOT EXISTS by_hash ON messages (hash);
CREATE INDEX IF NOT EXISTS to_relay ON messages (relay, position) WHERE type <> 'energy' AND fate IS NULL AND relay < 2;
CREATE INDEX IF NOT EXISTS to_expire ON messages (enters_until_s) WHERE type = 'order' AND fate IS NULL;
CREATE INDEX IF NOT EXISTS expired_in ON messages (fate_block) WHERE fate = 'expired';
CREATE INDEX IF NOT EXISTS refused_open ON messages (position) WHERE relay = 3 AND fate IS NULL;
CREATE INDEX IF NOT EXISTS refused_in ON messages (fate_block) WHERE relay = 3 AND fate = 'rejected';
CREATE INDEX IF NOT EXISTS orders_by_site ON messages (site, slot_start, side) WHERE type = 'order';
CREATE INDEX IF NOT EXISTS energies_by_slot ON messages (community, slot_start) WHERE type = 'energy';
CREATE INDEX IF NOT EXISTS energies_of_site ON messages (site, slot_start, epoch) WHERE type = 'energy';
CREATE INDEX IF NOT EXISTS cancels_waiting ON messages (gateway) WHERE type = 'cancel' AND fate IS NULL AND relay < 2;
CREATE TABLE IF NOT EXISTS routes (
  gateway TEXT PRIMARY KEY, wire TEXT NOT NULL, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL,
  sent INTEGER NOT NULL DEFAULT 0) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS statuses (
  wire TEXT PRIMARY KEY, gateway TEXT NOT NULL, status BLOB NOT NULL, received_ms INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS notices (
  gateway TEXT NOT NULL, number INTEGER NOT NULL, about TEXT NOT NULL, kind TEXT NOT NULL, body TEXT NOT NULL,
  PRIMARY KEY (gateway, number), UNIQUE (gateway, about)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS plans (
  community INTEGER NOT NULL, slot_start INTEGER NOT NULL, plan TEXT NOT NULL, PRIMARY KEY (community, slot_start));
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`

export interface SqliteInbox extends InboxWriter, RelayQueue, Journal, NoticeLog, Energies, Plans, Prune {
  readonly db: Sqlite
  /** A fact that was kept, such as the chain's id. */
  fact(name: string): string | undefined
  keepFact(name: string, value: string): void
  /** The last status under the wire name that a key's route names. */
  statusOf(gateway: string): Status | undefined
  /** Orders and cancels that are not in a finalized block yet. */
  waitingForChain(): number
  close(): void
}

/** Opens the inbox. Throws Fault `store`. */
export function openInbox(path: string): SqliteInbox {
  const db = openDatabase(path, LAYOUT, SCHEMA)
  addAgeOfNotices(db)
  const fact = db.prepare('SELECT value FROM facts WHERE name = ?').pluck()
  const keepFact = db.prepare('INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)')
  const statusOf = db
    .prepare('SELECT s.status FROM routes r JOIN statuses s ON s.wire = r.wire WHERE r.gateway = ? AND s.gateway = ?')
    .pluck()
  const waiting = db
    .prepare("SELECT COUNT(*) FROM messages WHERE type <> 'energy' AND fate IS NULL AND relay < 2")
    .pluck()
  return {
    db,
    close: () => db.close(),
    fact: (name) => guarded('inbox', () => fact.get(name) as string | undefined),
    keepFact: (name, value) => guarded('inbox', () => void keepFact.run(name, value)),
    statusOf(gateway) {
      const stored = guarded('inbox', () => statusOf.get(gateway, gateway) as Buffer | undefined)
      return stored && decodeStatus(stored)
    },
    waitingForChain: () => guarded('inbox', () => waiting.get() as number),
    ...writerOf(db),
    ...relayQueueOf(db),
    ...journalOf(db),
    ...noticeLogOf(db),
    ...energiesOf(db),
    ...plansOf(db),
    ...pruneOf(db),
  }
}

interface WaitingRow {
  readonly id: string
  readonly type: 'order' | 'cancel'
  readonly gateway: string
  readonly bytes: Buffer
  readonly signature: Buffer
}

function relayQueueOf(db: Sqlite): RelayQueue {
  const waiting = db.prepare(
    `SELECT id, type, gateway, bytes, signature FROM messages
     WHERE type <> 'energy' AND fate IS NULL AND relay = 0 AND enters_until_s >= ? ORDER BY position LIMIT ?`,
  )
  const claimed = db
    .prepare("SELECT id FROM messages WHERE type <> 'energy' AND fate IS NULL AND relay = 1 ORDER BY position")
    .pluck()
  const move = db.prepare('UPDATE messages SET relay = ? WHERE id = ?')
  const refuse = db.prepare(
    "UPDATE messages SET relay = 3, reason = ? WHERE id = ? AND type = 'order' AND fate IS NULL AND relay = 0",
  )
  const moveAll = (to: number, ids: readonly string[]) =>
    guarded('inbox', () =>
      db
        .transaction(() => {
          for (const id of ids) move.run(to, id)
        })
        .immediate(),
    )
  return {
    waiting: (limit, atS) =>
      guarded('inbox', () =>
        (waiting.all(atS, limit) as WaitingRow[]).map((row) => ({
          ...{ id: row.id, type: row.type, gateway: row.gateway },
          signed: { bytes: Uint8Array.from(row.bytes), signature: Uint8Array.from(row.signature) },
        })),
      ),
    claim: (ids) => moveAll(1, ids),
    relayed: (ids) => moveAll(2, ids),
    release: (ids) => moveAll(0, ids),
    refuse: (ids, reason) =>
      guarded('inbox', () =>
        db
          .transaction(() => {
            for (const id of ids) refuse.run(reason, id)
          })
          .immediate(),
      ),
    claimed: () => guarded('inbox', () => claimed.all() as string[]),
  }
}

interface NoticeRow {
  readonly gateway: string
  readonly number: number
  readonly kind: NoticeKind
  readonly body: string
}

function toNotice({ gateway, number, kind, body }: NoticeRow): Notice {
  return { gateway, number, kind, body: JSON.parse(body) as Record<string, unknown> }
}

function noticeLogOf(db: Sqlite): NoticeLog {
  const route = db.prepare('SELECT wire FROM routes WHERE gateway = ?').pluck()
  const due = db.prepare(
    `SELECT n.gateway, n.number, n.kind, n.body, r.wire FROM routes r JOIN notices n ON n.gateway = r.gateway AND n.number > r.sent
     ORDER BY n.gateway, n.number LIMIT ?`,
  )
  const sent = db.prepare('UPDATE routes SET sent = MAX(sent, ?) WHERE gateway = ?')
  const after = db.prepare(
    `SELECT n.gateway, n.number, n.kind, n.body FROM notices n JOIN routes r ON r.gateway = n.gateway
     WHERE n.gateway = ? AND n.number > ? AND n.number <= r.sent ORDER BY n.number LIMIT ?`,
  )
  return {
    route: (gateway) => guarded('inbox', () => route.get(gateway) as string | undefined),
    due: (limit) =>
      guarded('inbox', () =>
        (due.all(limit) as (NoticeRow & { wire: string })[]).map((row) => ({ ...toNotice(row), wire: row.wire })),
      ),
    sent: (upTo) =>
      guarded('inbox', () =>
        db
          .transaction(() => {
            for (const [gateway, number] of upTo) sent.run(number, gateway)
          })
          .immediate(),
      ),
    sentAfter: (gateway, number, limit) =>
      guarded('inbox', () => (after.all(gateway, number, limit) as NoticeRow[]).map(toNotice)),
  }
}

function energiesOf(db: Sqlite): Energies {
  const ofSlot = db.prepare(
    `SELECT site, bytes, signature FROM messages WHERE type = 'energy' AND community = ? AND slot_start = ?
     ORDER BY site, epoch, sequence`,
  )
  return {
    ofSlot(community, slotStart) {
      const rows = guarded(
        'inbox',
        () => ofSlot.all(community, slotStart) as { site: string; bytes: Buffer; signature: Buffer }[],
      )
      return rows.flatMap(({ site, bytes, signature }) => {
        const energy = decodeEnergy(bytes)
        const signed = { bytes: Uint8Array.from(bytes), signature: Uint8Array.from(signature) }
        return energy === undefined ? [] : [{ site, energy, signed }]
      })
    },
  }
}

function plansOf(db: Sqlite): Plans {
  const load = db.prepare('SELECT plan FROM plans WHERE community = ? AND slot_start = ?').pluck()
  const save = db.prepare('INSERT OR REPLACE INTO plans (community, slot_start, plan) VALUES (?, ?, ?)')
  const drop = db.prepare('DELETE FROM plans WHERE community = ? AND slot_start = ?')
  return {
    load(community, slotStart) {
      const text = guarded('inbox', () => load.get(community, slotStart) as string | undefined)
      return text === undefined ? undefined : (JSON.parse(text) as Plan)
    },
    save: (plan) => guarded('inbox', () => void save.run(plan.community, plan.slotStart, JSON.stringify(plan))),
    drop: (community, slotStart) => guarded('inbox', () => void drop.run(community, slotStart)),
  }
}
