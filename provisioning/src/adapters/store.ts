import { chmodSync, closeSync, existsSync, openSync, statSync } from 'node:fs'
import { Fault, PRIVATE_MODE, type SigningKey } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import { type LifeState, type LifeStep, mayTrade } from '../core/life.ts'
import type { Deed, MoveEvent, Store } from '../ports.ts'
import { auditLog } from './audit-log.ts'
import { certificateStore } from './certificate-store.ts'
import { enrolmentStore } from './enrolment-store.ts'
import { groupCommit } from './group-commit.ts'
import { livesOf } from './lives.ts'
import { rolloutStore } from './rollout-store.ts'
import { statusStore, tagStore } from './status-store.ts'
import { FORGETS, lifeStore, rowsOf } from './store-life.ts'
import { guarded, storeParts } from './store-parts.ts'
import { checkTables, openTables, type Row, recordOf } from './tables.ts'
import { tokenRows } from './token-rows.ts'
import { viewRows } from './view-rows.ts'

/**
 * Opens the store in one SQLite file. `auditKey` signs the end of its audit log. One that is only looked at is not changed,
 * and every method that would do so throws; it has to be there, and of this version.
 */
export function openStore(path: string, auditKey: SigningKey, { lookOnly = false } = {}): Store {
  const db = guarded(() => openDatabase(path, lookOnly))
  const write = <T>(body: () => T): T => guarded(() => db.transaction(body).immediate())
  const statement = statementsOf(db)
  const change = (sql: string, ...values: unknown[]) => {
    const { changes } = statement(sql).run(...values)
    if (changes !== 1) throw new Fault('internal', `expected one row to change, got ${changes}: ${sql}`)
  }
  const audit = guarded(() => auditLog(db, auditKey))
  const select = (where: string, ...values: unknown[]) =>
    guarded(() => (statement(`SELECT * FROM sites ${where}`).all(...values) as Row[]).map(recordOf))
  const lives = livesOf(select, audit, change)
  const { recordFor, advance, log } = lives
  const { insertSites, endAll } = rowsOf(db)
  const moved = (site: string, event: MoveEvent, deed: Deed): LifeStep => {
    const step = advance(recordFor(site), event, deed, FORGETS[event])
    if (step.ok && (event === 'revoke' || event === 'retire')) endAll(site)
    return step
  }
  const parts = storeParts(db, audit)

  return {
    ...lifeStore({ db, write, guarded, change, insertSites, endAll, ...lives }),
    sites: () => select('ORDER BY rowid'),
    site: (site) => select('WHERE site = ?', site)[0],
    siteBySerial: (serial) => select('WHERE serial = ? AND moved_on = 0', serial)[0],
    siteByClaim: (claimHash) => select('WHERE claim_hash = ?', Buffer.from(claimHash))[0],
    siteByGateway: (gateway) => select('WHERE gateway = ?', gateway)[0],
    sitesIn: (state) => select('WHERE state = ? ORDER BY rowid', state),
    ...enrolmentStore({ db, write, change, insertSites, endAll, ...lives, audit }),
    setOnChain: (site) => write(() => change('UPDATE sites SET on_chain = 1 WHERE site = ?', site)),
    setChainKey: (site, key) => write(() => change('UPDATE sites SET chain_key = ? WHERE site = ?', key ?? null, site)),
    fundedMembers: () => guarded(() => new Set(db.prepare('SELECT member FROM members').pluck().all() as string[])),
    setFunded: (member, reference) =>
      write(() => change('INSERT OR REPLACE INTO members (member, reference) VALUES (?, ?)', member, reference)),
    move: (site, event, deed) => write(() => moved(site, event, deed)),
    moveAll: (sites, event, deed) => write(() => new Map(sites.map((site) => [site, moved(site, event, deed)]))),
    views: () => guarded(() => viewRows(db)),
    ...certificateStore({ db, write, guarded, recordFor, log }),
    together: groupCommit(db, write),
    note: (event, deed) => write(() => parts.log(undefined, event, deed)),
    refusedCertificates: (nowMs) => guarded(() => certificatesAt(db, nowMs - LISTED_AFTER_ITS_END_MS, false)),
    admittedCertificates: (nowMs) => guarded(() => certificatesAt(db, nowMs, true)),
    tokens: tokenRows(parts),
    version: parts.version,
    statuses: statusStore(parts),
    tags: tagStore(parts),
    rollouts: rolloutStore(parts),
    refusedNames: (nowMs) => guarded(() => refusedNamesIn(db, nowMs - LISTED_AFTER_ITS_END_MS)),
    refusedKeys: () => guarded(() => refusedKeysIn(db)),
    audit: {
      entries: (from, limit) => guarded(() => audit.entries(from, limit)),
      entriesOf: (site) => guarded(() => audit.entriesOf(site)),
      head: () => guarded(() => audit.head()),
      verify: (anchors) => guarded(() => audit.verify(anchors)),
    },
    close: () => db.close(),
  }
}

function openDatabase(path: string, lookOnly: boolean): Database.Database {
  // it knows the households; what SQLite lays beside it gets the same mode
  if (!lookOnly && path !== ':memory:') keepPrivate(path)
  const db = new Database(path, { fileMustExist: lookOnly })
  if (lookOnly) {
    checkTables(db)
    // not SQLite's own read-only mode, which leaves the files beside a WAL store behind
    db.pragma('query_only = ON')
    return db
  }
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL') // an answer depends on every commit
  db.pragma('secure_delete = ON') // what is erased is not left in the file's free pages
  openTables(db)
  return db
}

/** Makes the file for its owner alone, or makes it so: a store of before was readable where its folder was. */
function keepPrivate(path: string): void {
  closeSync(openSync(path, 'a', PRIVATE_MODE))
  for (const one of [path, `${path}-wal`, `${path}-shm`]) {
    if (existsSync(one) && (statSync(one).mode & 0o077) !== 0) chmodSync(one, PRIVATE_MODE)
  }
}

/** Compiles each statement once: there are few texts, and each is used for every gateway. */
function statementsOf(db: Database.Database) {
  const known = new Map<string, Database.Statement<unknown[]>>()
  return (sql: string): Database.Statement<unknown[]> => {
    const statement = known.get(sql) ?? db.prepare<unknown[]>(sql)
    known.set(sql, statement)
    return statement
  }
}

/** Without the grants: this is asked after every change, of a fleet of ten thousand. */
function refusedKeysIn(db: Database.Database): string[] {
  const sql = `SELECT state, signing_key, chain_key FROM sites
    WHERE signing_key IS NOT NULL AND state <> 'active' OR chain_key IS NOT NULL AND chain_key IS NOT signing_key`
  const rows = db.prepare<[], Pick<Row, 'state' | 'signing_key' | 'chain_key'>>(sql).all()
  const keys = rows.flatMap(({ state, signing_key, chain_key }) => {
    // a key that is being enrolled, or trades, is good; what else the chain may hold for the site is not
    const isGood = mayTrade(state) || state === 'claimed'
    return [...(isGood || signing_key === null ? [] : [signing_key]), ...(chain_key === signing_key ? [] : [chain_key])]
  })
  return [...new Set(keys.filter((key) => key !== null))].sort()
}

/**
 * A certificate that is over stays listed so long, ms: the broker's clock may be behind this one, or this one ahead for a
 * while, and a dead certificate must not come to life by that.
 */
const LISTED_AFTER_ITS_END_MS = 30 * 86_400_000

/** The fingerprints of those that may connect, or of those that may not, that end after this moment. */
function certificatesAt(db: Database.Database, endAfterMs: number, mayConnect: boolean): string[] {
  const sql = `SELECT fingerprint, is_in_force, state FROM certificates JOIN sites USING (site)
    WHERE not_after_ms > ? ORDER BY fingerprint`
  return db
    .prepare<[number], { fingerprint: string; is_in_force: number; state: LifeState }>(sql)
    .all(endAfterMs)
    .filter((row) => (row.is_in_force === 1 && mayTrade(row.state)) === mayConnect)
    .map(({ fingerprint }) => fingerprint)
}

/** The names on the wire of those whose certificates are not over and who may not connect with any. */
function refusedNamesIn(db: Database.Database, endAfterMs: number): string[] {
  const sql = `SELECT DISTINCT gateway, state FROM sites JOIN certificates USING (site)
    WHERE not_after_ms > ? ORDER BY gateway`
  return db
    .prepare<[number], Pick<Row, 'gateway' | 'state'>>(sql)
    .all(endAfterMs)
    .filter(({ state }) => !mayTrade(state))
    .map(({ gateway }) => gateway)
}
