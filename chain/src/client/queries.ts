import type { CommunityRules } from '@wattfleet/protocol'
import type { ChainConnection } from './connection.ts'
import { communityOf } from './events.ts'
import { type RuntimeType, readStorage, type StorageKeys, type StorageName, type Stored } from './types/runtime.ts'

/**
 * A site's entry in the registry. Its `gateway` is the key in force, hex; undefined before the first enrolment and after
 * a revocation.
 */
export type SiteEntry = RuntimeType<'Site'>

/** An account of the vault, nano-currency. */
export interface Funds {
  readonly freeNano: bigint
  readonly lockedNano: bigint
}

/** What finalized state says. Each throws a retryable Fault `chain` where the chain does not answer. */
export interface ChainQueries {
  /** 32 bytes, hex. */
  chainId(): Promise<string>
  rules(community: number): Promise<CommunityRules | undefined>
  site(site: string): Promise<SiteEntry | undefined>
  /** What was issued against a payment reference (32 bytes, hex). */
  issuedAgainst(community: number, reference: string): Promise<bigint | undefined>
  funds(account: string): Promise<Funds>
  /** What a settlement engine has at stake in a community, nano-currency. */
  bondNano(community: number, engine: string): Promise<bigint>
  /** All money of the vault's currency. */
  issuedNano(): Promise<bigint>
  /** The chain's own time at the finalized head, UTC Unix milliseconds. */
  timestampMs(): Promise<number>
}

export function chainQueries(connection: ChainConnection): ChainQueries {
  const read = async <N extends StorageName>(name: N, keys: StorageKeys<N>): Promise<Stored<N>> => {
    const { hash } = await connection.head()
    return connection.ask(name, async ({ api }) => readStorage(await api.at(hash), name, keys))
  }
  return {
    chainId: () => read('registry.chainId', []),
    async rules(community) {
      const [versions, nowMs] = await Promise.all([
        read('registry.communities', [community]),
        read('timestamp.now', []),
      ])
      const version = versions.findLast(({ from }) => from * 1000 <= nowMs)
      return version && communityOf(community, version).rules
    },
    site: (site) => read('registry.sites', [site]),
    issuedAgainst: (community, reference) => read('vault.references', [community, reference]),
    async funds(account) {
      const { free, reserved } = await read('money.account', [account])
      return { freeNano: free, lockedNano: reserved }
    },
    bondNano: async (community, engine) => (await read('settlement.bonds', [community, engine])).amount,
    issuedNano: () => read('money.totalIssuance', []),
    timestampMs: () => read('timestamp.now', []),
  }
}
