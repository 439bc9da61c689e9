import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type SigningKey, signingKeyFromSeed, wallClock } from '@wattfleet/protocol'
import { manifestOf, readManifest } from './adapters/manifest-file.ts'
import { openStore } from './adapters/store.ts'
import { keepAuditKey, readAuditKey } from './audit-key.ts'
import { type Authority, createAuthority } from './authority/authority.ts'
import { issueServerCertificate, keepIdentity } from './authority/identities.ts'
import type { ClaimSettings } from './claims.ts'
import type { ProvisioningConfig } from './config.ts'
import { writeRefused } from './fleet.ts'
import { checkManifest, type ImportDone, type ImportOptions, type ImportSummary, importManifest } from './import.ts'
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
  return openStore(storePath(stateDir), keepAuditKey(auditKeyPath(stateDir)))
}

function storePath(stateDir: string): string {
  return join(stateDir, 'provisioning.db')
}

function auditKeyPath(stateDir: string): string {
  return join(stateDir, 'audit.key')
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

/** The store as it is, to look at: nothing is made or changed, and where there is none yet it is empty. */
export function lookInto({ stateDir }: ProvisioningConfig): Store {
  const path = storePath(stateDir)
  if (!existsSync(path)) return openStore(':memory:', signingKeyFromSeed(randomBytes(32)))
  return openStore(path, readAuditKey(auditKeyPath(stateDir)), { lookOnly: true })
}

/** What importing a manifest would do. Throws Fault `config` naming every bad row. */
export function checkFile(store: Store, path: string, community: number): ImportSummary {
  const { fresh, known } = checkManifest(store, readManifest(path), path, community)
  return { added: fresh.length, known: known.length }
}

/** Imports a manifest and issues the claims that are missing. Throws Fault `config` naming every bad row. */
export async function importFile(office: Office, path: string, options: ImportOptions): Promise<ImportDone> {
  return importManifest(office, readManifest(path), path, options)
}

/** The same for a manifest that was sent; `source` is what faults name, and its ending says what it is. */
export async function importBytes(
  office: Pick<Office, 'store' | 'claims'>,
  bytes: Buffer,
  source: string,
  options: ImportOptions & { readonly isDryRun: boolean },
): Promise<ImportSummary & { readonly left: number }> {
  const lines = manifestOf(bytes, source)
  const { fresh, known } = checkManifest(office.store, lines, source, options.community)
  if (options.isDryRun) return { added: fresh.length, known: known.length, left: 0 }
  const { claims: _, ...done } = await importManifest(office, lines, source, options)
  return done
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
