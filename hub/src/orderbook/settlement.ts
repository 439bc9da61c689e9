import type { ExchangeEvent } from '@wattfleet/chain'
import { invariant } from '@wattfleet/protocol'
import { count, type Effects, type Handlers, nothing } from './effects.ts'
import { tradeNotices } from './notices.ts'
import type { IndexRows, OrderRow, SettlementRow, SlotRow, TradeRow } from './rows.ts'

type SettlementType = Extract<
  ExchangeEvent['type'],
  | 'trade'
  | 'match-rejected'
  | 'rate-fixed'
  | 'trade-executed'
  | 'trade-corrected'
  | 'trade-given-up'
  | 'site-settled'
  | 'site-given-up'
  | 'slot-committed'
  | 'energy-shared'
  | 'bond-set'
  | 'site-challenged'
  | 'challenge-answered'
  | 'engine-slashed'
>

/** Trades, and what slots come to. A correction replaces the figures of before, and the sums follow. */
export const SETTLEMENT_HANDLERS: Handlers<SettlementType> = {
  trade: (rows, event, effects) => {
    const { type: _, ...trade } = event
    const [bid, offer] = [event.bid, event.offer].map((id) => {
      const order = knownOrder(rows, id)
      const remainingWh = order.remainingWh - event.energyWh
      invariant(remainingWh >= 0, `order ${id} is filled at most once`)
      rows.orders.put({ ...order, remainingWh })
      return order
    })
    const { community, slotStart, buyerSite, sellerSite } = event
    const newSites = [buyerSite, sellerSite].filter((site) => !rows.hasTraded(community, slotStart, site))
    countWaiting(rows, event, 1 + newSites.length)
    const { number: block, timestampS: tradedAt } = effects.block
    const open = { allocatedWh: null, paidNano: null, receivedNano: null, feeNano: null, executedBlock: null }
    rows.trades.put({ ...trade, block, tradedAt, state: 'open', ...open })
    if (bid && offer) effects.notices.push(...tradeNotices(event, bid, offer))
    count(rows, (totals) => ({ trades: totals.trades + 1 }))
  },
  'match-rejected': (rows) => {
    count(rows, (totals) => ({ refused: totals.refused + 1 }))
  },
  'rate-fixed': nothing,
  'trade-executed': (rows, { type: _, trade: number, ...figures }, effects) => {
    const trade = knownTrade(rows, number)
    if (trade.state === 'open') countWaiting(rows, trade, -1)
    rows.trades.put({ ...trade, ...figures, state: 'executed', executedBlock: effects.block.number })
    count(rows, (totals) => ({ settled: totals.settled + 1 }))
  },
  'trade-corrected': (rows, { type: _, trade: number, ...figures }, effects) => {
    const trade = knownTrade(rows, number)
    rows.trades.put({ ...trade, ...figures, state: 'corrected', executedBlock: effects.block.number })
  },
  'trade-given-up': (rows, { trade: number }, effects) => {
    const trade = knownTrade(rows, number)
    const nobodyPays = { allocatedWh: 0, paidNano: 0n, receivedNano: 0n, feeNano: 0n }
    rows.trades.put({ ...trade, ...nobodyPays, state: 'given-up', executedBlock: effects.block.number })
    countWaiting(rows, trade, -1)
  },
  'site-given-up': (rows, event) => countWaiting(rows, event, -1),
  'site-settled': (rows, { type: _, pending, ...figures }, effects) => {
    const { community, slotStart, site } = figures
    if (rows.settlements.get(community, slotStart, site) === undefined) countWaiting(rows, figures, -1)
    settle(rows, { ...figures, ...NO_MONEY, block: effects.block.number }, effects)
    // its sums are not complete: its gateway is told when they are
    if (pending > 0) effects.settled.delete(`${slotStart}/${site}`)
  },
  'slot-committed': (rows, { community, slotStart, root }) => {
    rows.commitments.put({ community, slotStart, root })
  },
  'energy-shared': (rows, { type: _, receivedNano, paidNano, ...shared }, effects) => {
    const { soldWh, boughtWh } = shared
    const allocated = { allocatedSoldWh: soldWh, allocatedBoughtWh: boughtWh, shortfallWh: 0, unusedWh: 0 }
    const known = { missingImport: false, missingExport: false, penaltyNano: 0n, source: 'engine' } as const
    const row = { ...shared, ...allocated, ...known, receivedNano, paidNano, block: effects.block.number }
    keep(rows, row, effects)
  },
  'bond-set': nothing,
  'site-challenged': (rows, { type: _, named: __, ...challenge }) => rows.challenges.put({ ...challenge, open: true }),
  'challenge-answered': (rows, event) => endChallenge(rows, event),
  'engine-slashed': (rows, event) => endChallenge(rows, event),
}

const NO_MONEY = { paidNano: 0n, receivedNano: 0n }

/** A site's slot as it is now: what it paid and received follows from its trades. */
function settle(rows: IndexRows, row: SettlementRow, effects: Effects): void {
  const { community, slotStart, site, penaltyNano } = row
  let paidNano = penaltyNano
  let receivedNano = 0n
  for (const trade of rows.tradesOfSite(community, slotStart, site)) {
    if (trade.buyerSite === site) paidNano += trade.paidNano ?? 0n
    else receivedNano += trade.receivedNano ?? 0n
  }
  keep(rows, { ...row, paidNano, receivedNano, block: effects.block.number }, effects)
}

/** In place of what was known of this site's slot, in the sums too. */
function keep(rows: IndexRows, row: SettlementRow, effects: Effects): void {
  const { community, slotStart, site } = row
  const before = rows.settlements.get(community, slotStart, site)
  rows.settlements.put(row)
  effects.settled.set(`${slotStart}/${site}`, row)
  count(rows, (totals) => ({
    energyBoughtWh: totals.energyBoughtWh + row.allocatedBoughtWh - (before?.allocatedBoughtWh ?? 0),
    energySoldWh: totals.energySoldWh + row.allocatedSoldWh - (before?.allocatedSoldWh ?? 0),
  }))
}

function endChallenge(rows: IndexRows, of: { community: number; slotStart: number; site: string }): void {
  const challenge = rows.challenges.get(of.community, of.slotStart, of.site)
  if (challenge?.open) rows.challenges.put({ ...challenge, open: false })
}

/** Counts what waits for settlement in a slot: so much more, or less. */
function countWaiting(rows: IndexRows, { community, slotStart }: Omit<SlotRow, 'waiting'>, more: number): void {
  const waiting = (rows.slots.get(community, slotStart)?.waiting ?? 0) + more
  invariant(waiting >= 0, `nothing is settled twice in slot ${slotStart}`)
  rows.slots.put({ community, slotStart, waiting })
}

export function knownOrder(rows: IndexRows, id: string): OrderRow {
  const order = rows.orders.get(id)
  invariant(order, `order ${id} entered before anything else was said of it`)
  return order
}

function knownTrade(rows: IndexRows, number: number): TradeRow {
  const trade = rows.trades.get(number)
  invariant(trade, `trade ${number} entered before anything else was said of it`)
  return trade
}
