import { Fault, messageOf, type SigningKey } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import { type LifeEvent, type LifeState, type LifeStep, mayTrade, stepOf } from '../core/life.ts'
import type { AuditLog, Deed, MoveEvent, SiteRecord, Store } from '../ports.ts'
import { auditLog } from './audit-log.ts'
import { openTables, type Row, recordOf } from './tables.ts'

/** The keys that used the claim, and that somebody let them in. */
const NO_KEYS = 'signing_key = NULL, tls_key = NULL, is_approved = 0'
const NOTHING_LEFT = `${NO_KEYS}, grant_json = NULL, claim_hash = NULL`
/** What no longer holds after an event. */
const FORGETS: Partial<Record<MoveEvent, string>> = { abandon: NO_KEYS, revoke: NOTHING_LEFT, retire: NOTHING_LEFT }

/** Opens the store in one SQLite file. `auditKey` signs the end of its audit log. */
export function openStore(path: string, auditKey: SigningKey): Store {
  const db = guarded(() => {
    const opened = new Database(path)
    opened.pragma('journal_mode = WAL')
    opened.pragma('synchronous = FULL') // an answer depends on every commit
    openTables(opened)
    return opened
  })
  const write = <T>(body: () => T): T => guarded(() => db.transaction(body).immediate())
  const change = (sql: string, ...values: unknown[]) => {
    const { changes } = db.prepare(sql).run(...values)
    if (changes !== 1) throw new Fault('internal', `expected one row to change, got ${changes}: ${sql}`)
  }
  const audit = guarded(() => auditLog(db, auditKey))
  const select = (where: string, ...values: unknown[]) =>
    guarded(() => (db.prepare(`SELECT * FROM sites ${where}`).all(...values) as Row[]).map(recordOf))
  const { recordFor, advance, log } = livesOf(select, audit, change)

  return {
    sites: () => select('ORDER BY rowid'),
    site: (site) => select('WHERE site = ?', site)[0],
    siteBySerial: (serial) => select('WHERE serial = ?', serial)[0],
    siteByClaim: (claimHash) => select('WHERE claim_hash = ?', Buffer.from(claimHash))[0],
    siteByGateway: (gateway) => select('WHERE gateway = ?', gateway)[0],
    sitesIn: (state) => select('WHERE state = ? ORDER BY rowid', state),
    addSites: (sites, atMs) =>
      write(() => {
        const columns = 'serial, household, site, member, zone, cap_import_wh, cap_export_wh, gateway'
        const insert = db.prepare(`INSERT INTO sites (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
        for (const { serial, household, site, member, zone, capImportWh, capExportWh, gateway } of sites) {
          insert.run(serial, household, site, member, zone, capImportWh, capExportWh, gateway)
        }
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
        const sql = `claim_hash = ?, claim_expires_ms = ?, claim_written = 0, ${NO_KEYS}`
        const told = { ...deed, detail: { ...deed.detail, expiresMs } }
        return advance(recordFor(site), 'reissue', told, sql, Buffer.from(claimHash), expiresMs)
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
    setGrant: (site, signingKey, grant, { serial, fingerprint, notAfterMs }, atMs) =>
      write(() => {
        const record = recordFor(site)
        if (record.signingKey !== signingKey) return false
        const deed = { actor: 'service', detail: { serial, fingerprint, epoch: grant.epoch }, atMs } as const
        if (!advance(record, 'activate', deed, 'grant_json = ?', JSON.stringify(grant)).ok) return false
        const sql = 'INSERT INTO certificates (fingerprint, serial, site, not_after_ms) VALUES (?, ?, ?, ?)'
        change(sql, fingerprint, serial, site, notAfterMs)
        return true
      }),
    move: (site, event, deed) =>
      write(() => {
        const step = advance(recordFor(site), event, deed, FORGETS[event])
        const ends = step.ok && (event === 'revoke' || event === 'retire')
        if (ends) db.prepare('UPDATE certificates SET is_in_force = 0 WHERE site = ?').run(site)
        return step
      }),
    refusedCertificates: (nowMs) => guarded(() => certificatesAt(db, nowMs, false)),
    admittedCertificates: (nowMs) => guarded(() => certificatesAt(db, nowMs, true)),
    version: () =>
      guarded(() => {
        const own = db.prepare('SELECT total_changes()').pluck().get()
        return `${db.pragma('data_version', { simple: true })}/${own}`
      }),
    audit: {
      entries: (from) => guarded(() => audit.entries(from)),
      head: () => guarded(() => audit.head()),
      verify: (anchors) => guarded(() => audit.verify(anchors)),
    },
    close: () => db.close(),
  }
}

/** One step of a life and its entry in the log, for use inside a transaction. */
function livesOf(
  select: (where: string, ...values: unknown[]) => SiteRecord[],
  audit: AuditLog,
  change: (sql: string, ...values: unknown[]) => void,
) {
  const recordFor = (site: string): SiteRecord => {
    const [record] = select('WHERE site = ?', site)
    if (record === undefined) throw new Fault('internal', `site ${site} is unknown`)
    return record
  }
  const log = (record: SiteRecord, event: string, { actor, detail = {}, atMs }: Deed) =>
    audit.append([{ atMs, actor, event, site: record.site, gateway: record.gateway, detail }])
  /** `sql` is what else the step changes. */
  const advance = (record: SiteRecord, event: LifeEvent, deed: Deed, sql = '', ...values: unknown[]): LifeStep => {
    const step = stepOf({ state: record.state, isCertified: record.grant !== undefined }, event)
    if (!step.ok) return step
    change(`UPDATE sites SET state = ?${sql && `, ${sql}`} WHERE site = ?`, step.state, ...values, record.site)
    log(record, event, deed)
    return step
  }
  return { recordFor, advance, log }
}

/** The fingerprints of those that may connect at this moment, or of those that may not; not of those that are over. */
function certificatesAt(db: Database.Database, nowMs: number, mayConnect: boolean): string[] {
  const sql = `SELECT fingerprint, is_in_force, state FROM certificates JOIN sites USING (site)
    WHERE not_after_ms > ? ORDER BY fingerprint`
  return db
    .prepare<[number], { fingerprint: string; is_in_force: number; state: LifeState }>(sql)
    .all(nowMs)
    .filter((row) => (row.is_in_force === 1 && mayTrade(row.state)) === mayConnect)
    .map(({ fingerprint }) => fingerprint)
}

function guarded<T>(body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('store', `store: ${messageOf(error)}`, { cause: error })
  }
}
