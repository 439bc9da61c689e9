import type {
  AccountRow,
  ChallengeRow,
  CommitmentRow,
  CommunityRow,
  GatewayRow,
  HeadRow,
  IndexRows,
  IndexStore,
  OrderRow,
  SettlementRow,
  SiteRow,
  SlotRow,
  TotalsRow,
  TradeRow,
} from '../orderbook/rows.ts'
import { ONLY, rulesAt } from '../orderbook/rows.ts'
import type { Book, Registry, Slots } from '../ports.ts'
import { guarded, openDatabase, type Sqlite } from './database.ts'
import { openOrder } from './open-order.ts'
import { type Columns, createTable, type SqlTable, sqlTable } from './table.ts'

const LAYOUT = 5

const COMMUNITIES: Columns<CommunityRow> = { community: 'int', versions: 'json' }
const SITES: Columns<SiteRow> = {
  site: 'text',
  community: 'int',
  member: 'text',
  zone: 'int',
  capImportWh: 'int',
  capExportWh: 'int',
  gateway: 'text',
}
const GATEWAYS: Columns<GatewayRow> = { gateway: 'text', site: 'text', epoch: 'int', revoked: 'bool' }
const ORDERS: Columns<OrderRow> = {
  id: 'text',
  community: 'int',
  slotStart: 'int',
  kind: 'text',
  side: 'text',
  gateway: 'text',
  epoch: 'int',
  sequence: 'int',
  site: 'text',
  member: 'text',
  zone: 'int',
  energyWh: 'int',
  priceMicro: 'int',
  expiresAt: 'int',
  energyTypes: 'int',
  remainingWh: 'int',
  state: 'text',
  reason: 'text',
  block: 'int',
  place: 'int',
  marketPosition: 'int',
}
const TRADES: Columns<TradeRow> = {
  trade: 'int',
  community: 'int',
  slotStart: 'int',
  kind: 'text',
  bid: 'text',
  offer: 'text',
  buyerSite: 'text',
  sellerSite: 'text',
  energyWh: 'int',
  buyerRateMicro: 'int',
  sellerRateMicro: 'int',
  block: 'int',
  tradedAt: 'int',
  state: 'text',
  allocatedWh: 'int',
  paidNano: 'nano',
  receivedNano: 'nano',
  feeNano: 'nano',
  executedBlock: 'int',
}
const ACCOUNTS: Columns<AccountRow> = { account: 'text', freeNano: 'nano', lockedNano: 'nano' }
const SETTLEMENTS: Columns<SettlementRow> = {
  community: 'int',
  slotStart: 'int',
  site: 'text',
  soldWh: 'int',
  boughtWh: 'int',
  allocatedSoldWh: 'int',
  allocatedBoughtWh: 'int',
  shortfallWh: 'int',
  unusedWh: 'int',
  missingImport: 'bool',
  missingExport: 'bool',
  penaltyNano: 'nano',
  source: 'text',
  paidNano: 'nano',
  receivedNano: 'nano',
  block: 'int',
}
const SLOTS: Columns<SlotRow> = { community: 'int', slotStart: 'int', waiting: 'int' }
const COMMITMENTS: Columns<CommitmentRow> = { community: 'int', slotStart: 'int', root: 'text' }
const CHALLENGES: Columns<ChallengeRow> = {
  community: 'int',
  slotStart: 'int',
  site: 'text',
  engine: 'text',
  answerBy: 'int',
  open: 'bool',
}
const TOTALS: Columns<TotalsRow> = {
  id: 'int',
  orders: 'int',
  trades: 'int',
  settled: 'int',
  refused: 'int',
  energyBoughtWh: 'int',
  energySoldWh: 'int',
  issuedNano: 'nano',
  debitedNano: 'nano',
  creditedNano: 'nano',
}
const HEADS: Columns<HeadRow> = { id: 'int', number: 'int', hash: 'text', timestampS: 'int' }

const SCHEMA = [
  createTable('communities', COMMUNITIES, ['community']),
  createTable('sites', SITES, ['site']),
  createTable('gateways', GATEWAYS, ['gateway']),
  createTable('orders', ORDERS, ['id']),
  createTable('trades', TRADES, ['trade']),
  createTable('accounts', ACCOUNTS, ['account']),
  createTable('settlements', SETTLEMENTS, ['community', 'slotStart', 'site']),
  createTable('slots', SLOTS, ['community', 'slotStart']),
  createTable('commitments', COMMITMENTS, ['community', 'slotStart']),
  createTable('challenges', CHALLENGES, ['community', 'slotStart', 'site']),
  createTable('totals', TOTALS, ['id']),
  createTable('heads', HEADS, ['id']),
  'CREATE INDEX IF NOT EXISTS sites_of_member ON sites (member);',
  'CREATE INDEX IF NOT EXISTS orders_by_slot ON orders (slotStart, community, kind);',
  "CREATE INDEX IF NOT EXISTS open_orders ON orders (community, slotStart, kind, side) WHERE state = 'open';",
  'CREATE INDEX IF NOT EXISTS orders_of_site ON orders (site, state);',
  'CREATE INDEX IF NOT EXISTS orders_of_gateway ON orders (gateway);',
  'CREATE INDEX IF NOT EXISTS trades_of_slot ON trades (community, slotStart);',
  'CREATE INDEX IF NOT EXISTS trades_of_buyer ON trades (buyerSite, community, slotStart);',
  'CREATE INDEX IF NOT EXISTS trades_of_seller ON trades (sellerSite, community, slotStart);',
  'CREATE INDEX IF NOT EXISTS unsettled_slots ON slots (community, slotStart) WHERE waiting > 0;',
  'CREATE INDEX IF NOT EXISTS open_challenges ON challenges (community, answerBy) WHERE open = 1;',
  'CREATE INDEX IF NOT EXISTS settlements_by_slot ON settlements (slotStart);',
].join('\n')

/** The rows of the index, each table also readable by statement. */
export interface SqlRows extends IndexRows {
  readonly communities: SqlTable<CommunityRow>
  readonly sites: SqlTable<SiteRow>
  readonly orders: SqlTable<OrderRow>
  readonly trades: SqlTable<TradeRow>
  readonly accounts: SqlTable<AccountRow>
  readonly settlements: SqlTable<SettlementRow>
  readonly challenges: SqlTable<ChallengeRow>
}

export interface SqliteIndex extends IndexStore, Registry, Book, Slots {
  readonly db: Sqlite
  readonly rows: SqlRows
  close(): void
}

function rowsOf(db: Sqlite): SqlRows {
  const sites = sqlTable(db, 'sites', SITES, ['site'])
  const trades = sqlTable(db, 'trades', TRADES, ['trade'])
  const hasTraded = db.prepare(
    `SELECT 1 WHERE EXISTS (SELECT 1 FROM trades WHERE buyerSite = :site AND community = :community AND slotStart = :slotStart)
       OR EXISTS (SELECT 1 FROM trades WHERE sellerSite = :site AND community = :community AND slotStart = :slotStart)`,
  )
  return {
    communities: sqlTable(db, 'communities', COMMUNITIES, ['community']),
    sites,
    gateways: sqlTable(db, 'gateways', GATEWAYS, ['gateway']),
    orders: sqlTable(db, 'orders', ORDERS, ['id']),
    trades,
    accounts: sqlTable(db, 'accounts', ACCOUNTS, ['account']),
    settlements: sqlTable(db, 'settlements', SETTLEMENTS, ['community', 'slotStart', 'site']),
    slots: sqlTable(db, 'slots', SLOTS, ['community', 'slotStart']),
    commitments: sqlTable(db, 'commitments', COMMITMENTS, ['community', 'slotStart']),
    challenges: sqlTable(db, 'challenges', CHALLENGES, ['community', 'slotStart', 'site']),
    totals: sqlTable(db, 'totals', TOTALS, ['id']),
    heads: sqlTable(db, 'heads', HEADS, ['id']),
    gatewaysOf: (member) =>
      sites.select('WHERE member = ? AND gateway IS NOT NULL ORDER BY site', member).flatMap((s) => s.gateway ?? []),
    hasTraded: (community, slotStart, site) =>
      guarded('index', () => hasTraded.get({ community, slotStart, site })) !== undefined,
    tradesOfSite: (community, slotStart, site) =>
      trades.select(
        'WHERE community = ? AND slotStart = ? AND (buyerSite = ? OR sellerSite = ?) ORDER BY trade',
        community,
        slotStart,
        site,
        site,
      ),
  }
}

/** Opens the index; an empty file is an index of nothing, ready to follow from block 0. Throws Fault `store`. */
export function openIndex(path: string): SqliteIndex {
  const db = openDatabase(path, LAYOUT, SCHEMA)
  const rows = rowsOf(db)
  const head = () => rows.heads.get(ONLY)
  const rules = (community: number, slotStart: number) => rulesAt(rows.communities.get(community), slotStart)
  return {
    db,
    rows,
    close: () => db.close(),
    transact: (change) => guarded('index', () => db.transaction(() => change(rows)).immediate()),
    head,
    rules,
    gateway(key) {
      const gateway = rows.gateways.get(key)
      const site = gateway && rows.sites.get(gateway.site)
      if (gateway === undefined || site === undefined) return undefined
      const { community, capImportWh, capExportWh } = site
      return { ...gateway, community, capImportWh, capExportWh }
    },
    ...bookOf(db, rows),
    ...slotsOf(db, rows),
  }
}

function bookOf(db: Sqlite, rows: SqlRows): Pick<Book, 'tradableMarkets' | 'openOrders' | 'tradesIn'> {
  const markets = db.prepare(
    `SELECT slotStart, kind FROM orders WHERE community = ? AND state = 'open' AND remainingWh > 0
     GROUP BY slotStart, kind HAVING COUNT(DISTINCT side) = 2 ORDER BY slotStart, kind`,
  )
  const tradesIn = db.prepare(
    'SELECT COUNT(*) AS n FROM trades WHERE community = ? AND slotStart = ? AND kind = ? AND block = ?',
  )
  return {
    tradableMarkets: (community) =>
      guarded('index', () => markets.all(community) as { slotStart: number; kind: 'spot' | 'post' }[]).map(
        (market) => ({
          community,
          ...market,
        }),
      ),
    openOrders: ({ community, slotStart, kind }, atS) =>
      rows.orders
        .select(
          `WHERE community = ? AND slotStart = ? AND kind = ? AND state = 'open' AND remainingWh > 0
           AND (expiresAt = 0 OR expiresAt >= ?)`,
          community,
          slotStart,
          kind,
          atS,
        )
        .map(openOrder),
    tradesIn: ({ community, slotStart, kind }, block) =>
      guarded('index', () => tradesIn.get(community, slotStart, kind, block) as { n: number }).n,
  }
}

function slotsOf(db: Sqlite, rows: SqlRows): Omit<Slots, 'head' | 'rules'> {
  const unsettled = db
    .prepare('SELECT slotStart FROM slots WHERE community = ? AND waiting > 0 ORDER BY slotStart')
    .pluck()
  return {
    unsettled: (community) => guarded('index', () => unsettled.all(community) as number[]),
    trades: (community, slotStart) =>
      rows.trades.select('WHERE community = ? AND slotStart = ? ORDER BY trade', community, slotStart),
    settled: (community, slotStart) =>
      new Map(
        rows.settlements
          .select('WHERE community = ? AND slotStart = ?', community, slotStart)
          .map((settlement) => [settlement.site, settlement]),
      ),
    root: (community, slotStart) => rows.commitments.get(community, slotStart)?.root,
    challenges: (community) =>
      rows.challenges.select('WHERE community = ? AND open = 1 ORDER BY answerBy, slotStart, site', community),
  }
}
