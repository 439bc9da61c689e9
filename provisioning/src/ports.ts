import type { CommunityRules, EnrolmentGrant } from '@wattfleet/protocol'
import type { AuditAnchor, AuditEntry, AuditHead, AuditRow, AuditVerdict } from './core/audit.ts'
import type { GatewayView } from './core/gateway-view.ts'
import type { LifeEvent, LifeState, LifeStep } from './core/life.ts'
import type { ManifestSite } from './core/manifest.ts'
import type { ApiToken } from './core/token.ts'
import type { RolloutStore, StatusStore, TagStore } from './fleet-ports.ts'
import type { Admission, Admissions, Estate, Strangers } from './ports-life.ts'

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
  /** Whether a certificate has come of the claim in force. */
  readonly isClaimSpent: boolean
  /** What the utility's own system was asked of these keys; undefined: nothing yet. */
  readonly admission: Admission | undefined
  /** Undefined until enrolment is complete, and after a revocation. */
  readonly grant: EnrolmentGrant | undefined
}

/** Who does something: a person at the command line by the account's name, one at the API by the token's, the utility's own system. */
export type Actor = 'gateway' | 'service' | 'utility' | 'operator' | `operator/${string}` | `api/${string}`
/** A site as it comes in, all of it or nothing. */
export interface NewSite extends ManifestSite {
  readonly gateway: string
  readonly claim: {
    /** SHA-256 of the secret: nothing else of it is kept. */
    readonly hash: Uint8Array
    readonly expiresMs: number
    /** Whether whoever needs the secret has it already. */
    readonly isWritten: boolean
  }
}

/** Who does something, and what is to be known of it. */
export interface Deed {
  readonly actor: Actor
  readonly detail?: Readonly<Record<string, unknown>>
  readonly atMs: number
}

export interface IssuedCertificate {
  readonly serial: string
  /** SHA-256, hex. */
  readonly fingerprint: string
  readonly notBeforeMs: number
  readonly notAfterMs: number
  /** SHA-256 of the root that it goes back to, hex; empty of a certificate of before. */
  readonly root: string
}

/** A gateway's certificate and what became of it. */
export interface CertificateRecord extends IssuedCertificate {
  readonly site: string
  /** SHA-256 of its public key (SubjectPublicKeyInfo), hex. */
  readonly keyHash: string
  readonly issuedMs: number
  /** False once another was proven in its place, or its gateway was stopped for good. */
  readonly isInForce: boolean
}

/** A certificate that was issued in the place of another and has not been proven yet: both are in force. */
export interface Renewal {
  /** Serial number of the certificate in whose place it comes. */
  readonly replaces: string
  /** SubjectPublicKeyInfo, DER. */
  readonly tlsKey: Uint8Array
  readonly grant: EnrolmentGrant
  readonly certificate: IssuedCertificate
}

/** Gives a gateway its grant and the certificate in it. Whether it did. */
type Granting = (
  site: string,
  signingKey: string,
  grant: EnrolmentGrant,
  certificate: IssuedCertificate,
  atMs: number,
) => boolean

/** What the store knows of certificates that renew themselves. */
export interface CertificateStore {
  /** Of one gateway, the newest first. */
  certificatesOf(site: string): CertificateRecord[]
  /** Of all gateways, in force and not over. */
  certificatesInForce(nowMs: number): CertificateRecord[]
  renewalOf(site: string): Renewal | undefined
  /**
   * Puts a certificate in force beside the one it comes in the place of, and takes one that was not proven out of force.
   * Yields what the gateway is to be told: the stored one where the same key was served meanwhile; undefined where it may
   * not renew, or the certificate in force is another by now.
   */
  addRenewal(site: string, renewal: Renewal, atMs: number): Renewal | undefined
  /** The new certificate works: the one before is refused from now on. `unknown`: no such certificate is in force. */
  proveRenewal(site: string, serial: string, atMs: number): 'proven' | 'known' | 'unknown'
}

/** What the utility must not forget. Every method is one transaction, durable when it returns. Throws Fault `store`. */
export interface Store extends CertificateStore, Strangers, Admissions, Estate {
  sites(): SiteRecord[]
  site(site: string): SiteRecord | undefined
  /** The site that the gateway with this serial is of now, or was of last. */
  siteBySerial(serial: string): SiteRecord | undefined
  siteByClaim(claimHash: Uint8Array): SiteRecord | undefined
  siteByGateway(gateway: string): SiteRecord | undefined
  sitesIn(state: LifeState): SiteRecord[]
  addSites(sites: readonly NewSite[], deed: Deed): void
  setOnChain(site: string): void
  /** What the chain may hold for the site from now on, or undefined once it is known to hold nothing. */
  setChainKey(site: string, key: string | undefined): void
  fundedMembers(): ReadonlySet<string>
  setFunded(member: string, reference: string): void
  /** Puts another claim in force: the former one and the keys that used it are forgotten. */
  setClaim(site: string, claimHash: Uint8Array, expiresMs: number, deed: Deed): LifeStep
  setClaimWritten(...sites: readonly string[]): void
  /** Ties the claim in force to the keys that used it first. */
  bindKeys(site: string, signingKey: string, tlsKey: Uint8Array, atMs: number): LifeStep
  setAsked(site: string, atMs: number): void
  approve(site: string, deed: Deed): void
  /** Completes the enrolment of these keys; false when another claim was put in force since they were bound, or it was stopped. */
  setGrant: Granting
  /** Grants the same gateway another certificate, in place of all that it has; false where it has other keys, or none in force. */
  replaceGrant: Granting
  /** Takes a gateway on in its life, with what that means for its keys and certificates. */
  move(site: string, event: MoveEvent, deed: Deed): LifeStep
  /** The same for many gateways, in one transaction; those that cannot go stay, each with its reason. */
  moveAll(sites: readonly string[], event: MoveEvent, deed: Deed): ReadonlyMap<string, LifeStep>
  /** All gateways as an operator looks at them, in the order of their serials. */
  views(): Omit<GatewayView, 'seen' | 'tags'>[]
  /** SHA-256 fingerprints, hex, of all certificates that are not over and may not connect now. */
  refusedCertificates(nowMs: number): string[]
  /** Names on the wire of gateways that have certificates which are not over, and may connect with none of them now. */
  refusedNames(nowMs: number): string[]
  /**
   * Signing keys, hex, of all gateways that may not trade, as far as the chain may still take what they sign. A key that
   * is being enrolled is not among them: it has no certificate to send anything with, and is let in the moment it has.
   */
  refusedKeys(): string[]
  /**
   * Runs what is to be one transaction, together with those that others ask for at the same time: a disk takes as long for
   * many as for one. Resolves once it is durable. `body` throws: nothing of it happened, and the others go on.
   */
  together<T>(body: () => T): Promise<T>
  /** Notes what concerns no single gateway. */
  note(event: string, deed: Deed): void
  /** The same of those that may. */
  admittedCertificates(nowMs: number): string[]
  /** Another text whenever something was changed, by whatever process: whoever keeps something up to date looks at this. */
  version(): string
  readonly statuses: StatusStore
  readonly tags: TagStore
  readonly rollouts: RolloutStore
  readonly tokens: TokenStore
  readonly audit: Pick<AuditLog, 'entries' | 'entriesOf' | 'head' | 'verify'>
  close(): void
}

/** The events that come without anything else to keep. */
export type MoveEvent = Exclude<LifeEvent, 'claim' | 'activate' | 'reissue' | 'replace' | 'transfer'>

/** Who may call the API. */
export interface TokenStore {
  all(): ApiToken[]
  bySecret(secretHash: Uint8Array): ApiToken | undefined
  /** False where the name is taken, also by a token that was revoked: a name in the log stands for one holder. */
  add(
    token: Pick<ApiToken, 'name' | 'role' | 'createdMs' | 'expiresMs'>,
    secretHash: Uint8Array,
    deed: Pick<Deed, 'actor'>,
  ): boolean
  /** False where no token has this name. */
  revoke(name: string, deed: Deed): boolean
  setUsed(token: ApiToken, atMs: number): void
}

/** An entry with its place in the log. */
export type LoggedEntry = AuditEntry & Pick<AuditRow, 'number' | 'hash'>

/** The hash-chained log of what was done, in the tables of a store. */
export interface AuditLog {
  /** Adds entries and signs the new end: once for all of a transaction, inside it. */
  append(entries: readonly AuditEntry[]): void
  /** From this number on, in order. */
  entries(from?: number, limit?: number): LoggedEntry[]
  /** All entries about a site, in order. */
  entriesOf(site: string): LoggedEntry[]
  head(): AuditHead | undefined
  verify(anchors?: readonly AuditAnchor[]): AuditVerdict
}
