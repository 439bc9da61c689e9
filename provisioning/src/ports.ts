import type { CommunityRules } from '@wattfleet/protocol'

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
}

/** What a gateway must know of the chain. Throws Fault `chain` like the registrar. */
export interface ChainFacts {
  /** 32 bytes, hex. */
  chainId(): Promise<string>
  rules(community: number): Promise<CommunityRules>
}
