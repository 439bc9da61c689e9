import type { BookOrder, SiteDeviation, TradeState } from '@wattfleet/market'
import type {
  CommunityRules,
  Energy,
  MarketKind,
  Message,
  NoticeKind,
  Reason,
  Side,
  SignedMessage,
  Status,
} from '@wattfleet/protocol'

/*
 * What each role of the hub needs, in its own words. Two stores stand behind these ports:
 *   the inbox (messages, routes, notices, plans), which is the only copy of what it holds: synchronous FULL, never rebuilt;
 *   the index, which follows finalized blocks and can be deleted: following again from block 0 makes it anew.
 * Keys, ids and hashes are lower-case hex without 0x; times end in S (UTC Unix seconds) or Ms.
 * Everything here is synchronous, because a transaction is; a store that is full or failing throws Fault `store`.
 */

/** A finalized block as the index knows it. */
export interface Head {
  readonly number: number
  readonly hash: string
  /** The chain's own time. */
  readonly timestampS: number
}

/** What the chain's registry says of a gateway's key. */
export interface GatewayEntry {
  readonly gateway: string
  readonly site: string
  readonly community: number
  readonly epoch: number
  readonly revoked: boolean
  readonly capImportWh: number
  readonly capExportWh: number
}

/** Where a role says what happened. */
export interface Log {
  info(fields: object, text: string): void
  warn(fields: object, text: string): void
  error(fields: object, text: string): void
}

// ── intake ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** The registry, as far as finalized blocks have been indexed. */
export interface Registry {
  gateway(key: string): GatewayEntry | undefined
  /** The rules of a slot. */
  rules(community: number, slotStart: number): CommunityRules | undefined
  head(): Head | undefined
}

/**
 * Whether the utility has stopped the gateway with this key for now: it is suspended, quarantined, or about to be off the
 * chain. Its orders are refused, what it takes back or has measured is not.
 */
export type IsStopped = (key: string) => boolean

/** A verified message on its way into the inbox. */
export interface Candidate {
  /** SHA-256 over its identity (gateway, epoch, sequence), whatever kind of message it is. */
  readonly id: string
  /** SHA-256 of its bytes. */
  readonly hash: string
  readonly message: Message
  readonly signed: SignedMessage
  readonly site: string
  /** The wire name on whose topic it came. */
  readonly wire: string
  readonly receivedMs: number
  /** Last moment at which it may enter a block; for an energy message, at which the settlement engine may have to show it. */
  readonly entersUntilS: number
  /** Most this site may have open or traded in this slot and on this side; for orders. */
  readonly capWh?: number
}

/**
 * What became of a candidate. `duplicate`: these very bytes are stored already. `cap`: an order over the site's cap, or
 * one reading too many. `rate-limited`: a cancel for which there is no place now: too many of its key wait, or it came on
 * a wire name that the key is not known by and there is nothing here that it cancels. Cancels become public on the chain,
 * and one that somebody else sends again must not take the place of its signer's own.
 */
export type Stored = 'stored' | 'duplicate' | 'conflict' | 'cap' | 'rate-limited'

export interface StatusRow {
  readonly wire: string
  readonly status: Status
  readonly receivedMs: number
}

export interface InboxWriter {
  /** Hash of the bytes stored under this identity. */
  hashOf(id: string): string | undefined
  /** One durable transaction for all of them, in their order; after it returns, a receipt may go out. Throws Fault `store`. */
  commit(candidates: readonly Candidate[], statuses: readonly StatusRow[]): readonly Stored[]
}

// ── relay ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface QueuedMessage {
  readonly id: string
  readonly type: 'order' | 'cancel'
  /** Key of the gateway that signed it. */
  readonly gateway: string
  readonly signed: SignedMessage
}

/**
 * Orders and cancels on their way to the chain. waiting → claimed → relayed; a claim whose submission died is waiting again;
 * what is refused while it waits goes no further.
 */
export interface RelayQueue {
  /** The longest-waiting messages that can still enter at `atS`. */
  waiting(limit: number, atS: number): readonly QueuedMessage[]
  claim(ids: readonly string[]): void
  /** In a finalized block. */
  relayed(ids: readonly string[]): void
  /** Known to have had no effect. Those whose fate is known by now stay where they are. */
  release(ids: readonly string[]): void
  /** Waiting orders that must not go to the chain. The next block records their end, unless it holds them all the same. */
  refuse(ids: readonly string[], reason: Reason): void
  /** Left by a process that died between claim and end. */
  claimed(): readonly string[]
}

/** How far the index has come. */
export interface Progress {
  head(): Head | undefined
}

// ── orderbook ───────────────────────────────────────────────────────────────────────────────────────────────────────

/** A notice before it has its number. */
export interface NewNotice {
  /** Key of the gateway it is for. */
  readonly gateway: string
  /** What it is about, the same whenever the same block is followed again. Unique per gateway. */
  readonly about: string
  readonly kind: NoticeKind
  /** The body without its number, as it goes on the wire. */
  readonly body: Readonly<Record<string, unknown>>
}

/** What one finalized block means for the inbox. */
export interface BlockRecord {
  readonly number: number
  readonly timestampS: number
  /** Ids of orders that entered. */
  readonly entered: readonly string[]
  /** Orders that ended on the chain, with what was traded of them. */
  readonly ended: readonly { readonly id: string; readonly tradedWh: number }[]
  readonly rejected: readonly { readonly hash: string; readonly reason: Reason }[]
  readonly notices: readonly NewNotice[]
}

/** An order of this inbox that never entered the chain, and how it ended. */
export interface InboxEnding {
  readonly id: string
  readonly signed: SignedMessage
  readonly site: string
  readonly state: 'rejected' | 'expired'
  readonly reason?: Reason
}

/**
 * The inbox's side of a finalized block. Recording the same block again changes nothing: notices are kept by what they
 * are about, fates once known stay. So it is recorded first and the index's own transaction commits after it; a process
 * that dies in between records it again.
 */
export interface Journal {
  /**
   * Durable. Also ends, as expired, the orders that this block's time has shut out: neither entered nor refused so far,
   * and past the last moment at which they could enter; and, as rejected, what the relay has refused. `isOnChain` knows those that entered through another hub before
   * this one had them. Says which orders ended without entering, the same ones again on a repeat.
   */
  record(block: BlockRecord, isOnChain: (id: string) => boolean): readonly InboxEnding[]
}

// ── courier ─────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Notice {
  readonly gateway: string
  readonly number: number
  readonly kind: NoticeKind
  /** Without the number. */
  readonly body: Readonly<Record<string, unknown>>
}

export interface NoticeLog {
  /** Wire name under which a gateway's key was last seen. */
  route(gateway: string): string | undefined
  /** Notices not yet handed to the broker, for gateways with a route, each gateway's in order. */
  due(limit: number): readonly (Notice & { readonly wire: string })[]
  /** Handed to the broker, up to and including these numbers. */
  sent(upTo: ReadonlyMap<string, number>): void
  /** Those after `number` that were handed to the broker before. */
  sentAfter(gateway: string, number: number, limit: number): readonly Notice[]
}

// ── match ───────────────────────────────────────────────────────────────────────────────────────────────────────────

export interface Market {
  readonly community: number
  readonly slotStart: number
  readonly kind: MarketKind
}

/** An open order, and what names it to the chain's matches: it was the n-th to enter its market. */
export interface OpenOrder extends BookOrder {
  readonly position: number
  /** The key that signed it, hex. */
  readonly gateway: string
}

export interface Book {
  head(): Head | undefined
  /** The rules of a slot. */
  rules(community: number, slotStart: number): CommunityRules | undefined
  /** Markets of a community with open orders on both sides, earliest slot first. */
  tradableMarkets(community: number): readonly Market[]
  /** Open orders of a market that have not expired at `atS`. */
  openOrders(market: Market, atS: number): readonly OpenOrder[]
  /** How many trades of a market entered in this block. */
  tradesIn(market: Market, block: number): number
}

// ── settle ──────────────────────────────────────────────────────────────────────────────────────────────────────────

/** A site's member has revealed another message than the engine named: whoever shows that one answers, or its stake goes. */
export interface Challenge {
  readonly slotStart: number
  readonly site: string
  /** The account whose stake it is about. */
  readonly engine: string
  /** UTC Unix seconds, by the chain's time. */
  readonly answerBy: number
}

export interface Slots {
  head(): Head | undefined
  /** The rules of a slot. */
  rules(community: number, slotStart: number): CommunityRules | undefined
  /** Slots of a community with trades or sites that are not settled, earliest first. */
  unsettled(community: number): readonly number[]
  trades(community: number, slotStart: number): readonly TradeState[]
  /** What each site that is settled deviated by, as it stands now. */
  settled(community: number, slotStart: number): ReadonlyMap<string, SiteDeviation>
  /** The root that the chain holds for the slot, hex. */
  root(community: number, slotStart: number): string | undefined
  /** What waits for an answer of a settlement engine, or for its stake to be taken; the earliest to answer first. */
  challenges(community: number): readonly Challenge[]
}

export interface EnergyRecord {
  readonly site: string
  readonly energy: Energy
  readonly signed: SignedMessage
}

export interface Energies {
  /** The energy messages of a slot; those of one site in a row, in the order in which they replace each other. */
  ofSlot(community: number, slotStart: number): readonly EnergyRecord[]
}

/**
 * What a slot is settled by, fixed before anything of it is submitted. What its trades are allocated follows from how its
 * sites stand when they are executed: a member may have corrected one in between.
 */
export interface Plan {
  readonly community: number
  readonly slotStart: number
  /** Hex. */
  readonly root: string
  readonly deviations: readonly {
    readonly site: string
    readonly shortfallWh: number
    readonly unusedWh: number
    readonly missingImport: boolean
    readonly missingExport: boolean
    /** The energy message that says so; none where it is missing. */
    readonly message?: { readonly epoch: number; readonly sequence: number }
  }[]
}

/** What the settlement engine has at stake in the community, and what it could add to it; finalized state. */
export interface Stake {
  /** Throws a retryable Fault `chain` where the chain does not answer. */
  read(): Promise<{ readonly bondNano: bigint; readonly freeNano: bigint }>
}

export interface Plans {
  load(community: number, slotStart: number): Plan | undefined
  save(plan: Plan): void
  drop(community: number, slotStart: number): void
}

// ── wire ────────────────────────────────────────────────────────────────────────────────────────────────────────────

/** One MQTT message from a gateway. */
export type OnMessage = (topic: string, payload: Uint8Array) => void

export interface Wire {
  readonly connected: boolean
  /** At QoS 1. Resolves when the broker has it; false where it could not be handed over (not connected, or lost). */
  publish(topic: string, payload: Uint8Array): Promise<boolean>
}

/** Which side of the market an order's cap is of. */
export function capOf(entry: GatewayEntry, side: Side): number {
  return side === 'bid' ? entry.capImportWh : entry.capExportWh
}
