import type { CommunityRules, Order, Reason, SignedMessage } from '@wattfleet/protocol'
import type { CallArguments, EventData, RuntimeType } from './client/types/runtime.ts'

/*
 * The exchange as the rest of the project sees it: what finalized blocks say, and what can be asked of the chain.
 * Where the project has no words of its own, the shapes are the runtime's, generated from its metadata.
 * Ids and hashes are lower-case hex without 0x: order 32 bytes, gateway key 32, site 16, account 32, block 32.
 */

/** Events of the exchange's pallets, in the order of the block. */
export type ExchangeEvent = ValidatorEvent | RegistryEvent | VaultEvent | OrderbookEvent | SettlementEvent

/** In force from the session after next. */
export type ValidatorEvent =
  | ({ readonly type: 'validator-added' } & EventData<'validators.Added'>)
  | ({ readonly type: 'validator-removed' } & EventData<'validators.Removed'>)

export type RegistryEvent =
  | {
      readonly type: 'community-set'
      /** UTC Unix seconds: for slots that start then or later. */
      readonly from: number
      readonly rules: CommunityRules
      readonly balancing: string
      readonly gridOperator: string
    }
  /** Grid zone: two sites of one zone pay the first fee class, others the second. */
  | ({ readonly type: 'site-set' } & EventData<'registry.SiteSet'>)
  /** A site's share of the community's export, where it is split by static shares. */
  | ({ readonly type: 'share-set' } & EventData<'registry.ShareSet'>)
  | ({ readonly type: 'gateway-enrolled' } & EventData<'registry.GatewayEnrolled'>)
  | ({ readonly type: 'gateway-revoked' } & EventData<'registry.GatewayRevoked'>)

/** Every movement of money. Free and locked balances follow from these alone. */
export type MoneyEvent =
  | { readonly type: 'issued'; readonly account: string; readonly amountNano: bigint; readonly reference: string }
  /** free → locked */
  | { readonly type: 'locked'; readonly account: string; readonly amountNano: bigint }
  /** locked → free */
  | { readonly type: 'released'; readonly account: string; readonly amountNano: bigint }
  /** Left this account's locked balance: at execution, or as a stake that was lost. */
  | { readonly type: 'debited'; readonly account: string; readonly amountNano: bigint }
  /** Left this account's free balance, by a correction or a debt. */
  | { readonly type: 'charged'; readonly account: string; readonly amountNano: bigint }
  /** Arrived in this account's free balance. */
  | { readonly type: 'credited'; readonly account: string; readonly amountNano: bigint }
  /** Left this account's locked balance and ceased to be, against a payment that the operator made. */
  | ({ readonly type: 'redeemed'; readonly amountNano: bigint } & Omit<EventData<'vault.Redeemed'>, 'amount'>)

export type VaultEvent =
  | MoneyEvent
  /** The amount was locked by an event of its own. */
  | ({ readonly type: 'withdrawal-requested'; readonly amountNano: bigint } & Omit<
      EventData<'vault.WithdrawalRequested'>,
      'amount'
    >)
  /** The operator did not pay; the amount was released by an event of its own. */
  | ({ readonly type: 'withdrawal-declined'; readonly amountNano: bigint } & Omit<
      EventData<'vault.WithdrawalDeclined'>,
      'amount'
    >)
  /** What this account owes its community's balancing account from now on. */
  | { readonly type: 'debt-set'; readonly account: string; readonly amountNano: bigint }
  /** What the balancing account owes this account from now on. */
  | { readonly type: 'claim-set'; readonly account: string; readonly amountNano: bigint }

export type OrderbookEvent =
  | {
      readonly type: 'order-entered'
      readonly id: string
      /** With its market, this names the order to matches: it was the n-th to enter, from 0. */
      readonly position: number
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
  /** The one rate of a pay-as-clear market: its first matches fix it. */
  | ({ readonly type: 'rate-fixed' } & EventData<'settlement.RateFixed'>)
  | ({ readonly type: 'trade-executed' } & TradeFigures)
  /** What an executed trade comes to now; only the difference moved. */
  | ({ readonly type: 'trade-corrected' } & TradeFigures)
  /** Nobody settled its slot in time: what it had locked is free again, and nobody pays. */
  | { readonly type: 'trade-given-up'; readonly trade: number }
  /** Nobody settled this site's slot in time: what was held for it is free again. */
  | ({ readonly type: 'site-given-up' } & EventData<'settlement.SiteGivenUp'>)
  /**
   * What a site's slot comes to, again when its last trade has ended and after each correction: the later says all, the
   * earlier nothing any more. While trades of it are `pending`, its allocated sums are not complete.
   */
  | ({ readonly type: 'site-settled'; readonly penaltyNano: bigint } & Omit<
      EventData<'settlement.SiteSettled'>,
      'penalty'
    >)
  /** The commitment to the energy messages a slot was settled by. */
  | ({ readonly type: 'slot-committed' } & EventData<'settlement.SlotCommitted'>)
  /** What a site gave and got where the export is split; again after each correction. */
  | ({ readonly type: 'energy-shared'; readonly receivedNano: bigint; readonly paidNano: bigint } & Omit<
      EventData<'settlement.EnergyShared'>,
      'received' | 'paid'
    >)
  /** What a settlement engine has at stake from now on. */
  | ({ readonly type: 'bond-set'; readonly amountNano: bigint } & Omit<EventData<'settlement.BondSet'>, 'amount'>)
  /**
   * A member has revealed a message of its site that is not later than the one that the engine named: that one must be
   * revealed up to `answerBy` (UTC Unix seconds), or the engine's stake can be taken.
   */
  | ({ readonly type: 'site-challenged' } & EventData<'settlement.SiteChallenged'>)
  /** The message that the engine had named was revealed. */
  | ({ readonly type: 'challenge-answered' } & EventData<'settlement.ChallengeAnswered'>)
  /**
   * A settlement engine claimed other of a site than the message in its own root says, or did not answer a challenge, and
   * lost so much.
   */
  | ({ readonly type: 'engine-slashed'; readonly amountNano: bigint } & Omit<
      EventData<'settlement.EngineSlashed'>,
      'amount'
    >)

export interface TradeFigures {
  readonly trade: number
  readonly allocatedWh: number
  /** By the buyer: energy and fee. */
  readonly paidNano: bigint
  readonly receivedNano: bigint
  readonly feeNano: bigint
}

export interface FinalizedBlock {
  readonly number: number
  readonly hash: string
  /** The chain's own time, UTC Unix seconds: the one that decides. */
  readonly timestampS: number
  readonly events: readonly ExchangeEvent[]
}

/** A bid and an offer of one market, by their positions. */
export type Match = RuntimeType<'Match'>
export type Allocation = RuntimeType<'Allocation'>
export type Deviation = RuntimeType<'Deviation'>

/** A neighbour on the way from a message up to its slot's root, and on which side it stands. */
export interface ProofStep {
  readonly side: 'left' | 'right'
  readonly hash: Uint8Array
}

/** What the hub's accounts ask of the chain. Each is one extrinsic. */
export type ExchangeCall =
  /** By the relayer. Items are signed orders and cancels; a bad one does not spoil the batch. */
  | { readonly call: 'submit-orders'; readonly community: number; readonly items: readonly SignedMessage[] }
  /**
   * By the matching engine. Refused whole when trades of this market entered after `computedFrom` (block number).
   * `rateMicro` in pay-as-clear communities, and only there.
   */
  | ({ readonly call: 'submit-matches' } & CallArguments<'settlement.submitMatches'>)
  /**
   * By the settlement engine, in one call or several of one root: a site's deviation is taken once all its trades of the
   * slot are executed, in the same call or before.
   */
  | ({ readonly call: 'settle' } & CallArguments<'settlement.settle'>)
  /** By the settlement engine of a community that splits its export. Flows are ordered by site. */
  | ({ readonly call: 'settle-coefficients' } & CallArguments<'settlement.settleCoefficients'>)
  /** By the settlement engine: adds to what it has at stake. One nano of its money stays free. */
  | { readonly call: 'post-bond'; readonly community: number; readonly amountNano: bigint }
  /** By the settlement engine: takes its whole stake back, once nothing that it settled can be disputed. */
  | ({ readonly call: 'release-bond' } & CallArguments<'settlement.releaseBond'>)

/** What the community's operator asks of the chain. Each is one extrinsic. */
export type OperatorCall =
  | ({ readonly call: 'set-site' } & CallArguments<'registry.setSite'>)
  /** Puts a signing key in force for a site; a new epoch starts and the key before is revoked. */
  | ({ readonly call: 'enrol-gateway' } & CallArguments<'registry.enrolGateway'>)
  /** Ends a key; what it has open is cancelled. */
  | ({ readonly call: 'revoke-gateway' } & CallArguments<'registry.revokeGateway'>)
  | ({ readonly call: 'set-share' } & CallArguments<'registry.setShare'>)
  /** Issues money against a payment reference of 32 bytes, hex; refused when the reference was used before. */
  | ({ readonly call: 'issue'; readonly amountNano: bigint } & Omit<CallArguments<'vault.issue'>, 'amount'>)
  /** Says that a withdrawal was paid out, against a payment reference as above: its money ceases to be. */
  | ({ readonly call: 'redeem' } & CallArguments<'vault.redeem'>)
  /** Gives a withdrawal back, unpaid. */
  | ({ readonly call: 'decline' } & CallArguments<'vault.decline'>)

/** What a member asks of the chain. Each is one extrinsic. */
export type MemberCall =
  /** Asks for its money: locked until the operator has paid it out. Refused while the member is in debt. */
  | { readonly call: 'withdraw'; readonly community: number; readonly amountNano: bigint }
  /** Moves what can be moved of what an account owes, and is owed, by corrections. Anybody may ask. */
  | ({ readonly call: 'settle-debt' } & CallArguments<'vault.settleDebt'>)
  /**
   * Shows the signed energy message of its own site against how the slot was settled; also by a settlement engine, in answer
   * to a challenge. `trades` are all trades of the site in
   * this slot, ascending. The proof shows that the slot's root commits to the message, where it is the one that the engine
   * named; a later message needs none.
   */
  | {
      readonly call: 'reveal'
      readonly community: number
      readonly slotStart: number
      readonly site: string
      readonly message: SignedMessage
      readonly proof?: readonly ProofStep[]
      readonly trades: readonly number[]
    }

/** What anybody may ask: an engine's stake, where it has not answered a challenge in time. */
export type BystanderCall = { readonly call: 'enforce' } & CallArguments<'settlement.enforce'>

/** What the grid operator asks of the chain: a site's slot settled again by official values. */
export type GridOperatorCall = { readonly call: 'correct' } & CallArguments<'settlement.correct'>

/** Whatever an account asks of the chain. */
export type ChainCall = ExchangeCall | OperatorCall | MemberCall | GridOperatorCall | BystanderCall

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
  submit(call: ChainCall, signal: AbortSignal): Promise<Submission>
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
