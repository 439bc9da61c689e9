import { type IndexRows, type IndexStore, ONLY, type OrderRow, rulesAt, type Table } from '../orderbook/rows.ts'
import type { Book, Market, Registry, Slots } from '../ports.ts'
import { openOrder } from './open-order.ts'

/** The index without a disk, for tests and measurements: the same contract, nothing survives. */
export interface MemoryIndex extends IndexStore, Registry, Book, Slots {
  readonly rows: MemoryRows
}

interface MemoryTable<T> extends Table<T> {
  all(): T[]
  /** Remembers what is there now; what it returns takes everything back to it. */
  mark(): () => void
}

type MemoryRows = {
  readonly [K in keyof IndexRows]: IndexRows[K] extends Table<infer T> ? MemoryTable<T> : IndexRows[K]
}

function table<T>(keyOf: (row: T) => readonly (string | number)[]): MemoryTable<T> {
  let rows = new Map<string, T>()
  return {
    get: (...key) => rows.get(key.join('/')),
    put: (row) => void rows.set(keyOf(row).join('/'), row),
    all: () => [...rows.values()],
    mark: () => {
      const copy = new Map(rows)
      return () => {
        rows = copy
      }
    },
  }
}

function emptyRows(): MemoryRows {
  const sites: MemoryRows['sites'] = table((row) => [row.site])
  const trades: MemoryRows['trades'] = table((row) => [row.trade])
  return {
    communities: table((row) => [row.community]),
    sites,
    gateways: table((row) => [row.gateway]),
    orders: table((row) => [row.id]),
    trades,
    accounts: table((row) => [row.account]),
    settlements: table((row) => [row.community, row.slotStart, row.site]),
    slots: table((row) => [row.community, row.slotStart]),
    commitments: table((row) => [row.community, row.slotStart]),
    challenges: table((row) => [row.community, row.slotStart, row.site]),
    totals: table((row) => [row.id]),
    heads: table((row) => [row.id]),
    gatewaysOf: (member) =>
      sites
        .all()
        .filter((row) => row.member === member && row.gateway !== null)
        .sort((a, b) => (a.site < b.site ? -1 : 1))
        .flatMap((row) => row.gateway ?? []),
    hasTraded: (community, slotStart, site) =>
      trades
        .all()
        .filter((t) => t.community === community && t.slotStart === slotStart)
        .some((t) => t.buyerSite === site || t.sellerSite === site),
    tradesOfSite: (community, slotStart, site) =>
      trades
        .all()
        .filter((t) => t.community === community && t.slotStart === slotStart)
        .filter((t) => t.buyerSite === site || t.sellerSite === site)
        .sort((a, b) => a.trade - b.trade),
  }
}

export function memoryIndex(): MemoryIndex {
  const rows = emptyRows()
  const { communities, sites, gateways, heads } = rows
  const tables = Object.values(rows).flatMap((one) => (typeof one === 'function' ? [] : [one]))
  return {
    rows,
    transact(change) {
      const undo = tables.map((one) => one.mark())
      try {
        return change(rows)
      } catch (error) {
        for (const back of undo) back()
        throw error
      }
    },
    head: () => heads.get(ONLY),
    rules: (community, slotStart) => rulesAt(communities.get(community), slotStart),
    gateway(key) {
      const gateway = gateways.get(key)
      const site = gateway && sites.get(gateway.site)
      if (gateway === undefined || site === undefined) return undefined
      const { community, capImportWh, capExportWh } = site
      return { ...gateway, community, capImportWh, capExportWh }
    },
    ...bookOf(rows),
    ...slotsOf(rows),
  }
}

function bookOf(rows: MemoryRows): Pick<Book, 'tradableMarkets' | 'openOrders' | 'tradesIn'> {
  const isOpen = (order: OrderRow) => order.state === 'open' && order.remainingWh > 0
  return {
    tradableMarkets(community) {
      const markets = new Map<string, { market: Market; sides: Set<string> }>()
      for (const { community: of, slotStart, kind, side } of rows.orders.all().filter(isOpen)) {
        if (of !== community) continue
        const key = `${slotStart}/${kind}`
        const known = markets.get(key) ?? { market: { community, slotStart, kind }, sides: new Set() }
        known.sides.add(side)
        markets.set(key, known)
      }
      return [...markets.values()]
        .filter(({ sides }) => sides.size === 2)
        .map(({ market }) => market)
        .sort((a, b) => a.slotStart - b.slotStart || (a.kind < b.kind ? -1 : 1))
    },
    openOrders: (market, atS) =>
      rows.orders
        .all()
        .filter(isOpen)
        .filter((o) => o.community === market.community && o.slotStart === market.slotStart && o.kind === market.kind)
        .filter((order) => order.expiresAt === 0 || order.expiresAt >= atS)
        .map(openOrder),
    tradesIn: (market, block) =>
      rows.trades
        .all()
        .filter((t) => t.community === market.community && t.slotStart === market.slotStart && t.kind === market.kind)
        .filter((trade) => trade.block === block).length,
  }
}

function slotsOf(rows: MemoryRows): Omit<Slots, 'head' | 'rules'> {
  return {
    unsettled: (community) =>
      rows.slots
        .all()
        .filter((slot) => slot.community === community && slot.waiting > 0)
        .map((slot) => slot.slotStart)
        .sort((a, b) => a - b),
    trades: (community, slotStart) =>
      rows.trades
        .all()
        .filter((trade) => trade.community === community && trade.slotStart === slotStart)
        .sort((a, b) => a.trade - b.trade),
    settled: (community, slotStart) =>
      new Map(
        rows.settlements
          .all()
          .filter((row) => row.community === community && row.slotStart === slotStart)
          .map((row) => [row.site, row]),
      ),
    root: (community, slotStart) => rows.commitments.get(community, slotStart)?.root,
    challenges: (community) =>
      rows.challenges
        .all()
        .filter((row) => row.community === community && row.open)
        .sort((a, b) => a.answerBy - b.answerBy || a.slotStart - b.slotStart || (a.site < b.site ? -1 : 1)),
  }
}
