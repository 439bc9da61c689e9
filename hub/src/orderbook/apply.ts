import type { ExchangeEvent, FinalizedBlock, VaultEvent } from '@wattfleet/chain'
import { invariant, type Order, toHex } from '@wattfleet/protocol'
import type { BlockRecord, NewNotice } from '../ports.ts'
import { balanceNotice, outcomeNotice, settlementNotice, tradeNotices } from './notices.ts'
import {
  type AccountRow,
  type IndexRows,
  NO_TOTALS,
  ONLY,
  type OrderRow,
  type SlotRow,
  type TotalsRow,
} from './rows.ts'

/** What a block has meant so far, while it is being taken in. */
interface Effects {
  readonly block: FinalizedBlock
  readonly entered: string[]
  readonly ended: { id: string; tradedWh: number }[]
  readonly rejected: BlockRecord['rejected'][number][]
  readonly notices: NewNotice[]
  /** Members whose money moved, or who got a new gateway that must learn it. */
  readonly touched: Set<string>
}

type Handler<E> = (rows: IndexRows, event: E, effects: Effects, place: number) => void
type Handlers = { readonly [T in ExchangeEvent['type']]: Handler<Extract<ExchangeEvent, { type: T }>> }

/** Takes one finalized block into the rows, event by event, and says what it means for the inbox. */
export function applyBlock(rows: IndexRows, block: FinalizedBlock): BlockRecord {
  const effects: Effects = { block, entered: [], ended: [], rejected: [], notices: [], touched: new Set() }
  block.events.forEach((event, place) => {
    const handler = HANDLERS[event.type] as Handler<ExchangeEvent>
    handler(rows, event, effects, place)
  })
  for (const member of [...effects.touched].sort()) {
    const account = rows.accounts.get(member) ?? noMoney(member)
    for (const gateway of rows.gatewaysOf(member)) effects.notices.push(balanceNotice(gateway, account, block.number))
  }
  const { entered, ended, rejected, notices } = effects
  return { number: block.number, timestampS: block.timestampS, entered, ended, rejected, notices }
}

const HANDLERS: Handlers = {
  'community-set': (rows, { rules, balancing, gridOperator }) => {
    rows.communities.put({ community: rules.community, rules, balancing, gridOperator })
  },
  'site-set': (rows, { type: _, ...site }) => {
    rows.sites.put({ ...site, gateway: rows.sites.get(site.site)?.gateway ?? null })
  },
  'gateway-enrolled': (rows, { gateway, site, epoch }, effects) => {
    rows.gateways.put({ gateway, site, epoch, revoked: false })
    const at = rows.sites.get(site)
    if (at === undefined) return
    rows.sites.put({ ...at, gateway })
    effects.touched.add(at.member)
  },
  'gateway-revoked': (rows, { gateway, site, epoch }) => {
    rows.gateways.put({ gateway, site, epoch, revoked: true })
    const at = rows.sites.get(site)
    if (at?.gateway === gateway) rows.sites.put({ ...at, gateway: null })
  },
  issued: move,
  locked: move,
  released: move,
  debited: move,
  credited: move,
  'order-entered': (rows, event, effects, place) => {
    rows.orders.put({
      id: event.id,
      ...describe(event.order),
      site: event.site,
      member: event.member,
      zone: rows.sites.get(event.site)?.zone ?? 0,
      state: 'open',
      reason: null,
      block: effects.block.number,
      place,
    })
    effects.entered.push(event.id)
    count(rows, (totals) => ({ orders: totals.orders + 1 }))
  },
  'item-rejected': (rows, { hash, reason }, effects) => {
    effects.rejected.push({ hash, reason })
    count(rows, (totals) => ({ refused: totals.refused + 1 }))
  },
  'order-ended': (rows, { id, state, remainingWh }, effects) => {
    const order = known(rows, id)
    const ended: OrderRow = { ...order, state, remainingWh }
    rows.orders.put(ended)
    effects.ended.push({ id, tradedWh: order.energyWh - remainingWh })
    effects.notices.push(outcomeNotice(ended))
  },
  trade: (rows, event, effects) => {
    const { type: _, ...trade } = event
    const [bid, offer] = [event.bid, event.offer].map((id) => {
      const order = known(rows, id)
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
    rows.trades.put({ ...trade, block, tradedAt, ...open })
    if (bid && offer) effects.notices.push(...tradeNotices(event, bid, offer))
    count(rows, (totals) => ({ trades: totals.trades + 1 }))
  },
  'match-rejected': (rows) => {
    count(rows, (totals) => ({ refused: totals.refused + 1 }))
  },
  'trade-executed': (rows, { type: _, trade: number, ...money }, effects) => {
    const trade = rows.trades.get(number)
    invariant(trade, `trade ${number} entered before it was executed`)
    if (trade.executedBlock === null) countWaiting(rows, trade, -1)
    rows.trades.put({ ...trade, ...money, executedBlock: effects.block.number })
    count(rows, (totals) => ({ settled: totals.settled + 1 }))
  },
  'site-settled': (rows, { type: _, ...figures }, effects) => {
    const { community, slotStart, site, penaltyNano } = figures
    let paidNano = penaltyNano
    let receivedNano = 0n
    for (const trade of rows.tradesOfSite(community, slotStart, site)) {
      if (trade.buyerSite === site) paidNano += trade.paidNano ?? 0n
      else receivedNano += trade.receivedNano ?? 0n
    }
    const row = { ...figures, paidNano, receivedNano, block: effects.block.number }
    if (rows.settlements.get(community, slotStart, site) === undefined) countWaiting(rows, figures, -1)
    rows.settlements.put(row)
    const gateway = rows.sites.get(site)?.gateway
    if (gateway) effects.notices.push(settlementNotice(gateway, row))
    count(rows, (totals) => ({
      energyBoughtWh: totals.energyBoughtWh + figures.allocatedBoughtWh,
      energySoldWh: totals.energySoldWh + figures.allocatedSoldWh,
    }))
  },
  'slot-committed': (rows, { community, slotStart, root }) => {
    rows.commitments.put({ community, slotStart, root })
  },
}

/** The part of an order's row that the signed order itself says. */
export function describe(order: Order) {
  const { community, slotStart, kind, side, epoch, sequence, energyWh, priceMicro, expiresAt, energyTypes } = order
  const gateway = toHex(order.gateway)
  const remainingWh = energyWh
  return {
    ...{ community, slotStart, kind, side, gateway, epoch, sequence },
    ...{ energyWh, priceMicro, expiresAt, energyTypes, remainingWh },
  }
}

/** Counts what waits for settlement in a slot: so much more, or less. */
function countWaiting(rows: IndexRows, { community, slotStart }: Omit<SlotRow, 'waiting'>, more: number): void {
  const waiting = (rows.slots.get(community, slotStart)?.waiting ?? 0) + more
  invariant(waiting >= 0, `nothing is settled twice in slot ${slotStart}`)
  rows.slots.put({ community, slotStart, waiting })
}

function known(rows: IndexRows, id: string): OrderRow {
  const order = rows.orders.get(id)
  invariant(order, `order ${id} entered before anything else was said of it`)
  return order
}

function noMoney(account: string): AccountRow {
  return { account, freeNano: 0n, lockedNano: 0n }
}

/** How an event moves free and locked, and the sum it counts in. */
const MOVES = {
  issued: { free: 1n, locked: 0n, sum: 'issuedNano' },
  locked: { free: -1n, locked: 1n, sum: undefined },
  released: { free: 1n, locked: -1n, sum: undefined },
  debited: { free: 0n, locked: -1n, sum: 'debitedNano' },
  credited: { free: 1n, locked: 0n, sum: 'creditedNano' },
} as const satisfies Record<VaultEvent['type'], { free: bigint; locked: bigint; sum: keyof TotalsRow | undefined }>

function move(rows: IndexRows, event: VaultEvent, effects: Effects): void {
  const { account, amountNano } = event
  const { free, locked, sum } = MOVES[event.type]
  const before = rows.accounts.get(account) ?? noMoney(account)
  const after: AccountRow = {
    account,
    freeNano: before.freeNano + free * amountNano,
    lockedNano: before.lockedNano + locked * amountNano,
  }
  invariant(after.freeNano >= 0n && after.lockedNano >= 0n, `balance of ${account} negative after ${event.type}`)
  rows.accounts.put(after)
  effects.touched.add(account)
  if (sum !== undefined) count(rows, (totals) => ({ [sum]: totals[sum] + amountNano }))
}

function count(rows: IndexRows, change: (totals: TotalsRow) => Partial<TotalsRow>): void {
  const totals = rows.totals.get(ONLY) ?? NO_TOTALS
  rows.totals.put({ ...totals, ...change(totals) })
}
