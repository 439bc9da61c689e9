import { randomBytes } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { type Claim, Fault, PRIVATE_MODE, sha256, toHex, writeFileAtomic } from '@wattfleet/protocol'
import type { PrivateFile } from './adapters/private-files.ts'
import type { Deed, Store } from './ports.ts'

export interface ClaimSettings {
  /** Folder of the claim files, one per gateway. */
  readonly claimsDir: string
  /** `https://host:port` under which gateways reach the enrolment service. */
  readonly publicUrl: string
  readonly caPem: string
  /** How long a claim is good for. */
  readonly validMs: number
}

/** Where the claim of a gateway lies: by its serial, which is what the installer reads on it. */
export function claimPath(claimsDir: string, serial: string): string {
  return join(claimsDir, `${serial}.claim.json`)
}

/** The file that lets the gateway with this serial enrol with this secret. */
export function claimFile(settings: ClaimSettings, serial: string, secret: string): PrivateFile {
  const claim: Claim = { url: settings.publicUrl, caPem: settings.caPem, claim: secret }
  return { path: claimPath(settings.claimsDir, serial), content: `${JSON.stringify(claim, null, 2)}\n` }
}

/**
 * Puts a new one-time claim in force for a gateway that may have one, and writes it out once; only its SHA-256 is stored.
 * The former claim is dead from then on. A crash on the way leaves the site marked as without a claim file, so that the
 * next import issues another one. Returns the path. Throws Fault `enrolment` when the site is unknown or its gateway is in no state for it.
 */
export function reissueClaim(store: Store, settings: ClaimSettings, site: string, deed: Deed): string {
  const record = store.site(site)
  if (record === undefined) throw new Fault('enrolment', `site ${site} is unknown`)
  const secret = randomBytes(32)
  mkdirSync(settings.claimsDir, { recursive: true, mode: 0o700 })
  const { path, content } = claimFile(settings, record.serial, toHex(secret))
  // In force before it can be read by anyone: whoever sees the file can use it.
  writeFileAtomic(path, content, PRIVATE_MODE, () => {
    const step = store.setClaim(site, sha256(secret), deed.atMs + settings.validMs, deed)
    if (!step.ok) throw new Fault('enrolment', `${record.serial}: ${step.reason}`)
  })
  store.setClaimWritten(site)
  return path
}

/** Issues the claims that are missing: of new sites, and of those whose claim file a crash prevented. */
export function issueMissingClaims(store: Store, settings: ClaimSettings, nowMs: number): string[] {
  return store
    .sites()
    .filter(({ claimWritten, state }) => !claimWritten && state === 'expected')
    .map(({ site }) => reissueClaim(store, settings, site, { actor: 'operator', atMs: nowMs }))
}
