import type { MarketKind } from './messages/order.ts'

/**
 * The largest usual house connection, W: three phases of 63 A at 230 V. What a site can draw or feed in where its
 * nameplate says nothing (a cap of 0): gateway and hub believe a meter up to the same bound.
 */
export const HOUSE_CONNECTION_W = 43_470

/**
 * How a community's energy finds its buyer and its price. `pay-as-bid`: a trade's rate is its bid's price. `uniform`: one
 * rate for the market, within every matched pair's offer and bid. The other two know no orders: the community's export is
 * split by the sites' registered shares, or in proportion to import, at a fixed price per kWh.
 */
export type MarketRule =
  | { readonly type: 'pay-as-bid' }
  | { readonly type: 'uniform' }
  | { readonly type: 'static-shares'; readonly priceMicro: number }
  | { readonly type: 'proportional-shares'; readonly priceMicro: number }

/** The rules of one community, as its registry entry on the chain holds them. Offsets in seconds, rates in micro-currency per kWh. */
export interface CommunityRules {
  readonly community: number
  /** L, 900 where the imbalance period is 15 minutes (Regulation (EU) 2017/2195, Art. 53). */
  readonly slotLengthS: number
  /** Spot opens this long before the slot starts. */
  readonly spotOpensS: number
  /** Intake refuses new orders from this long before the slot starts. */
  readonly relayMarginS: number
  /** Last moment an order may enter a block, before the slot starts. */
  readonly gateClosureS: number
  /** Last moment a match may enter a block, before the slot starts. */
  readonly matchDeadlineS: number
  /** Energies are expected this long after the slot's end. */
  readonly energiesAfterS: number
  /** The market after delivery opens this long after the slot's end. */
  readonly postOpensS: number
  /** Its gate closure, after the slot's end. Zero: this community has no such market. */
  readonly postGateClosureS: number
  /** Its match deadline, after the slot's end. */
  readonly postMatchDeadlineS: number
  /** Execution may begin this long after the slot's end. */
  readonly executionAfterS: number
  /** At the latest this long after the slot's end a slot is executed, with what is missing by rule. */
  readonly executionLatestS: number
  /** A member may dispute its site's settlement for so long. */
  readonly disputesS: number
  /** The grid operator may correct a slot by official values for so long after its latest execution. */
  readonly correctionsS: number
  /** Per kWh of sold energy that was not delivered. */
  readonly shortfallRateMicro: number
  /** Per kWh of bought energy that was not taken. */
  readonly unusedRateMicro: number
  /** Grid fee per kWh by topology class: 0 same zone, 1 another zone. */
  readonly feeMicro: readonly [number, number]
  readonly marketRule: MarketRule
  /** Nano-currency that a settlement engine holds at stake while what it settled can be disputed. */
  readonly engineBondNano: number
}

/** The defaults, for a community that says nothing else. */
export const DEFAULT_RULES: Omit<CommunityRules, 'community'> = {
  slotLengthS: 900,
  spotOpensS: 86_400,
  relayMarginS: 330,
  gateClosureS: 300,
  matchDeadlineS: 60,
  energiesAfterS: 600,
  postOpensS: 0,
  postGateClosureS: 0,
  postMatchDeadlineS: 0,
  executionAfterS: 3_600,
  executionLatestS: 86_400,
  disputesS: 604_800,
  correctionsS: 5_184_000,
  shortfallRateMicro: 100_000,
  unusedRateMicro: 50_000,
  feeMicro: [10_000, 30_000],
  marketRule: { type: 'pay-as-bid' },
  engineBondNano: 0,
}

/** When orders and matches of one market may enter, UTC Unix seconds. */
export interface MarketTimes {
  readonly opensAt: number
  readonly intakeClosesAt: number
  readonly gateClosesAt: number
  readonly matchDeadline: number
}

/** The moments of one slot's spot market and of what follows its delivery, UTC Unix seconds. */
export interface SlotTimes extends MarketTimes {
  readonly startsAt: number
  readonly endsAt: number
  readonly energiesExpectedAt: number
  readonly executionFrom: number
  readonly executionLatest: number
  /** From here a slot that nobody has settled is given up: what its trades had locked returns. */
  readonly abandonedFrom: number
  /** Until then an engine that settled as late as it may can be asked to show a message that it settled by. */
  readonly answersUntil: number
  /** From here nothing about the slot can change. */
  readonly forgottenFrom: number
}

/** A settlement engine has a day to show the message that it named, once its site has revealed an earlier one. */
export const ANSWER_S = 86_400

export function slotTimes(slotStart: number, rules: CommunityRules): SlotTimes {
  const endsAt = slotStart + rules.slotLengthS
  const executionLatest = endsAt + rules.executionLatestS
  const abandonedFrom = executionLatest + rules.disputesS
  return {
    ...spotTimes(slotStart, rules),
    startsAt: slotStart,
    endsAt,
    energiesExpectedAt: endsAt + rules.energiesAfterS,
    executionFrom: endsAt + rules.executionAfterS,
    executionLatest,
    abandonedFrom,
    answersUntil: abandonedFrom + rules.disputesS + ANSWER_S,
    forgottenFrom: abandonedFrom + rules.correctionsS,
  }
}

function spotTimes(slotStart: number, rules: CommunityRules): MarketTimes {
  return {
    opensAt: slotStart - rules.spotOpensS,
    intakeClosesAt: slotStart - rules.relayMarginS,
    gateClosesAt: slotStart - rules.gateClosureS,
    matchDeadline: slotStart - rules.matchDeadlineS,
  }
}

/** Whether this rule splits the community's export instead of trading it. */
export function isSplit(rule: MarketRule): boolean {
  return rule.type === 'static-shares' || rule.type === 'proportional-shares'
}

/**
 * The phases of one market of a slot, or undefined where the community has no such market. What the hub keeps between its
 * own closure and gate closure is the same in both markets.
 */
export function marketTimes(slotStart: number, kind: MarketKind, rules: CommunityRules): MarketTimes | undefined {
  if (isSplit(rules.marketRule)) return undefined
  if (kind === 'spot') return spotTimes(slotStart, rules)
  if (rules.postGateClosureS === 0) return undefined
  const endsAt = slotStart + rules.slotLengthS
  const gateClosesAt = endsAt + rules.postGateClosureS
  return {
    opensAt: endsAt + rules.postOpensS,
    intakeClosesAt: gateClosesAt - (rules.relayMarginS - rules.gateClosureS),
    gateClosesAt,
    matchDeadline: endsAt + rules.postMatchDeadlineS,
  }
}

/** The start of the slot that holds this moment (seconds). */
export function slotStartOf(atS: number, slotLengthS: number): number {
  return Math.floor(atS / slotLengthS) * slotLengthS
}
