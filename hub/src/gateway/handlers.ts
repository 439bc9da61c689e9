import type { Clock } from '@wattfleet/protocol'
import type { Changes } from './changes.ts'
import type { GatewayConfig } from './config.ts'
import { marketCursor, marketOfCursor, numberCursor, numberOfCursor, pageOf } from './cursor.ts'
import { judgeHealth } from './health.ts'
import { LIMITS } from './limits.ts'
import { OPERATIONS } from './operations.ts'
import type { ExchangeViews } from './ports.ts'
import { presentMarket, presentMeasurement, presentOrder, presentTrade } from './present.ts'
import { presentStreet, slotNow } from './present-street.ts'
import { readQuery } from './problem.ts'
import type { HealthResource } from './schemas/service.ts'
import type { ClockTick, StreetResource } from './schemas/street.ts'

export interface Sources {
  readonly views: ExchangeViews
  readonly clock: Clock
  readonly config: GatewayConfig
  readonly changes: Changes
}

/** What the lists answer, by the query as it came. Each throws Refusal 400 where the query is wrong. */
export const LISTS = {
  async orders(sources, raw) {
    const { limit, before, filters } = numbered(readQuery(OPERATIONS.orders, raw))
    const read = await sources.views.orders({ ...filters, ...before, limit: limit + 1 })
    const page = pageOf(read, limit, (last) => numberCursor('orders', last.position))
    return { ...page, items: page.items.map(presentOrder) }
  },
  async trades(sources, raw) {
    const { limit, before, filters } = numbered(readQuery(OPERATIONS.trades, raw))
    const read = await sources.views.trades({ ...filters, ...before, limit: limit + 1 })
    const page = pageOf(read, limit, (last) => numberCursor('trades', last.trade))
    return { ...page, items: page.items.map(presentTrade) }
  },
  async measurements(sources, raw) {
    const { limit, before, filters } = numbered(readQuery(OPERATIONS.measurements, raw))
    const read = await sources.views.measurements({ ...filters, ...before, limit: limit + 1 })
    const page = pageOf(read, limit, (last) => numberCursor('measurements', last.position))
    return { ...page, items: page.items.map(presentMeasurement) }
  },
  async markets(sources, raw) {
    const { limit, cursor, ...filters } = readQuery(OPERATIONS.markets, raw)
    const before = cursor === undefined ? {} : { before: marketOfCursor(cursor) }
    const read = await sources.views.markets({ ...known(filters), ...before, limit: limit + 1 })
    const chain = await sources.views.chain()
    const page = pageOf(read, limit, marketCursor)
    return { ...page, items: page.items.map((market) => presentMarket(market, chain)) }
  },
} as const satisfies Record<string, (sources: Sources, raw: unknown) => Promise<object>>

function numbered<T extends { limit: number; cursor?: string | undefined }>(query: T) {
  const { limit, cursor, ...filters } = query
  return { limit, before: cursor === undefined ? {} : { before: numberOfCursor(cursor) }, filters: known(filters) }
}

type Known<T> = { [K in keyof T]: Exclude<T[K], undefined> }

/** Without the fields that are undefined. */
function known<T extends object>(fields: T): Known<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Known<T>
}

export function clockTick({ clock, changes }: Pick<Sources, 'clock' | 'changes'>): ClockTick {
  return { clockS: Math.floor(clock.nowMs() / 1000), unchangedForS: changes.unchangedForS() }
}

/** The street at this moment of its clock. */
export async function readStreet(sources: Sources): Promise<StreetResource> {
  const chain = await sources.views.chain()
  const moment = clockTick(sources)
  const slot = slotNow({ chain }, moment.clockS)
  const view = await sources.views.street({
    marketsFrom: slot?.startsAt ?? moment.clockS,
    marketsLimit: LIMITS.streetMarkets,
    sitesLimit: LIMITS.streetSites,
    settlementsLimit: LIMITS.streetSettlements,
  })
  return presentStreet(view, sources.config, moment)
}

export async function readHealth({ views, config }: Pick<Sources, 'views' | 'config'>): Promise<HealthResource> {
  return judgeHealth(await views.health(), config.healthyLagBlocks)
}
