import { decodeEnergy, messageOf, toHex } from '@wattfleet/protocol'
import type {
  CountersView,
  ExchangeViews,
  HealthView,
  MeasurementQuery,
  MeasurementView,
  OrderQuery,
  OrderState,
  OrderView,
  TradeQuery,
  TradeView,
} from '../gateway/ports.ts'
import type { OrderRow, TradeRow } from '../orderbook/rows.ts'
import { guarded } from './database.ts'
import type { SqliteInbox } from './inbox-sqlite.ts'
import type { SqliteIndex } from './index-sqlite.ts'
import type { ViewSources } from './view-sources.ts'
import { marketsOf } from './views-markets.ts'
import { chainOf, streetOf, totalsOf } from './views-street.ts'
import { conditions } from './where.ts'

export interface Views extends ExchangeViews {
  /** Tells those who listen that what the street shows has changed. */
  changed(): void
}

/** What the HTTP side reads, from index and inbox. Errors of a store reject the promise with Fault `store`. */
export function createViews(sources: ViewSources): Views {
  const { index, inbox } = sources
  const listeners = new Set<() => void>()
  return {
    orders: async (query) => ordersOf(index, query),
    trades: async (query) => tradesOf(index, query),
    measurements: async (query) => measurementsOf(inbox, query),
    markets: async (query) => marketsOf(index, query),
    chain: async () => chainOf(index),
    street: async (query) => streetOf(sources, query),
    health: async () => healthOf(sources),
    counters: async () => countersOf(sources),
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    changed() {
      for (const listener of listeners) listener()
    },
  }
}

/** The state as the HTTP side says it: an open order of which something was traded is partly filled. */
function stateOf({ state, remainingWh, energyWh }: OrderRow): OrderState {
  return state === 'open' && remainingWh < energyWh ? 'partly-filled' : state
}

function ordersOf(index: SqliteIndex, query: OrderQuery): OrderView[] {
  const where = conditions()
    .and('gateway = ?', query.gateway)
    .and('side = ?', query.side)
    .and('community = ?', query.community)
    .and('kind = ?', query.kind)
    .and('slotStart >= ?', query.slotStartFrom)
    .and('slotStart <= ?', query.slotStartTo)
    .and('position < ?', query.before)
  if (query.state === 'open') where.and("state = 'open' AND remainingWh = energyWh")
  else if (query.state === 'partly-filled') where.and("state = 'open' AND remainingWh < energyWh")
  else where.and('state = ?', query.state)
  const rows = index.rows.orders.select(`${where.text} ORDER BY position DESC LIMIT ?`, ...where.values, query.limit)
  return rows.map((row) => {
    const { zone: _, member: __, place: ___, remainingWh, reason, block, site, ...order } = row
    return {
      ...order,
      state: stateOf(row),
      tradedWh: row.energyWh - remainingWh,
      ...(site === '' ? {} : { site }),
      ...(reason === null ? {} : { reason }),
      ...(block === null ? {} : { block }),
    }
  })
}

function executionOf(row: TradeRow): Pick<TradeView, 'execution'> {
  const { allocatedWh, paidNano, receivedNano, feeNano, executedBlock: block } = row
  if (allocatedWh === null || paidNano === null || receivedNano === null || feeNano === null || block === null)
    return {}
  return { execution: { allocatedWh, paidNano, receivedNano, feeNano, block } }
}

function tradesOf(index: SqliteIndex, query: TradeQuery): TradeView[] {
  const where = conditions()
    .and('(buyerSite = ? OR sellerSite = ?)', query.site, query.site)
    .and('community = ?', query.community)
    .and('slotStart = ?', query.slotStart)
    .and('trade < ?', query.before)
  const rows = index.rows.trades.select(`${where.text} ORDER BY trade DESC LIMIT ?`, ...where.values, query.limit)
  return rows.map((row) => {
    const { position: _, allocatedWh: __, paidNano: ___, receivedNano: ____, feeNano: _____, ...rest } = row
    const { executedBlock: ______, ...trade } = rest
    return { ...trade, ...executionOf(row) }
  })
}

function measurementsOf(inbox: SqliteInbox, query: MeasurementQuery): MeasurementView[] {
  const where = conditions()
    .and("type = 'energy'")
    .and('site = ?', query.site)
    .and('gateway = ?', query.gateway)
    .and('slot_start >= ?', query.slotStartFrom)
    .and('slot_start <= ?', query.slotStartTo)
    .and('position < ?', query.before)
  const rows = guarded(
    'inbox',
    () =>
      inbox.db
        .prepare(`SELECT position, site, bytes FROM messages ${where.text} ORDER BY position DESC LIMIT ?`)
        .all(...where.values, query.limit) as { position: number; site: string; bytes: Buffer }[],
  )
  return rows.flatMap(({ position, site, bytes }) => {
    const energy = decodeEnergy(bytes)
    if (energy === undefined) return []
    const { epoch, sequence, community, slotStart, importWh, exportWh, errorWh, quality, grade } = energy
    const gateway = toHex(energy.gateway)
    return [
      { position, site, gateway, epoch, sequence, community, slotStart, importWh, exportWh, errorWh, quality, grade },
    ]
  })
}

function healthOf({ index, finalizedBlock, isBrokerConnected, storeFault }: ViewSources): HealthView {
  const finalized = finalizedBlock()
  const known = {
    brokerConnected: isBrokerConnected(),
    ...(finalized === undefined ? {} : { finalizedBlock: finalized }),
  }
  const fault = storeFault()
  try {
    const indexedBlock = index.head()?.number
    return {
      ...known,
      ...(indexedBlock === undefined ? {} : { indexedBlock }),
      ...(fault === undefined ? {} : { storeFault: fault }),
    }
  } catch (error) {
    return { ...known, storeFault: fault ?? messageOf(error) }
  }
}

function countersOf(sources: ViewSources): CountersView {
  const { index, inbox, receipts, blocksFollowed } = sources
  const pushes = sources.pushes?.()
  const ordersByState: Record<OrderState, number> = {
    open: 0,
    'partly-filled': 0,
    filled: 0,
    cancelled: 0,
    replaced: 0,
    expired: 0,
    rejected: 0,
  }
  const rows = guarded(
    'index',
    () =>
      index.db
        .prepare(
          `SELECT CASE WHEN state = 'open' AND remainingWh < energyWh THEN 'partly-filled' ELSE state END AS state,
             COUNT(*) AS n FROM orders GROUP BY 1`,
        )
        .all() as { state: OrderState; n: number }[],
  )
  for (const { state, n } of rows) ordersByState[state] = n
  return {
    ordersByState,
    receipts: Object.fromEntries(receipts()),
    blocksFollowed: blocksFollowed(),
    ...(pushes === undefined ? {} : { pushes }),
    ...(sources.gateways && { gateways: sources.gateways() }),
    waitingForChain: inbox.waitingForChain(),
    totals: totalsOf(sources),
  }
}
