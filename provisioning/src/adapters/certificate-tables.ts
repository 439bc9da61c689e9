import { createHash, X509Certificate } from 'node:crypto'
import type { EnrolmentGrant } from '@wattfleet/protocol'
import type Database from 'better-sqlite3'

const RENEWALS = `
ALTER TABLE certificates ADD COLUMN not_before_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certificates ADD COLUMN issued_ms INTEGER NOT NULL DEFAULT 0;
ALTER TABLE certificates ADD COLUMN root TEXT NOT NULL DEFAULT '';
ALTER TABLE certificates ADD COLUMN key_hash TEXT NOT NULL DEFAULT '';
CREATE TABLE renewals (
  site TEXT PRIMARY KEY REFERENCES sites (site),
  replaces TEXT NOT NULL,
  fingerprint TEXT NOT NULL UNIQUE REFERENCES certificates (fingerprint),
  tls_key BLOB NOT NULL,
  grant_json TEXT NOT NULL
) STRICT;
`

/** What a store did not know of its certificates is read from those that it still has, inside their grants. */
export function addRenewals(db: Database.Database): void {
  db.exec(RENEWALS)
  const granted = db.prepare<[], string>('SELECT grant_json FROM sites WHERE grant_json IS NOT NULL').pluck()
  const update = db.prepare(
    'UPDATE certificates SET not_before_ms = ?, issued_ms = ?, root = ?, key_hash = ? WHERE fingerprint = ?',
  )
  for (const text of granted.all()) {
    const { certificatePem, caPem } = JSON.parse(text) as EnrolmentGrant
    const leaf = new X509Certificate(certificatePem)
    // until now the CA was root and issuing CA in one
    const root = new X509Certificate(caPem)
    const isOfRoot = leaf.verify(root.publicKey)
    const key = leaf.publicKey.export({ format: 'der', type: 'spki' })
    const fromMs = Date.parse(leaf.validFrom)
    update.run(fromMs, fromMs, isOfRoot ? hex(root) : '', keyHashOf(key), hex(leaf))
  }
}

function hex({ fingerprint256 }: X509Certificate): string {
  return fingerprint256.replaceAll(':', '').toLowerCase()
}

/** SHA-256 of a public key (SubjectPublicKeyInfo, DER), hex. */
export function keyHashOf(publicKey: Uint8Array): string {
  return createHash('sha256').update(publicKey).digest('hex')
}
