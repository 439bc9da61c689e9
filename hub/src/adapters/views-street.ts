import type {
  Amount,
  ChainView,
  SettlementView,
  SiteView,
  StreetQuery,
  StreetView,
  TotalsView,
} from '../gateway/ports.ts'
import { finalRefusals } from '../intake/intake.ts'
import { NO_TOTALS, ONLY, rulesAt, type SiteRow, type TradeRow } from '../orderbook/rows.ts'
import { guarded } from './database.ts'
import type { SqliteIndex } from './index-sqlite.ts'
import type { ViewSources } from './view-sources.ts'
import { marketsOf } from './views-markets.ts'

/** The whole street, its index read in one transaction. */
export function streetOf(sources: ViewSources, query: StreetQuery): StreetView {
  const { index, community } = sources
  return guarded('index', () =>
    index.db.transaction((): StreetView => {
      const sites = namedSites(sources)
      return {
        chain: chainOf(index),
        sites: sites.slice(0, query.sitesLimit).map(({ row, name }) => siteView(sources, row, name)),
        siteCount: sites.length,
        markets: marketsOf(index, { community, slotStartFrom: query.marketsFrom, limit: query.marketsLimit }, 'ASC'),
        settlements: settlementsOf(index, community, query.settlementsLimit),
        totals: totalsOf(sources),
      }
    })(),
  )
}

/** The rules of every community, and how far the index has come. */
export function chainOf(index: SqliteIndex): ChainView {
  const head = index.head()
  const rows = index.rows.communities.select('ORDER BY community')
  const communities = rows.flatMap((row) => rulesAt(row, head?.timestampS ?? 0) ?? [])
  if (head === undefined) return { communities }
  return { communities, head: { number: head.number, hash: head.hash, timestampS: head.timestampS } }
}

/** By name, then id; a site without a name comes after those that have one. */
function namedSites({ index, community, siteNames }: ViewSources): { row: SiteRow; name: string | undefined }[] {
  const sites = index.rows.sites.select('WHERE community = ? ORDER BY site', community)
  return sites
    .map((row) => ({ row, name: siteNames[row.site] }))
    .sort((a, b) => {
      if (a.name === undefined || b.name === undefined)
        return Number(a.name === undefined) - Number(b.name === undefined)
      return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
    })
}

function siteView({ index, inbox }: ViewSources, row: SiteRow, name: string | undefined): SiteView {
  const { site, member, gateway } = row
  const status = gateway === null ? undefined : inbox.statusOf(gateway)
  const account = index.rows.accounts.get(member)
  const last = lastTradeOf(index, site)
  return {
    site,
    ...(name === undefined ? {} : { name }),
    ...(gateway === null ? {} : { gateway }),
    ...(status === undefined
      ? {}
      : {
          status: {
            importW: status.importW,
            exportW: status.exportW,
            meter: status.meter,
            clockMs: status.clockMs,
          },
        }),
    openBids: openOf(index, site, 'bid'),
    openOffers: openOf(index, site, 'offer'),
    ...(last === undefined ? {} : { lastTrade: tradeOf(last, site) }),
    freeNano: account?.freeNano ?? 0n,
    lockedNano: account?.lockedNano ?? 0n,
  }
}

function openOf(index: SqliteIndex, site: string, side: 'bid' | 'offer'): Amount {
  return index.db
    .prepare(
      `SELECT COUNT(*) AS count, COALESCE(SUM(remainingWh), 0) AS energyWh FROM orders
       WHERE site = ? AND state = 'open' AND side = ?`,
    )
    .get(site, side) as Amount
}

function lastTradeOf(index: SqliteIndex, site: string): TradeRow | undefined {
  const [bought] = index.rows.trades.select('WHERE buyerSite = ? ORDER BY trade DESC LIMIT 1', site)
  const [sold] = index.rows.trades.select('WHERE sellerSite = ? ORDER BY trade DESC LIMIT 1', site)
  return (bought?.trade ?? -1) > (sold?.trade ?? -1) ? bought : sold
}

function tradeOf(row: TradeRow, site: string): NonNullable<SiteView['lastTrade']> {
  const { trade, slotStart, energyWh, buyerSite, buyerRateMicro, sellerRateMicro } = row
  return buyerSite === site
    ? { trade, slotStart, energyWh, side: 'bid', rateMicro: buyerRateMicro }
    : { trade, slotStart, energyWh, side: 'offer', rateMicro: sellerRateMicro }
}

function settlementsOf(index: SqliteIndex, community: number, limit: number): SettlementView[] {
  return index.rows.settlements
    .select('WHERE community = ? ORDER BY slotStart DESC, position DESC LIMIT ?', community, limit)
    .map(({ position: _, community: __, block: ___, ...settlement }) => settlement)
}

/** Sums over finalized events, and what intake refused for good since the process started. */
export function totalsOf({ index, receipts }: ViewSources): TotalsView {
  const { id: _, debitedNano, creditedNano, refused, ...totals } = index.rows.totals.get(ONLY) ?? NO_TOTALS
  const accounts = index.rows.accounts.select('')
  return {
    ...totals,
    refused: refused + finalRefusals(receipts()),
    moneyInNano: debitedNano,
    moneyOutNano: creditedNano,
    heldNano: accounts.reduce((sum, { freeNano, lockedNano }) => sum + freeNano + lockedNano, 0n),
  }
}
