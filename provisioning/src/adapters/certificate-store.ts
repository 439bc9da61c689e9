import type { EnrolmentGrant } from '@wattfleet/protocol'
import type Database from 'better-sqlite3'
import { inForce } from '../core/certificates.ts'
import { mayRenew } from '../core/life.ts'
import type { CertificateRecord, CertificateStore, Deed, IssuedCertificate, Renewal, SiteRecord } from '../ports.ts'
import { keyHashOf } from './certificate-tables.ts'

interface Parts {
  readonly db: Database.Database
  write<T>(body: () => T): T
  guarded<T>(body: () => T): T
  recordFor(site: string): SiteRecord
  log(record: SiteRecord, event: string, deed: Deed): void
}

const COLUMNS = `site, fingerprint, serial, key_hash AS keyHash, not_before_ms AS notBeforeMs, not_after_ms AS notAfterMs,
  issued_ms AS issuedMs, root, is_in_force AS isInForce`
type Row = Omit<CertificateRecord, 'isInForce'> & { isInForce: number }
const recordOf = (row: Row): CertificateRecord => ({ ...row, isInForce: row.isInForce === 1 })

/** For use inside a transaction. */
export function insertCertificate(
  db: Database.Database,
  site: string,
  { fingerprint, serial, notBeforeMs, notAfterMs, root }: IssuedCertificate,
  tlsKey: Uint8Array,
  atMs: number,
): void {
  const columns = 'fingerprint, serial, site, not_before_ms, not_after_ms, issued_ms, root, key_hash'
  const insert = db.prepare(`INSERT INTO certificates (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`)
  insert.run(fingerprint, serial, site, notBeforeMs, notAfterMs, atMs, root, keyHashOf(tlsKey))
}

export function certificateStore({ db, write, guarded, recordFor, log }: Parts): CertificateStore {
  const certificatesOf = (site: string) =>
    guarded(() =>
      db.prepare<[string], Row>(`SELECT ${COLUMNS} FROM certificates WHERE site = ? ORDER BY rowid DESC`).all(site),
    ).map(recordOf)
  const renewalOf = (site: string) => guarded(() => pendingOf(db, site))
  const takeOutOfForce = (fingerprint: string) =>
    db.prepare('UPDATE certificates SET is_in_force = 0 WHERE fingerprint = ?').run(fingerprint)

  return {
    certificatesOf,
    certificatesInForce: (nowMs) =>
      guarded(() => {
        const sql = `SELECT ${COLUMNS} FROM certificates WHERE is_in_force = 1 AND not_after_ms > ? ORDER BY rowid`
        return db.prepare<[number], Row>(sql).all(nowMs).map(recordOf)
      }),
    renewalOf,
    addRenewal: (site, renewal, atMs) =>
      write(() => {
        const record = recordFor(site)
        const pending = renewalOf(site)
        const key = keyHashOf(renewal.tlsKey)
        if (pending !== undefined && keyHashOf(pending.tlsKey) === key) return pending
        const isCurrent = inForce(certificatesOf(site), pending)?.serial === renewal.replaces
        if (!mayRenew(record.state) || !isCurrent) return undefined
        if (pending !== undefined) takeOutOfForce(pending.certificate.fingerprint)
        insertCertificate(db, site, renewal.certificate, renewal.tlsKey, atMs)
        const sql =
          'INSERT OR REPLACE INTO renewals (site, replaces, fingerprint, tls_key, grant_json) VALUES (?, ?, ?, ?, ?)'
        const { serial, fingerprint, notAfterMs } = renewal.certificate
        db.prepare(sql).run(
          site,
          renewal.replaces,
          fingerprint,
          Buffer.from(renewal.tlsKey),
          JSON.stringify(renewal.grant),
        )
        const detail = { serial, fingerprint, replaces: renewal.replaces, notAfterMs }
        log(record, 'renew', { actor: 'gateway', detail, atMs })
        return renewal
      }),
    proveRenewal: (site, serial, atMs) =>
      write(() => {
        const record = recordFor(site)
        const pending = renewalOf(site)
        if (pending?.certificate.serial !== serial) {
          return inForce(certificatesOf(site), pending)?.serial === serial ? 'known' : 'unknown'
        }
        const former = inForce(certificatesOf(site), pending)
        if (former !== undefined) takeOutOfForce(former.fingerprint)
        // its TLS key stays the one that used the claim: whoever uses that claim with others is another gateway
        db.prepare('UPDATE sites SET grant_json = ? WHERE site = ?').run(JSON.stringify(pending.grant), site)
        db.prepare('DELETE FROM renewals WHERE site = ?').run(site)
        log(record, 'proven', { actor: 'gateway', detail: { serial, replaces: pending.replaces }, atMs })
        return 'proven'
      }),
  }
}

/** One that was not proven; nothing where its gateway was stopped for good since. */
function pendingOf(db: Database.Database, site: string): Renewal | undefined {
  const sql = `SELECT replaces, tls_key, grant_json, ${COLUMNS.replaceAll('site,', 'certificates.site,')}
    FROM renewals JOIN certificates USING (fingerprint) WHERE renewals.site = ? AND is_in_force = 1`
  const row = db.prepare<[string], Row & { replaces: string; tls_key: Buffer; grant_json: string }>(sql).get(site)
  if (row === undefined) return undefined
  const { serial, fingerprint, notBeforeMs, notAfterMs, root } = row
  const certificate = { serial, fingerprint, notBeforeMs, notAfterMs, root }
  return {
    replaces: row.replaces,
    tlsKey: row.tls_key,
    grant: JSON.parse(row.grant_json) as EnrolmentGrant,
    certificate,
  }
}
