import type { MarketKind } from '@wattfleet/protocol'
import type { MarketQuery, MarketView } from '../gateway/ports.ts'
import { guarded } from './database.ts'
import type { SqliteIndex } from './index-sqlite.ts'
import { conditions } from './where.ts'

interface MarketSums {
  readonly community: number
  readonly slotStart: number
  readonly kind: MarketKind
  readonly bids: number
  readonly bidsWh: number
  readonly offers: number
  readonly offersWh: number
  readonly openBids: number
  readonly openBidsWh: number
  readonly openOffers: number
  readonly openOffersWh: number
  readonly bestBid: number | null
  readonly bestOffer: number | null
}

interface TradeSums {
  readonly n: number
  readonly wh: number | null
  readonly executed: number
  readonly allocatedWh: number | null
}

const SUMS = `SELECT community, slotStart, kind,
  SUM(side = 'bid') AS bids, SUM((side = 'bid') * energyWh) AS bidsWh,
  SUM(side = 'offer') AS offers, SUM((side = 'offer') * energyWh) AS offersWh,
  SUM(side = 'bid' AND state = 'open') AS openBids, SUM((side = 'bid' AND state = 'open') * remainingWh) AS openBidsWh,
  SUM(side = 'offer' AND state = 'open') AS openOffers,
  SUM((side = 'offer' AND state = 'open') * remainingWh) AS openOffersWh,
  MAX(CASE WHEN side = 'bid' AND state = 'open' THEN priceMicro END) AS bestBid,
  MIN(CASE WHEN side = 'offer' AND state = 'open' THEN priceMicro END) AS bestOffer
  FROM orders`

/** Markets that at least one order has entered; latest slot first, or earliest first where that is asked for. */
export function marketsOf(index: SqliteIndex, query: MarketQuery, order: 'DESC' | 'ASC' = 'DESC'): MarketView[] {
  const { before } = query
  const where = conditions()
    .and('block IS NOT NULL')
    .and('community = ?', query.community)
    .and('kind = ?', query.kind)
    .and('slotStart >= ?', query.slotStartFrom)
    .and('slotStart <= ?', query.slotStartTo)
    .and('(slotStart, community, kind) < (?, ?, ?)', before?.slotStart, before?.community, before?.kind)
  const text = `${SUMS} ${where.text} GROUP BY slotStart, community, kind
    ORDER BY slotStart ${order}, community ${order}, kind ${order} LIMIT ?`
  const trades = index.db.prepare(
    `SELECT COUNT(*) AS n, SUM(energyWh) AS wh, COUNT(allocatedWh) AS executed, SUM(allocatedWh) AS allocatedWh
     FROM trades WHERE community = ? AND slotStart = ? AND kind = ?`,
  )
  return guarded('index', () =>
    (index.db.prepare(text).all(...where.values, query.limit) as MarketSums[]).map((sums) =>
      toView(sums, trades.get(sums.community, sums.slotStart, sums.kind) as TradeSums),
    ),
  )
}

function toView(sums: MarketSums, trades: TradeSums): MarketView {
  return {
    community: sums.community,
    slotStart: sums.slotStart,
    kind: sums.kind,
    bids: { count: sums.bids, energyWh: sums.bidsWh },
    offers: { count: sums.offers, energyWh: sums.offersWh },
    openBids: { count: sums.openBids, energyWh: sums.openBidsWh },
    openOffers: { count: sums.openOffers, energyWh: sums.openOffersWh },
    ...(sums.bestBid === null ? {} : { bestBidMicro: sums.bestBid }),
    ...(sums.bestOffer === null ? {} : { bestOfferMicro: sums.bestOffer }),
    trades: { count: trades.n, energyWh: trades.wh ?? 0 },
    executed: { count: trades.executed, energyWh: trades.allocatedWh ?? 0 },
  }
}
