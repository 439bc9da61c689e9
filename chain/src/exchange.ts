import type { CommunityRules, Order, Reason, SignedMessage } from '@wattfleet/protocol'
import type { CallArguments, EventData, RuntimeType } from './client/types/runtime.ts'

/*
 * The exchange as the rest of the project sees it: what finalized blocks say, and what can be asked of the chain.
 * Where the project has no words of its own, the shapes are the runtime's, generated from its metadata.
 * Ids and hashes are lower-case hex without 0x: order 32 bytes, gateway key 32, site 16, account 32, block 32.
 */

/** Events of the exchange's pallets, in the order of the block. */
export type ExchangeEvent = RegistryEvent | VaultEvent | OrderbookEvent | SettlementEvent

export type RegistryEvent =
  | {
      readonly type: 'community-set'
      readonly rules: CommunityRules
      readonly balancing: string
      readonly gridOperator: string
    }
  /** Grid zone: two sites of one zone pay the first fee class, others the second. */
  | ({ readonly type: 'site-set' } & EventData<'registry.SiteSet'>)
  | ({ readonly type: 'gateway-enrolled' } & EventData<'registry.GatewayEnrolled'>)
  | ({ readonly type: 'gateway-revoked' } & EventData<'registry.GatewayRevoked'>)

/** Every movement of money. Free and locked balances follow from these alone. */
export type VaultEvent =
  | { readonly type: 'issued'; readonly account: string; readonly amountNano: bigint; readonly reference: string }
  /** free → locked */
  | { readonly type: 'locked'; readonly account: string; readonly amountNano: bigint }
  /** locked → free */
  | { readonly type: 'released'; readonly account: string; readonly amountNano: bigint }
  /** Left this account's locked balance, at execution. */
  | { readonly type: 'debited'; readonly account: string; readonly amountNano: bigint }
  /** Arrived in this account's free balance, at execution. */
  | { readonly type: 'credited'; readonly account: string; readonly amountNano: bigint }

export type OrderbookEvent =
  | {
      readonly type: 'order-entered'
      readonly id: string
      readonly order: Order
      readonly site: string
      readonly member: string
      readonly lockedNano: bigint
    }
  /** An item of a batch that was refused; `hash` is the SHA-256 of its bytes. */
  | { readonly type: 'item-rejected'; readonly hash: string; readonly reason: Reason }
  /** The end of an order; what remained is gone and its lock released. */
  | {
      readonly type: 'order-ended'
      readonly id: string
      readonly state: 'filled' | 'cancelled' | 'replaced' | 'expired'
      readonly remainingWh: number
    }

export type SettlementEvent =
  /** The buyer's rate is what it pays per kWh, fee included; the seller's what it gets. */
  | ({ readonly type: 'trade' } & EventData<'settlement.Traded'>)
  /** A match that was refused, by its place in the batch. */
  | { readonly type: 'match-rejected'; readonly index: number; readonly reason: string }
  | {
      readonly type: 'trade-executed'
      readonly trade: number
      readonly allocatedWh: number
      /** By the buyer: energy and fee. */
      readonly paidNano: bigint
      readonly receivedNano: bigint
      readonly feeNano: bigint
    }
  | ({ readonly type: 'site-settled'; readonly penaltyNano: bigint } & Omit<
      EventData<'settlement.SiteSettled'>,
      'penalty'
    >)
  /** The commitment to the energy messages a slot was settled by. */
  | ({ readonly type: 'slot-committed' } & EventData<'settlement.SlotCommitted'>)

export interface FinalizedBlock {
  readonly number: number
  readonly hash: string
  /** The chain's own time, UTC Unix seconds: the one that decides. */
  readonly timestampS: number
  readonly events: readonly ExchangeEvent[]
}

/** Two orders by their ids. */
export type Match = RuntimeType<'Match'>
export type Allocation = RuntimeType<'Allocation'>
export type Deviation = RuntimeType<'Deviation'>

/** What the hub's accounts ask of the chain. Each is one extrinsic. */
export type ExchangeCall =
  /** By the relayer. Items are signed orders and cancels; a bad one does not spoil the batch. */
  | { readonly call: 'submit-orders'; readonly community: number; readonly items: readonly SignedMessage[] }
  /** By the matching engine. Refused whole when trades of this market entered after `computedFrom` (block number). */
  | ({ readonly call: 'submit-matches' } & CallArguments<'settlement.submitMatches'>)
  /**
   * By the settlement engine, in one call or several of one root: a site's deviation is taken once all its trades of the
   * slot are executed, in the same call or before.
   */
  | ({ readonly call: 'settle' } & CallArguments<'settlement.settle'>)

/** What the community's operator asks of the chain. Each is one extrinsic. */
export type OperatorCall =
  | ({ readonly call: 'set-site' } & CallArguments<'registry.setSite'>)
  /** Puts a signing key in force for a site; a new epoch starts and the key before is revoked. */
  | ({ readonly call: 'enrol-gateway' } & CallArguments<'registry.enrolGateway'>)
  /** Issues money against a payment reference of 32 bytes, hex; refused when the reference was used before. */
  | ({ readonly call: 'issue'; readonly amountNano: bigint } & Omit<CallArguments<'vault.issue'>, 'amount'>)

/**
 * Most items that one call carries, each by itself: what fits into half of a block. A call of allocations and deviations
 * has room for a share of one and the rest of the other.
 */
export interface BatchLimits {
  readonly orders: number
  readonly matches: number
  readonly allocations: number
  readonly deviations: number
}

/**
 * How a submitted extrinsic ended. `included-without-effect`: the runtime refused the call, in this finalized block.
 * `died`: its era passed, or the chain refused it before inclusion; it had no effect.
 */
export type Submission =
  | { readonly ok: true; readonly block: number }
  | { readonly ok: false; readonly error: string; readonly effect: 'included-without-effect'; readonly block: number }
  | { readonly ok: false; readonly error: string; readonly effect: 'died' }

/** One account that submits, one extrinsic at a time, crash-safe: the next is signed only when the last is known to have ended. */
export interface Submitter {
  /** Account id, hex. */
  readonly account: string
  /** What the chain's runtime has room for; waits as long as the chain is away. Rejects only when aborted. */
  limits(signal: AbortSignal): Promise<BatchLimits>
  /** Resolves when the call is in a finalized block or cannot enter any more; waits as long as the chain is away. Rejects only when aborted. */
  submit(call: ExchangeCall | OperatorCall, signal: AbortSignal): Promise<Submission>
}

/** Finalized blocks, each once, in order, without gaps. */
export interface FinalizedBlocks {
  /**
   * Calls `onBlock` for every finalized block from number `from` on, one after the other, and waits for it; reconnects by
   * itself. Returns when aborted. An error thrown by `onBlock` ends the following and is thrown, and so is a Fault `chain`
   * where a block does not follow the one before it, whose hash is `before` for the first.
   */
  follow(
    from: number,
    onBlock: (block: FinalizedBlock) => Promise<void> | void,
    signal: AbortSignal,
    before?: string,
  ): Promise<void>
}
