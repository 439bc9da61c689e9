import { Fault, type SigningKey } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import { type LifeState, type LifeStep, mayTrade } from '../core/life.ts'
import type { Deed, MoveEvent, SiteRecord, Store } from '../ports.ts'
import { auditLog } from './audit-log.ts'
import { certificateStore, insertCertificate } from './certificate-store.ts'
import { livesOf } from './lives.ts'
import { rolloutStore } from './rollout-store.ts'
import { statusStore, tagStore } from './status-store.ts'
import { lifeStore, NO_KEYS, NOTHING_LEFT, rowsOf } from './store-life.ts'
import { guarded, storeParts } from './store-parts.ts'
import { openTables, type Row, recordOf } from './tables.ts'
import { tokenRows } from './token-rows.ts'
import { viewRows } from './view-rows.ts'

/** What no longer holds after an event. */
const FORGETS: Partial<Record<MoveEvent, string>> = { abandon: NO_KEYS, revoke: NOTHING_LEFT, retire: NOTHING_LEFT }

/** Opens the store in one SQLite file. `auditKey` signs the end of its audit log. */
export function openStore(path: string, auditKey: SigningKey): Store {
  const db = guarded(() => openDatabase(path))
  const write = <T>(body: () => T): T => guarded(() => db.transaction(body).immediate())
  const change = (sql: string, ...values: unknown[]) => {
    const { changes } = db.prepare(sql).run(...values)
    if (changes !== 1) throw new Fault('internal', `expected one row to change, got ${changes}: ${sql}`)
  }
  const audit = guarded(() => auditLog(db, auditKey))
  const select = (where: string, ...values: unknown[]) =>
    guarded(() => (db.prepare(`SELECT * FROM sites ${where}`).all(...values) as Row[]).map(recordOf))
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
    addSites: (sites, atMs) =>
      write(() => {
        insertSites(sites)
        const imported = { atMs, actor: 'operator', event: 'imported' }
        audit.append(sites.map(({ site, gateway, serial }) => ({ ...imported, site, gateway, detail: { serial } })))
      }),
    setOnChain: (site) => write(() => change('UPDATE sites SET on_chain = 1 WHERE site = ?', site)),
    setChainKey: (site, key) => write(() => change('UPDATE sites SET chain_key = ? WHERE site = ?', key ?? null, site)),
    fundedMembers: () => guarded(() => new Set(db.prepare('SELECT member FROM members').pluck().all() as string[])),
    setFunded: (member, reference) =>
      write(() => change('INSERT OR REPLACE INTO members (member, reference) VALUES (?, ?)', member, reference)),
    setClaim: (site, claimHash, expiresMs, deed) =>
      write(() => {
        const sql = `claim_hash = ?, claim_expires_ms = ?, claim_written = 0, claim_spent = 0, ${NO_KEYS}`
        const told = { ...deed, detail: { ...deed.detail, expiresMs } }
        const step = advance(recordFor(site), 'reissue', told, sql, Buffer.from(claimHash), expiresMs)
        if (step.ok) endAll(site)
        return step
      }),
    setClaimWritten: (site) => write(() => change('UPDATE sites SET claim_written = 1 WHERE site = ?', site)),
    bindKeys: (site, signingKey, tlsKey, atMs) =>
      write(() => {
        const sql = 'signing_key = ?, tls_key = ?, asked_ms = ?'
        const deed = { actor: 'gateway', detail: { signingKey }, atMs } as const
        return advance(recordFor(site), 'claim', deed, sql, signingKey, Buffer.from(tlsKey), atMs)
      }),
    setAsked: (site, atMs) => write(() => change('UPDATE sites SET asked_ms = ? WHERE site = ?', atMs, site)),
    approve: (site, deed) =>
      write(() => {
        change('UPDATE sites SET is_approved = 1 WHERE site = ?', site)
        log(recordFor(site), 'approve', deed)
      }),
    setGrant: (site, signingKey, grant, certificate, atMs) =>
      write(() => {
        const record = recordFor(site)
        if (record.signingKey !== signingKey) return false
        const { serial, fingerprint } = certificate
        const deed = { actor: 'service', detail: { serial, fingerprint, epoch: grant.epoch }, atMs } as const
        const sql = 'grant_json = ?, claim_spent = 1'
        if (!advance(record, 'activate', deed, sql, JSON.stringify(grant)).ok) return false
        insertCertificate(db, site, certificate, record.tlsKey ?? new Uint8Array(), atMs)
        return true
      }),
    move: (site, event, deed) => write(() => moved(site, event, deed)),
    moveAll: (sites, event, deed) => write(() => new Map(sites.map((site) => [site, moved(site, event, deed)]))),
    views: () => guarded(() => viewRows(db)),
    ...certificateStore({ db, write, guarded, recordFor, log }),
    note: (event, deed) => write(() => parts.log(undefined, event, deed)),
    refusedCertificates: (nowMs) => guarded(() => refusedAt(db, nowMs)),
    tokens: tokenRows(parts),
    version: parts.version,
    statuses: statusStore(parts),
    tags: tagStore(parts),
    rollouts: rolloutStore(parts),
    refusedKeys: () => [...new Set(select('ORDER BY rowid').flatMap(stoppedKeys))].sort(),
    audit: {
      entries: (from, limit) => guarded(() => audit.entries(from, limit)),
      entriesOf: (site) => guarded(() => audit.entriesOf(site)),
      head: () => guarded(() => audit.head()),
      verify: (anchors) => guarded(() => audit.verify(anchors)),
    },
    close: () => db.close(),
  }
}

function openDatabase(path: string): Database.Database {
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL') // an answer depends on every commit
  db.pragma('secure_delete = ON') // what is erased is not left in the file's free pages
  openTables(db)
  return db
}

/** What the gateway of this site has signed with, or may have on the chain, and may not trade by. */
function stoppedKeys({ state, signingKey, chainKey }: SiteRecord): string[] {
  const isEnrolling = state === 'expected' || state === 'claimed'
  const good = mayTrade(state) || isEnrolling ? signingKey : undefined
  return [signingKey, chainKey].filter((key) => key !== undefined && key !== good) as string[]
}

function refusedAt(db: Database.Database, nowMs: number): string[] {
  const sql = `SELECT fingerprint, is_in_force, state FROM certificates JOIN sites USING (site)
    WHERE not_after_ms > ? ORDER BY fingerprint`
  return db
    .prepare<[number], { fingerprint: string; is_in_force: number; state: LifeState }>(sql)
    .all(nowMs)
    .filter((row) => row.is_in_force === 0 || !mayTrade(row.state))
    .map(({ fingerprint }) => fingerprint)
}
