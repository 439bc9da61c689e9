import type {
  CommunityRules,
  Grade,
  MarketKind,
  Quality,
  Reason,
  Side,
  Status,
  TerminalState,
} from '@wattfleet/protocol'

/*
 * What the HTTP side reads of the exchange. Ids are lower-case hex without 0x: order 64 digits, gateway (public key) 64,
 * site 32, account 64, block 64. Times are UTC Unix seconds, energies Wh, powers W, rates micro-currency per kWh,
 * money nano-currency as bigint.
 */

export interface ExchangeViews {
  /** Newest first: descending `position`, at most `limit`, only those with `position < before`. */
  orders(query: OrderQuery): Promise<readonly OrderView[]>
  /** Newest first: descending trade number, at most `limit`, only those with `trade < before`. */
  trades(query: TradeQuery): Promise<readonly TradeView[]>
  /** Latest received first: descending `position`, at most `limit`, only those with `position < before`. */
  measurements(query: MeasurementQuery): Promise<readonly MeasurementView[]>
  /** Latest slot first: descending (slotStart, community, kind as text), at most `limit`, only those below `before`. */
  markets(query: MarketQuery): Promise<readonly MarketView[]>
  /** What the index knows of the chain itself. */
  chain(): Promise<ChainView>
  /** The whole street at one moment, read in one transaction, so that its figures belong together. */
  street(query: StreetQuery): Promise<StreetView>
  /** Never throws for what it reports on: a store that fails is said in `storeFault`. */
  health(): Promise<HealthView>
  counters(): Promise<CountersView>
  /** Calls the listener after a commit that changed what the street shows (block indexed, status or energy received). Returns how to stop. */
  onChange(listener: () => void): () => void
}

export const OPEN_STATES = ['open', 'partly-filled'] as const
export type OrderState = (typeof OPEN_STATES)[number] | TerminalState

/** A market: a community's, one slot's, of one kind. */
export interface MarketId {
  readonly community: number
  readonly slotStart: number
  readonly kind: MarketKind
}

/** Each field narrows; all that are there must hold. */
export interface OrderQuery {
  readonly gateway?: string
  readonly state?: OrderState
  readonly side?: Side
  readonly community?: number
  readonly kind?: MarketKind
  /** Inclusive. */
  readonly slotStartFrom?: number
  /** Inclusive. */
  readonly slotStartTo?: number
  readonly before?: number
  readonly limit: number
}

export interface OrderView extends MarketId {
  /** Place in the index: unique, growing with the order of entry. Only for paging. */
  readonly position: number
  readonly id: string
  readonly gateway: string
  readonly epoch: number
  readonly sequence: number
  /** Absent where the chain rejected the order without knowing its site. */
  readonly site?: string
  readonly side: Side
  readonly energyWh: number
  readonly tradedWh: number
  readonly priceMicro: number
  /** 0: at gate closure. */
  readonly expiresAt: number
  readonly energyTypes: number
  readonly state: OrderState
  /** With `rejected` only. */
  readonly reason?: Reason
  /** The finalized block that holds its entry; absent with `rejected`. */
  readonly block?: number
}

/** `corrected`: executed, and something else by now. `given-up`: nobody settled its slot in time, and nobody pays. */
export const TRADE_STATES = ['open', 'executed', 'corrected', 'given-up'] as const

export interface TradeQuery {
  /** As buyer or as seller. */
  readonly site?: string
  readonly community?: number
  readonly slotStart?: number
  readonly before?: number
  readonly limit: number
}

export interface TradeView extends MarketId {
  readonly trade: number
  /** Order ids. */
  readonly bid: string
  readonly offer: string
  readonly buyerSite: string
  readonly sellerSite: string
  readonly energyWh: number
  /** What the buyer pays, fee included. */
  readonly buyerRateMicro: number
  readonly sellerRateMicro: number
  /** Finalized block and its timestamp. */
  readonly block: number
  readonly tradedAt: number
  readonly state: (typeof TRADE_STATES)[number]
  /** Once it has ended: what it comes to now. */
  readonly execution?: {
    readonly allocatedWh: number
    readonly paidNano: bigint
    readonly receivedNano: bigint
    readonly feeNano: bigint
    readonly block: number
  }
}

export interface MeasurementQuery {
  readonly site?: string
  readonly gateway?: string
  /** Inclusive. */
  readonly slotStartFrom?: number
  /** Inclusive. */
  readonly slotStartTo?: number
  readonly before?: number
  readonly limit: number
}

/** An energy message as received. Personal data: for the operator of the hub, never for the chain. */
export interface MeasurementView {
  /** Place in the order of receipt, unique. Only for paging. */
  readonly position: number
  readonly site: string
  readonly gateway: string
  readonly epoch: number
  readonly sequence: number
  readonly community: number
  readonly slotStart: number
  /** As signed; without meaning where quality is `missing`. */
  readonly importWh: number
  readonly exportWh: number
  readonly errorWh: number
  readonly quality: Quality
  readonly grade: Grade
}

export interface MarketQuery {
  readonly community?: number
  readonly kind?: MarketKind
  /** Inclusive. */
  readonly slotStartFrom?: number
  /** Inclusive. */
  readonly slotStartTo?: number
  readonly before?: MarketId
  readonly limit: number
}

/** How many orders, and what they come to. */
export interface Amount {
  readonly count: number
  readonly energyWh: number
}

/** A market that at least one order has entered. */
export interface MarketView extends MarketId {
  /** All that entered, whatever became of them. */
  readonly bids: Amount
  readonly offers: Amount
  /** What can still be matched, `energyWh` being what remains. */
  readonly openBids: Amount
  readonly openOffers: Amount
  /** Highest price among the open bids, lowest among the open offers. */
  readonly bestBidMicro?: number
  readonly bestOfferMicro?: number
  readonly trades: Amount
  /** Trades executed so far, `energyWh` being what was allocated. */
  readonly executed: Amount
}

export interface StreetQuery {
  /** Markets wanted: those of slots from here on (inclusive), earliest first. */
  readonly marketsFrom: number
  readonly marketsLimit: number
  readonly sitesLimit: number
  readonly settlementsLimit: number
}

export interface ChainView {
  /** The rules of each community that the chain has, by number. */
  readonly communities: readonly CommunityRules[]
  /** The last finalized block in the index; absent before the first. */
  readonly head?: { readonly number: number; readonly hash: string; readonly timestampS: number }
}

export interface StreetView {
  readonly chain: ChainView
  /** By name, then id, the first `sitesLimit` of them. */
  readonly sites: readonly SiteView[]
  /** How many there are. */
  readonly siteCount: number
  readonly markets: readonly MarketView[]
  /** Latest first. */
  readonly settlements: readonly SettlementView[]
  readonly totals: TotalsView
}

export interface SiteView {
  readonly site: string
  /** What the operator calls it; the page falls back on the pseudonym. */
  readonly name?: string
  /** Public key in force, where one is enrolled. */
  readonly gateway?: string
  /** The gateway's last status, as sent. */
  readonly status?: Pick<Status, 'importW' | 'exportW' | 'meter' | 'clockMs'>
  readonly openBids: Amount
  readonly openOffers: Amount
  readonly lastTrade?: {
    readonly trade: number
    readonly slotStart: number
    /** `bid`: it bought. */
    readonly side: Side
    readonly energyWh: number
    /** What this side pays or gets per kWh. */
    readonly rateMicro: number
  }
  /** The member's money. */
  readonly freeNano: bigint
  readonly lockedNano: bigint
}

/** Where a settlement's figures come from; a later source overrides an earlier one. */
export const SETTLEMENT_SOURCES = ['engine', 'revealed', 'official'] as const

/** One site's slot as it was executed, or last corrected. */
export interface SettlementView {
  readonly slotStart: number
  readonly site: string
  readonly soldWh: number
  readonly boughtWh: number
  readonly allocatedSoldWh: number
  readonly allocatedBoughtWh: number
  readonly shortfallWh: number
  readonly unusedWh: number
  readonly missingImport: boolean
  readonly missingExport: boolean
  readonly source: (typeof SETTLEMENT_SOURCES)[number]
  readonly paidNano: bigint
  readonly receivedNano: bigint
  readonly penaltyNano: bigint
}

/** Sums over finalized events since block 0. */
export interface TotalsView {
  readonly orders: number
  readonly trades: number
  /** Trades executed. */
  readonly settled: number
  /** Orders and matches that intake or chain refused. */
  readonly refused: number
  /** Allocated, as the buyers' and as the sellers' site settlements have it. */
  readonly energyBoughtWh: number
  readonly energySoldWh: number
  /** Sum of what left accounts at execution and by corrections, and of what arrived: fees and penalties included. */
  readonly moneyInNano: bigint
  readonly moneyOutNano: bigint
  /** Issued by the operator and not redeemed, and the sum of all balances: members, balancing account, grid operator. They are equal. */
  readonly issuedNano: bigint
  readonly heldNano: bigint
}

export interface HealthView {
  /** Last finalized block in the index. */
  readonly indexedBlock?: number
  /** Finalized head as the chain says, while it can be asked. */
  readonly finalizedBlock?: number
  readonly brokerConnected: boolean
  /** What the store said when it last failed; absent while it works. */
  readonly storeFault?: string
}

export interface CountersView {
  readonly ordersByState: Readonly<Record<OrderState, number>>
  /** Receipts sent since the process started; `ok` or the reason. Those not there count as zero. */
  readonly receipts: Readonly<Partial<Record<Reason | 'ok', number>>>
  /** Finalized blocks taken in since the process started. */
  readonly blocksFollowed: number
  /** Hints from nodes since the process started, taken and refused; absent where none are listened for here. */
  readonly pushes?: { readonly received: number; readonly refused: number }
  /** Gateways heard of since the process started: connected, or gone without a word; absent where nobody listens to them. */
  readonly gateways?: { readonly present: number; readonly away: number }
  /** Messages accepted and not yet in a finalized block. */
  readonly waitingForChain: number
  /** Sums over finalized events, the same as the street's. */
  readonly totals: TotalsView
}
