import { DEFAULT_RULES, TERMINAL_STATES } from '@wattfleet/protocol'
import {
  type Amount,
  type CountersView,
  type ExchangeViews,
  type HealthView,
  type MarketId,
  type MarketView,
  type MeasurementView,
  OPEN_STATES,
  type OrderView,
  type SettlementView,
  type SiteView,
  type StreetView,
  type TotalsView,
  type TradeView,
} from '../../src/gateway/ports.ts'

/** 2026-06-21 10:00 UTC, the start of a slot. */
export const SLOT = 1_782_036_000
export const L = 900
export const BIG = 12_345_678_901_234_567_890n

export const idOf = (byte: number, bytes: number): string => byte.toString(16).padStart(2, '0').repeat(bytes)
export const site = (n: number): string => idOf(n, 16)
export const gateway = (n: number): string => idOf(0xa0 + n, 32)
export const amount = (count: number, energyWh: number): Amount => ({ count, energyWh })

export function orderView(position: number, overrides: Partial<OrderView> = {}): OrderView {
  return {
    position,
    id: position.toString(16).padStart(64, '0'),
    gateway: gateway(1),
    epoch: 1,
    sequence: position,
    site: site(1),
    community: 1,
    slotStart: SLOT,
    kind: 'spot',
    side: 'offer',
    energyWh: 500,
    tradedWh: 200,
    priceMicro: 80_000,
    expiresAt: 0,
    energyTypes: 1,
    state: 'partly-filled',
    block: 7,
    ...overrides,
  }
}

export function tradeView(trade: number, overrides: Partial<TradeView> = {}): TradeView {
  return {
    trade,
    community: 1,
    slotStart: SLOT,
    kind: 'spot',
    bid: idOf(0xb1, 32),
    offer: idOf(0x0f, 32),
    buyerSite: site(2),
    sellerSite: site(1),
    energyWh: 200,
    buyerRateMicro: 210_000,
    sellerRateMicro: 200_000,
    block: 8,
    tradedAt: SLOT - 600,
    state: 'open',
    ...overrides,
  }
}

export function measurementView(position: number, overrides: Partial<MeasurementView> = {}): MeasurementView {
  return {
    position,
    site: site(1),
    gateway: gateway(1),
    epoch: 1,
    sequence: position,
    community: 1,
    slotStart: SLOT,
    importWh: 12,
    exportWh: 480,
    errorWh: 1,
    quality: 'good',
    grade: 'operational',
    ...overrides,
  }
}

export function marketView(overrides: Partial<MarketView> = {}): MarketView {
  return {
    community: 1,
    slotStart: SLOT,
    kind: 'spot',
    bids: amount(4, 2_000),
    offers: amount(3, 2_500),
    openBids: amount(2, 700),
    openOffers: amount(1, 1_200),
    bestBidMicro: 240_000,
    bestOfferMicro: 80_000,
    trades: amount(3, 1_300),
    executed: amount(0, 0),
    ...overrides,
  }
}

export function siteView(n: number, overrides: Partial<SiteView> = {}): SiteView {
  return {
    site: site(n),
    name: `House ${n}`,
    gateway: gateway(n),
    status: { importW: 0, exportW: 1_000 + 300 * n, meter: 'good', clockMs: SLOT * 1000 },
    openBids: amount(0, 0),
    openOffers: amount(2, 900),
    lastTrade: { trade: n, slotStart: SLOT, side: 'offer', energyWh: 200, rateMicro: 185_000 },
    freeNano: 48_120_000_000n,
    lockedNano: 1_130_000_000n,
    ...overrides,
  }
}

export function settlementView(overrides: Partial<SettlementView> = {}): SettlementView {
  return {
    slotStart: SLOT - L,
    site: site(1),
    soldWh: 500,
    boughtWh: 0,
    allocatedSoldWh: 480,
    allocatedBoughtWh: 0,
    shortfallWh: 20,
    unusedWh: 0,
    missingImport: false,
    missingExport: false,
    source: 'engine',
    paidNano: 2_000_000n,
    receivedNano: 88_800_000n,
    penaltyNano: 2_000_000n,
    ...overrides,
  }
}

export function totalsView(overrides: Partial<TotalsView> = {}): TotalsView {
  return {
    orders: 42,
    trades: 9,
    settled: 6,
    refused: 1,
    energyBoughtWh: 3_460,
    energySoldWh: 3_460,
    moneyInNano: 726_600_000n,
    moneyOutNano: 726_600_000n,
    issuedNano: BIG,
    heldNano: BIG,
    ...overrides,
  }
}

export function streetView(overrides: Partial<StreetView> = {}): StreetView {
  return {
    chain: {
      communities: [{ ...DEFAULT_RULES, community: 1 }],
      head: { number: 120, hash: idOf(0xcc, 32), timestampS: SLOT + 60 },
    },
    sites: [siteView(1), siteView(2)],
    siteCount: 2,
    markets: [marketView({ slotStart: SLOT }), marketView({ slotStart: SLOT + L })],
    settlements: [settlementView()],
    totals: totalsView(),
    ...overrides,
  }
}

export function countersView(overrides: Partial<CountersView> = {}): CountersView {
  const states = [...OPEN_STATES, ...TERMINAL_STATES].map((state, index) => [state, index])
  return {
    ordersByState: Object.fromEntries(states) as CountersView['ordersByState'],
    receipts: { ok: 40, signature: 2 },
    blocksFollowed: 120,
    waitingForChain: 3,
    totals: totalsView(),
    ...overrides,
  }
}

export interface Fixture {
  orders: OrderView[]
  trades: TradeView[]
  measurements: MeasurementView[]
  markets: MarketView[]
  street: StreetView
  health: HealthView
  counters: CountersView
}

export interface MemoryViews extends ExchangeViews {
  /** What stands in the views; change it, then tell. */
  readonly data: Fixture
  /** Says that something changed. */
  tell(): void
  listeners(): number
}

/** The whole read port over lists in memory. */
export function memoryViews(overrides: Partial<Fixture> = {}): MemoryViews {
  const listeners = new Set<() => void>()
  const data: Fixture = {
    orders: [orderView(1)],
    trades: [tradeView(1)],
    measurements: [measurementView(1)],
    markets: [marketView()],
    street: streetView(),
    health: { indexedBlock: 120, finalizedBlock: 121, brokerConnected: true },
    counters: countersView(),
    ...overrides,
  }
  return {
    data,
    tell() {
      for (const listener of listeners) listener()
    },
    listeners: () => listeners.size,
    orders: async ({ before, limit, slotStartFrom, slotStartTo, ...equal }) =>
      newest(
        data.orders.filter((each) => within(each, slotStartFrom, slotStartTo) && matches(each, equal)),
        (each) => each.position,
        before,
        limit,
      ),
    trades: async ({ before, limit, site: one, ...equal }) =>
      newest(
        data.trades.filter(
          (each) => (one === undefined || one === each.buyerSite || one === each.sellerSite) && matches(each, equal),
        ),
        (each) => each.trade,
        before,
        limit,
      ),
    measurements: async ({ before, limit, slotStartFrom, slotStartTo, ...equal }) =>
      newest(
        data.measurements.filter((each) => within(each, slotStartFrom, slotStartTo) && matches(each, equal)),
        (each) => each.position,
        before,
        limit,
      ),
    async markets({ before, limit, slotStartFrom, slotStartTo, ...equal }) {
      return data.markets
        .filter((each) => within(each, slotStartFrom, slotStartTo) && matches(each, equal))
        .filter((each) => before === undefined || compareMarkets(each, before) < 0)
        .sort((a, b) => compareMarkets(b, a))
        .slice(0, limit)
    },
    chain: async () => data.street.chain,
    street: async ({ marketsFrom, marketsLimit, sitesLimit, settlementsLimit }) => ({
      ...data.street,
      sites: data.street.sites.slice(0, sitesLimit),
      markets: data.street.markets.filter((each) => each.slotStart >= marketsFrom).slice(0, marketsLimit),
      settlements: data.street.settlements.slice(0, settlementsLimit),
    }),
    health: async () => data.health,
    counters: async () => data.counters,
    onChange(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function newest<T>(items: readonly T[], keyOf: (item: T) => number, before = Number.POSITIVE_INFINITY, limit: number) {
  return items
    .filter((item) => keyOf(item) < before)
    .sort((a, b) => keyOf(b) - keyOf(a))
    .slice(0, limit)
}

function matches<T extends object>(item: T, equal: Partial<T>): boolean {
  return Object.entries(equal).every(([key, value]) => item[key as keyof T] === value)
}

function within({ slotStart }: { slotStart: number }, from = 0, to = Number.POSITIVE_INFINITY): boolean {
  return slotStart >= from && slotStart <= to
}

function compareMarkets(a: MarketId, b: MarketId): number {
  return a.slotStart - b.slotStart || a.community - b.community || a.kind.localeCompare(b.kind)
}
