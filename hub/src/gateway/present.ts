import { type CommunityRules, marketTimes, slotTimes } from '@wattfleet/protocol'
import {
  type ChainView,
  type MarketView,
  type MeasurementView,
  OPEN_STATES,
  type OrderView,
  type TradeView,
} from './ports.ts'
import type { MarketResource, MeasurementResource, OrderResource, PHASES, TradeResource } from './schemas/resources.ts'

/** From what is read to what leaves the hub: pure, money as decimal text, what is unknown as null. */

export function presentOrder(view: OrderView): OrderResource {
  const { position: _, site, reason, block, ...rest } = view
  const open = (OPEN_STATES as readonly string[]).includes(view.state)
  return {
    ...rest,
    site: site ?? null,
    remainingWh: open ? view.energyWh - view.tradedWh : 0,
    reason: reason ?? null,
    block: block ?? null,
  }
}

export function presentTrade(view: TradeView): TradeResource {
  const { execution } = view
  return {
    ...view,
    execution:
      execution === undefined
        ? null
        : {
            ...execution,
            paidNano: String(execution.paidNano),
            receivedNano: String(execution.receivedNano),
            feeNano: String(execution.feeNano),
          },
  }
}

export function presentMeasurement(view: MeasurementView): MeasurementResource {
  const { position: _, ...rest } = view
  return view.quality === 'missing' ? { ...rest, importWh: null, exportWh: null, errorWh: null } : rest
}

export function presentMarket(view: MarketView, chain: ChainView): MarketResource {
  const rules = chain.communities.find((each) => each.community === view.community)
  const times = rules === undefined ? undefined : marketTimes(view.slotStart, view.kind, rules)
  return {
    ...view,
    bestBidMicro: view.bestBidMicro ?? null,
    bestOfferMicro: view.bestOfferMicro ?? null,
    slotEnd: rules === undefined ? null : view.slotStart + rules.slotLengthS,
    gateClosesAt: times?.gateClosesAt ?? null,
    phase: phaseOf(view, rules, chain.head?.timestampS),
  }
}

/**
 * Where a market stands by the chain's own time, which decides; null where it cannot be known. The market after delivery
 * is followed by execution at once.
 */
export function phaseOf(
  view: MarketView,
  rules: CommunityRules | undefined,
  chainS: number | undefined,
): (typeof PHASES)[number] | null {
  const market = rules && marketTimes(view.slotStart, view.kind, rules)
  if (rules === undefined || chainS === undefined || market === undefined) return null
  const { startsAt, endsAt } = slotTimes(view.slotStart, rules)
  if (chainS < market.opensAt) return 'upcoming'
  if (chainS <= market.gateClosesAt) return 'open'
  if (chainS <= market.matchDeadline) return 'matching'
  if (chainS < startsAt) return 'closed'
  if (chainS < endsAt) return 'delivery'
  return view.trades.count === view.executed.count ? 'executed' : 'settling'
}
