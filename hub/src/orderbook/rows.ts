import type { SiteResult } from '@wattfleet/market'
import type { CommunityRules, MarketKind, Reason, Side } from '@wattfleet/protocol'
import type { Head } from '../ports.ts'

/*
 * The index: what finalized blocks have said so far, as rows. Everything in it follows from the blocks alone (and, for
 * orders that never entered the chain, from the inbox), so it can be deleted and made anew.
 */

/** A community as it is for slots that start at or after `from` (UTC Unix seconds). */
export interface CommunityVersion {
  readonly from: number
  readonly rules: CommunityRules
  readonly balancing: string
  readonly gridOperator: string
}

export interface CommunityRow {
  readonly community: number
  /** The earliest first. */
  readonly versions: readonly CommunityVersion[]
}

/** The rules that a slot is traded and settled by. */
export function rulesAt(row: CommunityRow | undefined, slotStart: number): CommunityRules | undefined {
  return row?.versions.findLast(({ from }) => from <= slotStart)?.rules
}

export interface SiteRow {
  readonly site: string
  readonly community: number
  readonly member: string
  readonly zone: number
  readonly capImportWh: number
  readonly capExportWh: number
  /** Key in force. */
  readonly gateway: string | null
}

export interface GatewayRow {
  readonly gateway: string
  readonly site: string
  readonly epoch: number
  readonly revoked: boolean
}

export type OrderState = 'open' | 'filled' | 'cancelled' | 'replaced' | 'expired' | 'rejected'

export interface OrderRow {
  readonly id: string
  readonly community: number
  readonly slotStart: number
  readonly kind: MarketKind
  readonly side: Side
  readonly gateway: string
  readonly epoch: number
  readonly sequence: number
  readonly site: string
  readonly member: string
  readonly zone: number
  readonly energyWh: number
  readonly priceMicro: number
  readonly expiresAt: number
  readonly energyTypes: number
  /** Open: what can still be matched. Ended: what was not traded. */
  readonly remainingWh: number
  readonly state: OrderState
  readonly reason: Reason | null
  /** Block that holds its entry and its place among that block's events; null where it never entered. */
  readonly block: number | null
  readonly place: number | null
  /** What names it to matches: it was the n-th to enter its market. */
  readonly marketPosition: number | null
}

/** `given-up`: nobody settled its slot in time, so nothing was allocated and nobody pays. */
export type TradeRowState = 'open' | 'executed' | 'corrected' | 'given-up'

export interface TradeRow {
  readonly trade: number
  readonly community: number
  readonly slotStart: number
  readonly kind: MarketKind
  readonly bid: string
  readonly offer: string
  readonly buyerSite: string
  readonly sellerSite: string
  readonly energyWh: number
  readonly buyerRateMicro: number
  readonly sellerRateMicro: number
  readonly block: number
  readonly tradedAt: number
  readonly state: TradeRowState
  /** Null until it ends; then what it comes to now, and the block that said so. */
  readonly allocatedWh: number | null
  readonly paidNano: bigint | null
  readonly receivedNano: bigint | null
  readonly feeNano: bigint | null
  readonly executedBlock: number | null
}

export interface AccountRow {
  readonly account: string
  readonly freeNano: bigint
  readonly lockedNano: bigint
}

export interface SettlementRow extends SiteResult {
  readonly community: number
  readonly slotStart: number
  readonly penaltyNano: bigint
  /** Where the figures come from; a later source overrides an earlier one. */
  readonly source: 'engine' | 'revealed' | 'official'
  /** Energy, fees and penalty together. */
  readonly paidNano: bigint
  readonly receivedNano: bigint
  readonly block: number
}

/** How much of a slot's trades is still to settle: one row for each slot that ever had a trade. */
export interface SlotRow {
  readonly community: number
  readonly slotStart: number
  /** Trades that are not executed and sites that traded and are not settled, together. */
  readonly waiting: number
}

/** A challenge of a site's settlement, the last one. */
export interface ChallengeRow {
  readonly community: number
  readonly slotStart: number
  readonly site: string
  readonly engine: string
  readonly answerBy: number
  /** Neither answered nor lost. */
  readonly open: boolean
}

export interface CommitmentRow {
  readonly community: number
  readonly slotStart: number
  readonly root: string
}

/** Running sums over finalized events since block 0: one row. */
export interface TotalsRow {
  readonly id: number
  readonly orders: number
  readonly trades: number
  readonly settled: number
  /** Items and matches that the chain refused. */
  readonly refused: number
  readonly energyBoughtWh: number
  readonly energySoldWh: number
  readonly issuedNano: bigint
  readonly debitedNano: bigint
  readonly creditedNano: bigint
}

/** One row: the last block taken in. */
export interface HeadRow extends Head {
  readonly id: number
}

export interface Table<T> {
  get(...key: readonly (string | number)[]): T | undefined
  /** Writes the row in place of the one with the same key. */
  put(row: T): void
}

export interface IndexRows {
  readonly communities: Table<CommunityRow>
  readonly sites: Table<SiteRow>
  readonly gateways: Table<GatewayRow>
  readonly orders: Table<OrderRow>
  readonly trades: Table<TradeRow>
  readonly accounts: Table<AccountRow>
  readonly settlements: Table<SettlementRow>
  readonly slots: Table<SlotRow>
  readonly commitments: Table<CommitmentRow>
  readonly challenges: Table<ChallengeRow>
  readonly totals: Table<TotalsRow>
  readonly heads: Table<HeadRow>
  /** Keys in force at the sites of a member, by site. */
  gatewaysOf(member: string): readonly string[]
  hasTraded(community: number, slotStart: number, site: string): boolean
  /** Executed and not, by number. */
  tradesOfSite(community: number, slotStart: number, site: string): readonly TradeRow[]
}

export interface IndexStore {
  /** Changes rows in one transaction: all of it or, where `change` throws, nothing. */
  transact<T>(change: (rows: IndexRows) => T): T
}

/** Key of the tables that hold one row. */
export const ONLY = 1

export const NO_TOTALS: TotalsRow = {
  id: ONLY,
  orders: 0,
  trades: 0,
  settled: 0,
  refused: 0,
  energyBoughtWh: 0,
  energySoldWh: 0,
  issuedNano: 0n,
  debitedNano: 0n,
  creditedNano: 0n,
}
