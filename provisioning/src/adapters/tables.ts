import { X509Certificate } from 'node:crypto'
import { type EnrolmentGrant, Fault } from '@wattfleet/protocol'
import type Database from 'better-sqlite3'
import { DEVICE_COLUMNS, type ManifestDevices } from '../core/devices.ts'
import type { LifeState } from '../core/life.ts'
import type { NewSite, SiteRecord } from '../ports.ts'
import { addRenewals } from './certificate-tables.ts'
import { FLEET_TABLES } from './fleet-tables.ts'
import { addLives } from './tables-life.ts'
import { TOKENS } from './token-rows.ts'

const SITES = `
CREATE TABLE IF NOT EXISTS sites (
  site TEXT PRIMARY KEY,
  serial TEXT NOT NULL UNIQUE,
  household TEXT NOT NULL UNIQUE,
  member TEXT NOT NULL,
  zone INTEGER NOT NULL,
  cap_import_wh INTEGER NOT NULL,
  cap_export_wh INTEGER NOT NULL,
  gateway TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL DEFAULT 'expected',
  is_approved INTEGER NOT NULL DEFAULT 0,
  on_chain INTEGER NOT NULL DEFAULT 0,
  chain_key TEXT,
  claim_hash BLOB UNIQUE,
  claim_written INTEGER NOT NULL DEFAULT 0,
  claim_expires_ms INTEGER NOT NULL DEFAULT 0,
  asked_ms INTEGER,
  signing_key TEXT,
  tls_key BLOB,
  grant_json TEXT
) STRICT;
`
const OTHERS = `
CREATE TABLE IF NOT EXISTS certificates (
  fingerprint TEXT PRIMARY KEY,
  serial TEXT NOT NULL,
  site TEXT NOT NULL REFERENCES sites (site),
  not_after_ms INTEGER NOT NULL,
  is_in_force INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX IF NOT EXISTS certificates_by_site ON certificates (site);
CREATE TABLE IF NOT EXISTS members (member TEXT PRIMARY KEY, reference TEXT NOT NULL) STRICT;
`
/**
 * How the tables of each version become those of the next, in order: a store that is behind goes through what is missing.
 * What is here is never changed again; a change of the tables is a step at the end.
 */
const STEPS: readonly ((db: Database.Database) => unknown)[] = [
  // 1: gateways have serials and states
  (db) => {
    const isThere = db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'sites'").get() !== undefined
    db.exec(isThere ? FROM_BEFORE : SITES)
    db.exec(OTHERS)
    if (isThere) rememberCertificates(db)
  },
  // 2: the API's callers
  (db) => db.exec(TOKENS),
  // 3: statuses, tags and roll-outs
  (db) => db.exec(FLEET_TABLES),
  // 4: gateways move on and come back
  addLives,
  // 5: certificates renew themselves
  addRenewals,
  // 6: what the manifest says of the devices
  (db) => db.exec('ALTER TABLE sites ADD COLUMN meter TEXT; ALTER TABLE sites ADD COLUMN inverter TEXT'),
  // 7: and where they are, and what gateways make of that
  (db) =>
    db.exec(`
      ALTER TABLE sites ADD COLUMN meter_address TEXT; ALTER TABLE sites ADD COLUMN meter_unit INTEGER;
      ALTER TABLE sites ADD COLUMN inverter_address TEXT; ALTER TABLE sites ADD COLUMN inverter_unit INTEGER;
      ALTER TABLE gateway_statuses ADD COLUMN devices_json TEXT`),
]

/** The far end of time that a claim of before has. */
const NEVER_MS = 253_402_300_799_000

/**
 * Of a store that knew only names: the gateway's id stands for its serial until somebody says otherwise, and its state
 * follows from what it has.
 */
const FROM_BEFORE = `
ALTER TABLE sites RENAME TO sites_before;
${SITES}
INSERT INTO sites (site, serial, household, member, zone, cap_import_wh, cap_export_wh, gateway, state, on_chain, chain_key,
  claim_hash, claim_written, claim_expires_ms, signing_key, tls_key, grant_json)
SELECT site, gateway, name, member, zone, cap_import_wh, cap_export_wh, gateway,
  CASE WHEN grant_json IS NOT NULL THEN 'active' WHEN signing_key IS NOT NULL THEN 'claimed' ELSE 'expected' END,
  on_chain, signing_key, claim_hash, claim_written, ${NEVER_MS}, signing_key, tls_key, grant_json
FROM sites_before ORDER BY rowid;
DROP TABLE sites_before;
`

/**
 * Makes the tables, or brings those of an older version up to date, all or nothing. Throws Fault `store` where they are of a
 * newer one.
 */
export function openTables(db: Database.Database): void {
  const bring = db.transaction(() => {
    const version = Number(db.pragma('user_version', { simple: true }))
    if (version > STEPS.length) {
      throw new Fault('store', `the store is of a newer version (${version}) than this program (${STEPS.length})`)
    }
    for (const step of STEPS.slice(version)) step(db)
    db.pragma(`user_version = ${STEPS.length}`)
  })
  // a table that is made anew is gone for a moment; inside a transaction this cannot be said any more
  db.pragma('foreign_keys = OFF')
  bring.immediate()
  db.pragma('foreign_keys = ON')
}

/** Throws Fault `store` where the tables are not those of this version. */
export function checkTables(db: Database.Database): void {
  const version = Number(db.pragma('user_version', { simple: true }))
  if (version === STEPS.length) return
  const what = `the store is of version ${version}, this program of ${STEPS.length}`
  throw new Fault('store', `${what}: the service, or a command that changes something, brings an older one up to date`)
}

/** A store of before kept certificates only inside their grants. */
function rememberCertificates(db: Database.Database): void {
  const granted = db
    .prepare<[], { site: string; grant_json: string }>(
      'SELECT site, grant_json FROM sites WHERE grant_json IS NOT NULL',
    )
    .all()
  const insert = db.prepare('INSERT INTO certificates (fingerprint, serial, site, not_after_ms) VALUES (?, ?, ?, ?)')
  for (const { site, grant_json } of granted) {
    const { certificatePem } = JSON.parse(grant_json) as EnrolmentGrant
    const { fingerprint256, serialNumber, validTo } = new X509Certificate(certificatePem)
    const fingerprint = fingerprint256.replaceAll(':', '').toLowerCase()
    insert.run(fingerprint, serialNumber.toLowerCase(), site, Date.parse(validTo))
  }
}

export interface Row {
  site: string
  serial: string
  household: string
  member: string
  zone: number
  cap_import_wh: number
  cap_export_wh: number
  meter: string | null
  inverter: string | null
  meter_address: string | null
  meter_unit: number | null
  inverter_address: string | null
  inverter_unit: number | null
  gateway: string
  state: LifeState
  is_approved: number
  on_chain: number
  chain_key: string | null
  claim_written: number
  claim_expires_ms: number
  asked_ms: number | null
  signing_key: string | null
  tls_key: Buffer | null
  grant_json: string | null
  claim_spent: number
  hook_request: string | null
  hook_answer: 'allowed' | 'refused' | null
  hook_reason: string | null
}

/** A site that comes in, with its claim if there is one yet, as the parameters of `insertSite`. */
export function rowOf({ claim, ...site }: Omit<NewSite, 'claim'> & Partial<Pick<NewSite, 'claim'>>) {
  const devices = Object.fromEntries(DEVICE_COLUMNS.map((column) => [column, site[column] ?? null]))
  const hash = claim === undefined ? null : Buffer.from(claim.hash)
  return { ...site, ...devices, hash, expires: claim?.expiresMs ?? 0, written: Number(claim?.isWritten ?? false) }
}

export const insertSite = `
INSERT INTO sites (serial, household, site, member, zone, cap_import_wh, cap_export_wh, meter, inverter, meter_address,
  meter_unit, inverter_address, inverter_unit, gateway, claim_hash, claim_expires_ms, claim_written)
VALUES (@serial, @household, @site, @member, @zone, @capImportWh, @capExportWh, @meter, @inverter, @meterAddress,
  @meterUnit, @inverterAddress, @inverterUnit, @gateway, @hash, @expires, @written)
`

export type DeviceRow = Pick<
  Row,
  'meter' | 'inverter' | 'meter_address' | 'meter_unit' | 'inverter_address' | 'inverter_unit'
>

export function devicesIn(row: DeviceRow): ManifestDevices {
  return {
    meter: row.meter ?? undefined,
    inverter: row.inverter ?? undefined,
    meterAddress: row.meter_address ?? undefined,
    meterUnit: row.meter_unit ?? undefined,
    inverterAddress: row.inverter_address ?? undefined,
    inverterUnit: row.inverter_unit ?? undefined,
  }
}

export function recordOf(row: Row): SiteRecord {
  return {
    site: row.site,
    serial: row.serial,
    household: row.household,
    member: row.member,
    zone: row.zone,
    capImportWh: row.cap_import_wh,
    capExportWh: row.cap_export_wh,
    ...devicesIn(row),
    gateway: row.gateway,
    state: row.state,
    isApproved: row.is_approved === 1,
    onChain: row.on_chain === 1,
    chainKey: row.chain_key ?? undefined,
    claimWritten: row.claim_written === 1,
    claimExpiresMs: row.claim_expires_ms,
    askedMs: row.asked_ms ?? undefined,
    signingKey: row.signing_key ?? undefined,
    tlsKey: row.tls_key ?? undefined,
    isClaimSpent: row.claim_spent === 1,
    admission:
      row.hook_request === null
        ? undefined
        : {
            requestId: row.hook_request,
            answer: row.hook_answer ?? undefined,
            reason: row.hook_reason ?? undefined,
          },
    grant: row.grant_json === null ? undefined : (JSON.parse(row.grant_json) as EnrolmentGrant),
  }
}
