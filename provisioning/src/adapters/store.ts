import { type EnrolmentGrant, Fault, messageOf, type SigningKey } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import type { ManifestSite } from '../core/manifest.ts'
import { type AuditLog, auditLog } from './audit-log.ts'

/** A site with what became of it. Times are UTC Unix milliseconds of the wall's clock. */
export interface SiteRecord extends ManifestSite {
  readonly gateway: string
  /** Whether the chain's registry is known to hold it. */
  readonly onChain: boolean
  /** Whether its claim file was written; false: the claim in force is known to nobody. */
  readonly claimWritten: boolean
  /** The keys that used the claim, if any did. */
  readonly signingKey: string | undefined
  readonly tlsKey: Uint8Array | undefined
  /** Undefined until enrolment is complete. */
  readonly grant: EnrolmentGrant | undefined
}

/** What the utility must not forget. Every method is one transaction, durable when it returns. Throws Fault `store`. */
export interface Store {
  sites(): SiteRecord[]
  site(site: string): SiteRecord | undefined
  siteByClaim(claimHash: Uint8Array): SiteRecord | undefined
  addSites(sites: readonly (ManifestSite & { readonly gateway: string })[], atMs: number): void
  setOnChain(site: string): void
  fundedMembers(): ReadonlySet<string>
  setFunded(member: string, reference: string): void
  /** Puts another claim in force: the former one and the keys that used it are forgotten. Not for a site that is enrolled. */
  setClaim(site: string, claimHash: Uint8Array, atMs: number): void
  setClaimWritten(site: string): void
  /** Ties the claim in force to the keys that used it first. */
  bindKeys(site: string, signingKey: string, tlsKey: Uint8Array, atMs: number): void
  /** Completes the enrolment of these keys; false when another claim was put in force since they were bound. */
  setGrant(
    site: string,
    signingKey: string,
    grant: EnrolmentGrant,
    certificate: { readonly serial: string; readonly fingerprint: string },
    atMs: number,
  ): boolean
  readonly audit: Pick<AuditLog, 'entries' | 'head' | 'verify'>
  close(): void
}

const SCHEMA = `
CREATE TABLE IF NOT EXISTS sites (
  site TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  member TEXT NOT NULL,
  zone INTEGER NOT NULL,
  cap_import_wh INTEGER NOT NULL,
  cap_export_wh INTEGER NOT NULL,
  gateway TEXT NOT NULL UNIQUE,
  on_chain INTEGER NOT NULL DEFAULT 0,
  claim_hash BLOB UNIQUE,
  claim_written INTEGER NOT NULL DEFAULT 0,
  signing_key TEXT,
  tls_key BLOB,
  grant_json TEXT
) STRICT;
CREATE TABLE IF NOT EXISTS members (member TEXT PRIMARY KEY, reference TEXT NOT NULL) STRICT;
`

interface Row {
  site: string
  name: string
  member: string
  zone: number
  cap_import_wh: number
  cap_export_wh: number
  gateway: string
  on_chain: number
  claim_written: number
  signing_key: string | null
  tls_key: Buffer | null
  grant_json: string | null
}

function recordOf(row: Row): SiteRecord {
  return {
    site: row.site,
    name: row.name,
    member: row.member,
    zone: row.zone,
    capImportWh: row.cap_import_wh,
    capExportWh: row.cap_export_wh,
    gateway: row.gateway,
    onChain: row.on_chain === 1,
    claimWritten: row.claim_written === 1,
    signingKey: row.signing_key ?? undefined,
    tlsKey: row.tls_key ?? undefined,
    grant: row.grant_json === null ? undefined : (JSON.parse(row.grant_json) as EnrolmentGrant),
  }
}

/** What happens in the life of a gateway. */
type AuditEvent = 'imported' | 'claim-issued' | 'claim-used' | 'enrolled'

/** Opens the store in one SQLite file. `auditKey` signs the end of its audit log. */
export function openStore(path: string, auditKey: SigningKey): Store {
  const db = guarded(() => {
    const opened = new Database(path)
    opened.pragma('journal_mode = WAL')
    opened.pragma('synchronous = FULL') // an answer depends on every commit
    opened.exec(SCHEMA)
    return opened
  })
  const write = <T>(body: () => T): T => guarded(() => db.transaction(body).immediate())
  const change = (sql: string, ...values: unknown[]) => {
    const { changes } = db.prepare(sql).run(...values)
    if (changes !== 1) throw new Fault('internal', `expected one row to change, got ${changes}: ${sql}`)
  }
  const audit = guarded(() => auditLog(db, auditKey))
  const gatewayOf = db.prepare<[string], string>('SELECT gateway FROM sites WHERE site = ?').pluck()
  const log = (actor: string, event: AuditEvent, site: string, detail: Record<string, unknown>, atMs: number) =>
    audit.append([{ atMs, actor, event, site, gateway: gatewayOf.get(site) ?? '', detail }])
  const select = (where: string, ...values: unknown[]) =>
    guarded(() => (db.prepare(`SELECT * FROM sites ${where}`).all(...values) as Row[]).map(recordOf))

  return {
    sites: () => select('ORDER BY rowid'),
    site: (site) => select('WHERE site = ?', site)[0],
    siteByClaim: (claimHash) => select('WHERE claim_hash = ?', Buffer.from(claimHash))[0],
    addSites: (sites, atMs) =>
      write(() => {
        for (const { site, name, member, zone, capImportWh, capExportWh, gateway } of sites) {
          change(
            'INSERT INTO sites (site, name, member, zone, cap_import_wh, cap_export_wh, gateway) VALUES (?, ?, ?, ?, ?, ?, ?)',
            ...[site, name, member, zone, capImportWh, capExportWh, gateway],
          )
        }
        const imported = sites.map(({ site, gateway }) => ({ site, gateway, detail: {} }))
        audit.append(imported.map((one) => ({ ...one, atMs, actor: 'operator', event: 'imported' })))
      }),
    setOnChain: (site) => write(() => change('UPDATE sites SET on_chain = 1 WHERE site = ?', site)),
    fundedMembers: () => guarded(() => new Set(db.prepare('SELECT member FROM members').pluck().all() as string[])),
    setFunded: (member, reference) =>
      write(() => change('INSERT OR REPLACE INTO members (member, reference) VALUES (?, ?)', member, reference)),
    setClaim: (site, claimHash, atMs) =>
      write(() => {
        change(
          'UPDATE sites SET claim_hash = ?, claim_written = 0, signing_key = NULL, tls_key = NULL WHERE site = ? AND grant_json IS NULL',
          ...[Buffer.from(claimHash), site],
        )
        log('operator', 'claim-issued', site, {}, atMs)
      }),
    setClaimWritten: (site) => write(() => change('UPDATE sites SET claim_written = 1 WHERE site = ?', site)),
    bindKeys: (site, signingKey, tlsKey, atMs) =>
      write(() => {
        change(
          'UPDATE sites SET signing_key = ?, tls_key = ? WHERE site = ? AND signing_key IS NULL',
          ...[signingKey, Buffer.from(tlsKey), site],
        )
        log('gateway', 'claim-used', site, { signingKey }, atMs)
      }),
    setGrant: (site, signingKey, grant, certificate, atMs) =>
      write(() => {
        const { changes } = db
          .prepare('UPDATE sites SET grant_json = ? WHERE site = ? AND signing_key = ? AND grant_json IS NULL')
          .run(JSON.stringify(grant), site, signingKey)
        if (changes === 1) log('service', 'enrolled', site, { ...certificate, epoch: grant.epoch }, atMs)
        return changes === 1
      }),
    audit: {
      entries: (from) => guarded(() => audit.entries(from)),
      head: () => guarded(() => audit.head()),
      verify: (anchors) => guarded(() => audit.verify(anchors)),
    },
    close: () => db.close(),
  }
}

function guarded<T>(body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('store', `store: ${messageOf(error)}`, { cause: error })
  }
}
