import { mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SigningKey, wallClock } from '@wattfleet/protocol'
import { readManifest } from './adapters/manifest-file.ts'
import { openStore } from './adapters/store.ts'
import { keepAuditKey } from './audit-key.ts'
import { type Authority, createAuthority } from './authority/authority.ts'
import { issueServerCertificate, keepIdentity } from './authority/identities.ts'
import { type ClaimSettings, issueMissingClaims } from './claims.ts'
import type { ProvisioningConfig } from './config.ts'
import { writeRefused } from './fleet.ts'
import { checkManifest, type ImportSummary, importManifest } from './import.ts'
import type { Store } from './ports.ts'
import { keepUtilityKey } from './utility-key.ts'

/** What service and command line share: the utility's state folder, opened. */
export interface Office {
  readonly store: Store
  readonly authority: Authority
  readonly claims: ClaimSettings
  /** The list of certificates that the broker does not let in. */
  readonly refusedPath: string
  /** Signs what gateways are told. */
  readonly utilityKey: SigningKey
}

/** Where the list of certificates that may not connect lies below the state folder: what the broker's `revokedPath` is. */
export function refusedPath(stateDir: string): string {
  return join(stateDir, 'refused.txt')
}

/** Where the CA lies below the state folder. */
export function authorityDir(stateDir: string): string {
  return join(stateDir, 'ca')
}

/** The store and the log in it, without the CA: what is done before there is one is written down too. */
export function openLedger({ stateDir }: Pick<ProvisioningConfig, 'stateDir'>): Store {
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  return openStore(join(stateDir, 'provisioning.db'), keepAuditKey(join(stateDir, 'audit.key')))
}

export async function openOffice(config: ProvisioningConfig): Promise<Office> {
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 })
  const authority = await createAuthority(authorityDir(config.stateDir), config.utility)
  const store = openLedger(config)
  const { claimsDir, publicUrl, claimDays } = config
  writeRefused(store, refusedPath(config.stateDir), wallClock().nowMs())
  const claims: ClaimSettings = {
    ...{ claimsDir, publicUrl, validMs: claimDays * 86_400_000 },
    // the roots that are trusted when a claim is written
    get caPem() {
      return authority.caPem
    },
  }
  const utilityKey = keepUtilityKey(config.stateDir)
  return { store, authority, claims, refusedPath: refusedPath(config.stateDir), utilityKey }
}

/** What importing a manifest would do. Throws Fault `config` naming every bad row. */
export function checkFile({ store }: Office, path: string): ImportSummary {
  const { fresh, known } = checkManifest(store, readManifest(path), path)
  return { added: fresh.length, known: known.length }
}

/** Imports a manifest and issues the claims that are missing. Throws Fault `config` naming every bad row. */
export function importFile(office: Office, path: string, nowMs: number): ImportSummary & { readonly claims: string[] } {
  const summary = importManifest(office.store, readManifest(path), path, nowMs)
  return { ...summary, claims: issueMissingClaims(office.store, office.claims, nowMs) }
}

/** The certificate and key of the enrolment service, PEM, kept below the state folder. */
export async function serviceIdentity(authority: Authority, { stateDir, hosts }: ProvisioningConfig) {
  const issue = () => issueServerCertificate(authority, { commonName: 'provisioning', hosts })
  const paths = await keepIdentity(authority, join(stateDir, 'tls'), 'provisioning', issue)
  return {
    certificatePem: readFileSync(paths.certPath, 'utf8'),
    privateKeyPem: readFileSync(paths.keyPath, 'utf8'),
  }
}
