import type { Totals } from './totals.ts'

/** One house's line, from the hub's API (`GET /v1/street`). Nothing known is null, never zero. */
export interface HouseLine {
  readonly name: string | null
  readonly site: string
  readonly importW: number | null
  readonly exportW: number | null
  readonly surplusW: number | null
  readonly meter: string
  readonly openBids: { readonly count: number; readonly energyWh: number }
  readonly openOffers: { readonly count: number; readonly energyWh: number }
  readonly lastTrade: { readonly side: 'bid' | 'offer'; readonly energyWh: number; readonly rateMicro: number } | null
  readonly freeNano: string
  readonly lockedNano: string
}

/** What the hub says of the street now. */
export interface StreetNow {
  readonly clockS: number
  readonly currency: string
  readonly slot: { readonly startsAt: number; readonly endsAt: number } | null
  readonly head: { readonly number: number } | null
  readonly houses: readonly HouseLine[]
}

const UNKNOWN = '–'
const time = (atS: number) => new Date(atS * 1000).toISOString().slice(11, 16)
const power = (powerW: number | null) => (powerW === null ? UNKNOWN : `${powerW} W`)
/** Nano-currency with two places, rounded down: a balance never shows more than there is. */
export const money = (nano: bigint, currency: string) => {
  const cents = nano / 10_000_000n
  const text = String(cents < 0n ? -cents : cents).padStart(3, '0')
  return `${cents < 0n ? '−' : ''}${text.slice(0, -2)}.${text.slice(-2)} ${currency}`
}

function orders({ openBids, openOffers }: HouseLine): string {
  const parts = []
  if (openBids.count > 0) parts.push(`bids ${openBids.energyWh} Wh`)
  if (openOffers.count > 0) parts.push(`offers ${openOffers.energyWh} Wh`)
  return parts.join(', ') || 'none'
}

function lastTrade({ lastTrade: trade }: HouseLine): string {
  if (trade === null) return UNKNOWN
  const verb = trade.side === 'bid' ? 'bought' : 'sold'
  return `${verb} ${trade.energyWh} Wh at ${(trade.rateMicro / 10_000).toFixed(1)} ct`
}

const COLUMNS = ['house', 'grid now', 'surplus', 'open orders', 'last trade', 'balance', 'of it locked'] as const

function cells(house: HouseLine, currency: string): string[] {
  const { importW, exportW } = house
  const grid = importW === null || exportW === null ? UNKNOWN : exportW > 0 ? `out ${exportW} W` : `in ${importW} W`
  const [free, locked] = [BigInt(house.freeNano), BigInt(house.lockedNano)]
  return [
    house.name ?? house.site.slice(0, 8),
    house.meter === 'good' ? grid : `meter ${house.meter}`,
    power(house.surplusW),
    orders(house),
    lastTrade(house),
    money(free + locked, currency),
    money(locked, currency),
  ]
}

function table(rows: readonly (readonly string[])[]): string[] {
  const widths = COLUMNS.map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)))
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  )
}

/** The street as lines of text, none longer than `width`. */
export function renderStreet(now: StreetNow, totals: Totals, width: number): string[] {
  const slot = now.slot === null ? '' : `   slot ${time(now.slot.startsAt)}–${time(now.slot.endsAt)}`
  const head = now.head === null ? '' : `   block ${now.head.number}`
  const rows = [COLUMNS, ...now.houses.map((house) => cells(house, now.currency))]
  return [`${time(now.clockS)}${slot}${head}`, '', ...table(rows), '', renderTotals(totals, now.currency)].map((line) =>
    [...line].slice(0, width).join(''),
  )
}

export function renderTotals(totals: Totals, currency: string): string {
  const { orders: entered, trades, settled, energyBoughtWh, energySoldWh, moneyInNano, moneyOutNano } = totals
  return (
    `${entered} orders, ${trades} trades, ${settled} settled; bought ${energyBoughtWh} Wh = sold ${energySoldWh} Wh; ` +
    `paid ${money(moneyInNano, currency)} = received ${money(moneyOutNano, currency)}`
  )
}
