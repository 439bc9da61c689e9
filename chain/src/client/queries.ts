import type { Codec } from '@polkadot/types/types'
import type { CommunityRules } from '@wattfleet/protocol'
import { type ChainConnection, inTime } from './connection.ts'
import { communityOf } from './events.ts'
import { bigintOf, field, hexOf, numberOf, stored } from './fields.ts'

/** A site's entry in the registry. */
export interface SiteEntry {
  readonly community: number
  readonly member: string
  readonly zone: number
  readonly capImportWh: number
  readonly capExportWh: number
  /** The key in force, hex; undefined before the first enrolment and after a revocation. */
  readonly gateway?: string
  readonly epoch: number
}

/** An account of the vault, nano-currency. */
export interface Funds {
  readonly freeNano: bigint
  readonly lockedNano: bigint
}

const unwrap = (value: Codec): Codec => (value as Codec & { unwrap?: () => Codec }).unwrap?.() ?? value

/** What finalized state says. Each throws a retryable Fault `chain` where the chain does not answer. */
export interface ChainQueries {
  /** 32 bytes, hex. */
  chainId(): Promise<string>
  rules(community: number): Promise<CommunityRules | undefined>
  site(site: string): Promise<SiteEntry | undefined>
  /** What was issued against a payment reference (32 bytes, hex). */
  issuedAgainst(community: number, reference: string): Promise<bigint | undefined>
  funds(account: string): Promise<Funds>
  /** All money of the vault's currency. */
  issuedNano(): Promise<bigint>
  /** The chain's own time at the finalized head, UTC Unix milliseconds. */
  timestampMs(): Promise<number>
}

export function chainQueries(connection: ChainConnection): ChainQueries {
  const read = async (pallet: string, item: string, ...keys: unknown[]): Promise<Codec | undefined> => {
    const head = await connection.head()
    const at = await inTime(connection.api.at(head.hash), 'finalized state')
    const value = await inTime(stored(at, pallet, item, ...keys), `${pallet}.${item}`)
    return value === undefined ? undefined : unwrap(value)
  }
  return {
    async chainId() {
      const id = await read('registry', 'chainId')
      return id === undefined ? '' : hexOf(id)
    },
    async rules(community) {
      const entry = await read('registry', 'communities', community)
      return entry && communityOf(community, entry).rules
    },
    async site(site) {
      const entry = await read('registry', 'sites', `0x${site}`)
      if (entry === undefined) return undefined
      const gateway = field(entry, 'gateway')
      return {
        community: numberOf(field(entry, 'community')),
        member: hexOf(field(entry, 'member')),
        zone: numberOf(field(entry, 'zone')),
        capImportWh: numberOf(field(entry, 'capImportWh')),
        capExportWh: numberOf(field(entry, 'capExportWh')),
        epoch: numberOf(field(entry, 'epoch')),
        ...(gateway.isEmpty ? {} : { gateway: hexOf(unwrap(gateway)) }),
      }
    },
    async issuedAgainst(community, reference) {
      const amount = await read('vault', 'references', community, `0x${reference}`)
      return amount && bigintOf(amount)
    },
    async funds(account) {
      const entry = await read('money', 'account', `0x${account}`)
      if (entry === undefined) return { freeNano: 0n, lockedNano: 0n }
      return { freeNano: bigintOf(field(entry, 'free')), lockedNano: bigintOf(field(entry, 'reserved')) }
    },
    async issuedNano() {
      const total = await read('money', 'totalIssuance')
      return total === undefined ? 0n : bigintOf(total)
    },
    async timestampMs() {
      const now = await read('timestamp', 'now')
      return now === undefined ? 0 : numberOf(now)
    },
  }
}
