import type { CommunityRules, EnrolmentGrant } from '@wattfleet/protocol'
import type { AuditAnchor, AuditEntry, AuditHead, AuditRow, AuditVerdict } from './core/audit.ts'
import type { LifeEvent, LifeState, LifeStep } from './core/life.ts'
import type { ManifestSite } from './core/manifest.ts'

/** A metering point as the chain's registry knows it. `site` is 16 bytes and `member` 32 bytes of lower-case hex. */
export interface ChainSite {
  readonly site: string
  readonly community: number
  readonly member: string
  /** Grid zone: two sites of one zone pay the first fee class, others the second. */
  readonly zone: number
  readonly capImportWh: number
  readonly capExportWh: number
}

/**
 * The operator's hand on the chain. Every method may be called again with the same arguments at any time, also after a
 * call whose end nobody saw, and has its effect once; several calls may be under way at the same time. Throws Fault
 * `chain`, retryable when the chain is away or slow, not retryable when it refused.
 */
export interface Registrar {
  /** Resolves when the site is in the registry with these figures. */
  ensureSite(site: ChainSite, signal: AbortSignal): Promise<void>
  /** Resolves when the payment with this reference was issued to the member; a reference is issued once, whatever the amount. */
  ensureFunds(member: string, amountNano: bigint, reference: string, signal: AbortSignal): Promise<void>
  /**
   * Makes the key (32 bytes, hex) the one in force for the site. The key that is in force already: its epoch again.
   * Another one: a new epoch, and the former key is dead.
   */
  enrol(site: string, signingKey: string, signal: AbortSignal): Promise<{ readonly epoch: number }>
  /** Resolves when this key is not in force for the site: what it has open is cancelled, and nothing new of it is taken. */
  revoke(site: string, signingKey: string, signal: AbortSignal): Promise<void>
}

/** What a gateway must know of the chain. Throws Fault `chain` like the registrar. */
export interface ChainFacts {
  /** 32 bytes, hex. */
  chainId(): Promise<string>
  rules(community: number): Promise<CommunityRules>
}

/** A gateway and its site with what became of them. Times are UTC Unix milliseconds of the wall's clock. */
export interface SiteRecord extends ManifestSite {
  readonly gateway: string
  readonly state: LifeState
  /** Whether the operator has let it in; asked for only where the utility approves by hand. */
  readonly isApproved: boolean
  /** Whether the chain's registry is known to hold the site. */
  readonly onChain: boolean
  /** The signing key that the chain may hold for the site, hex. */
  readonly chainKey: string | undefined
  /** Whether its claim file was written; false: the claim in force is known to nobody. */
  readonly claimWritten: boolean
  readonly claimExpiresMs: number
  /** When a gateway last asked with its claim. */
  readonly askedMs: number | undefined
  /** The keys that used the claim, if any did. */
  readonly signingKey: string | undefined
  readonly tlsKey: Uint8Array | undefined
  /** Undefined until enrolment is complete, and after a revocation. */
  readonly grant: EnrolmentGrant | undefined
}

/** Who does something, and what is to be known of it. */
export interface Deed {
  readonly actor: 'operator' | 'gateway' | 'service'
  readonly detail?: Readonly<Record<string, unknown>>
  readonly atMs: number
}

export interface IssuedCertificate {
  readonly serial: string
  /** SHA-256, hex. */
  readonly fingerprint: string
  readonly notAfterMs: number
}

/** What the utility must not forget. Every method is one transaction, durable when it returns. Throws Fault `store`. */
export interface Store {
  sites(): SiteRecord[]
  site(site: string): SiteRecord | undefined
  siteBySerial(serial: string): SiteRecord | undefined
  siteByClaim(claimHash: Uint8Array): SiteRecord | undefined
  siteByGateway(gateway: string): SiteRecord | undefined
  sitesIn(state: LifeState): SiteRecord[]
  addSites(sites: readonly (ManifestSite & { readonly gateway: string })[], atMs: number): void
  setOnChain(site: string): void
  /** What the chain may hold for the site from now on, or undefined once it is known to hold nothing. */
  setChainKey(site: string, key: string | undefined): void
  fundedMembers(): ReadonlySet<string>
  setFunded(member: string, reference: string): void
  /** Puts another claim in force: the former one and the keys that used it are forgotten. */
  setClaim(site: string, claimHash: Uint8Array, expiresMs: number, deed: Deed): LifeStep
  setClaimWritten(site: string): void
  /** Ties the claim in force to the keys that used it first. */
  bindKeys(site: string, signingKey: string, tlsKey: Uint8Array, atMs: number): LifeStep
  setAsked(site: string, atMs: number): void
  approve(site: string, deed: Deed): void
  /** Completes the enrolment of these keys; false when another claim was put in force since they were bound, or it was stopped. */
  setGrant(
    site: string,
    signingKey: string,
    grant: EnrolmentGrant,
    certificate: IssuedCertificate,
    atMs: number,
  ): boolean
  /** Takes a gateway on in its life, with what that means for its keys and certificates. */
  move(site: string, event: MoveEvent, deed: Deed): LifeStep
  /** SHA-256 fingerprints, hex, of all certificates that are not over and may not connect now. */
  refusedCertificates(nowMs: number): string[]
  /** The same of those that may. */
  admittedCertificates(nowMs: number): string[]
  /** Another text whenever something was changed, by whatever process: whoever keeps something up to date looks at this. */
  version(): string
  readonly audit: Pick<AuditLog, 'entries' | 'head' | 'verify'>
  close(): void
}

/** The events that come without anything else to keep. */
export type MoveEvent = Exclude<LifeEvent, 'claim' | 'activate' | 'reissue'>

/** The hash-chained log of what was done, in the tables of a store. */
export interface AuditLog {
  /** Adds entries and signs the new end: once for all of a transaction, inside it. */
  append(entries: readonly AuditEntry[]): void
  /** From this number on, in order. */
  entries(from?: number): (AuditEntry & Pick<AuditRow, 'number' | 'hash'>)[]
  head(): AuditHead | undefined
  verify(anchors?: readonly AuditAnchor[]): AuditVerdict
}
