import { Fault } from '@wattfleet/protocol'
import type Database from 'better-sqlite3'
import { mayRenew } from '../core/life.ts'
import type { AuditLog, Store } from '../ports.ts'
import { insertCertificate } from './certificate-store.ts'
import type { Lives } from './lives.ts'
import { NO_KEYS, type rowsOf } from './store-life.ts'

interface Inside extends Lives, ReturnType<typeof rowsOf> {
  readonly db: Database.Database
  readonly audit: Pick<AuditLog, 'append'>
  readonly write: <T>(body: () => T) => T
  readonly change: (sql: string, ...values: unknown[]) => void
}

type EnrolmentStore = Pick<
  Store,
  'addSites' | 'setClaim' | 'setClaimWritten' | 'bindKeys' | 'setAsked' | 'approve' | 'setGrant' | 'replaceGrant'
>

/** From a row of the manifest to a gateway with its grant. */
export function enrolmentStore(inside: Inside): EnrolmentStore {
  const { db, audit, write, change, insertSites, endAll, recordFor, advance, log } = inside
  return {
    addSites: (sites, { actor, atMs }) =>
      write(() => {
        insertSites(sites)
        const imported = { atMs, actor, event: 'imported' }
        audit.append(
          sites.map(({ site, gateway, serial, claim }) => {
            return { ...imported, site, gateway, detail: { serial, expiresMs: claim.expiresMs } }
          }),
        )
      }),
    setClaim: (site, claimHash, expiresMs, deed) =>
      write(() => {
        const sql = `claim_hash = ?, claim_expires_ms = ?, claim_written = 0, claim_spent = 0, ${NO_KEYS}`
        const told = { ...deed, detail: { ...deed.detail, expiresMs } }
        const step = advance(recordFor(site), 'reissue', told, sql, Buffer.from(claimHash), expiresMs)
        if (step.ok) endAll(site)
        return step
      }),
    setClaimWritten: (...sites) =>
      write(() => {
        for (const site of sites) change('UPDATE sites SET claim_written = 1 WHERE site = ?', site)
      }),
    bindKeys: (site, signingKey, tlsKey, atMs) =>
      write(() => {
        const sql = 'signing_key = ?, tls_key = ?, asked_ms = ?'
        const deed = { actor: 'gateway', detail: { signingKey }, atMs } as const
        return advance(recordFor(site), 'claim', deed, sql, signingKey, Buffer.from(tlsKey), atMs)
      }),
    setAsked: (site, atMs) => write(() => change('UPDATE sites SET asked_ms = ? WHERE site = ?', atMs, site)),
    approve: (site, deed) =>
      write(() => {
        // another process may have given its enrolment up meanwhile: the next keys are not the approved ones
        const { changes } = db
          .prepare("UPDATE sites SET is_approved = 1 WHERE site = ? AND state = 'claimed'")
          .run(site)
        if (changes === 0) throw new Fault('enrolment', 'approve: it does not wait for an approval any more')
        log(recordFor(site), 'approve', deed)
      }),
    replaceGrant: (site, signingKey, grant, certificate, atMs) =>
      write(() => {
        const record = recordFor(site)
        if (record.signingKey !== signingKey || record.grant === undefined || !mayRenew(record.state)) return false
        endAll(site)
        db.prepare('DELETE FROM renewals WHERE site = ?').run(site)
        insertCertificate(db, site, certificate, record.tlsKey ?? new Uint8Array(), atMs)
        change('UPDATE sites SET grant_json = ? WHERE site = ?', JSON.stringify(grant), site)
        const { serial, fingerprint } = certificate
        log(record, 'granted-again', { actor: 'service', detail: { serial, fingerprint }, atMs })
        return true
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
  }
}
