/**
 * The largest usual house connection, W: three phases of 63 A at 230 V. What a site can draw or feed in where its
 * nameplate says nothing (a cap of 0): gateway and hub believe a meter up to the same bound.
 */
export const HOUSE_CONNECTION_W = 43_470

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
  /** Execution may begin this long after the slot's end. */
  readonly executionAfterS: number
  /** At the latest this long after the slot's end a slot is executed, with what is missing by rule. */
  readonly executionLatestS: number
  /** Per kWh of sold energy that was not delivered. */
  readonly shortfallRateMicro: number
  /** Per kWh of bought energy that was not taken. */
  readonly unusedRateMicro: number
  /** Grid fee per kWh by topology class: 0 same zone, 1 another zone. */
  readonly feeMicro: readonly [number, number]
}

/** The defaults, for a community that says nothing else. */
export const DEFAULT_RULES: Omit<CommunityRules, 'community'> = {
  slotLengthS: 900,
  spotOpensS: 86_400,
  relayMarginS: 330,
  gateClosureS: 300,
  matchDeadlineS: 60,
  energiesAfterS: 600,
  executionAfterS: 3_600,
  executionLatestS: 86_400,
  shortfallRateMicro: 100_000,
  unusedRateMicro: 50_000,
  feeMicro: [10_000, 30_000],
}

/** The moments of one slot's spot market and execution, UTC Unix seconds. */
export interface SlotTimes {
  readonly opensAt: number
  readonly intakeClosesAt: number
  readonly gateClosesAt: number
  readonly matchDeadline: number
  readonly startsAt: number
  readonly endsAt: number
  readonly energiesExpectedAt: number
  readonly executionFrom: number
  readonly executionLatest: number
}

export function slotTimes(slotStart: number, rules: CommunityRules): SlotTimes {
  const endsAt = slotStart + rules.slotLengthS
  return {
    opensAt: slotStart - rules.spotOpensS,
    intakeClosesAt: slotStart - rules.relayMarginS,
    gateClosesAt: slotStart - rules.gateClosureS,
    matchDeadline: slotStart - rules.matchDeadlineS,
    startsAt: slotStart,
    endsAt,
    energiesExpectedAt: endsAt + rules.energiesAfterS,
    executionFrom: endsAt + rules.executionAfterS,
    executionLatest: endsAt + rules.executionLatestS,
  }
}

/** The start of the slot that holds this moment (seconds). */
export function slotStartOf(atS: number, slotLengthS: number): number {
  return Math.floor(atS / slotLengthS) * slotLengthS
}
