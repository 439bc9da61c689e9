import { REASONS } from '@wattfleet/protocol'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { CountersView, HealthView } from './ports.ts'
import type { HealthResource } from './schemas/service.ts'

/*
 * Names after the Prometheus conventions (prometheus.io/docs/practices/naming): a prefix, the unit as suffix, `_total`
 * on what only grows. Energy stays in watt-hours, the unit of everything else here, and says so in its name.
 */

export interface ServerMetrics {
  /** One answered request: the route's pattern, never the path asked for, so that series stay few. */
  answered(route: string, status: number, seconds: number): void
  /** The Prometheus text. Without counters (the store cannot be read) the exchange's figures are absent, not zero. */
  text(health: HealthResource, counters: CountersView | undefined): Promise<string>
  readonly contentType: string
}

const NANO_PER_UNIT = 1e9

export function createMetrics(sseClients: () => number): ServerMetrics {
  const server = new Registry()
  collectDefaultMetrics({ register: server })
  const requests = new Histogram({
    name: 'wattfleet_http_request_duration_seconds',
    help: 'Time to answer a request.',
    labelNames: ['route', 'status'],
    buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
    registers: [server],
  })
  new Gauge({
    name: 'wattfleet_http_event_clients',
    help: 'Pages that follow the street now.',
    registers: [server],
    collect() {
      this.set(sseClients())
    },
  })
  return {
    answered: (route, status, seconds) => requests.observe({ route, status }, seconds),
    async text(health, counters) {
      const exchange = new Registry()
      addHealth(exchange, health)
      if (counters !== undefined) addExchange(exchange, counters)
      return Registry.merge([exchange, server]).metrics()
    },
    contentType: server.contentType,
  }
}

function gauge(registry: Registry, name: string, help: string, value: number): void {
  new Gauge({ name: `wattfleet_${name}`, help, registers: [registry] }).set(value)
}

function total(registry: Registry, name: string, help: string, value: number): void {
  new Counter({ name: `wattfleet_${name}_total`, help, registers: [registry] }).inc(value)
}

function addHealth(registry: Registry, health: HealthResource): void {
  gauge(registry, 'healthy', '1 when the health check passes.', health.status === 'ok' ? 1 : 0)
  gauge(registry, 'broker_connected', '1 while connected to the broker.', health.brokerConnected ? 1 : 0)
  const heights: [string, string, HealthView['indexedBlock'] | null][] = [
    ['indexed_block', 'Number of the last finalized block in the index.', health.indexedBlock],
    ['finalized_block', 'Number of the finalized head, as the chain says.', health.finalizedBlock],
    ['index_lag_blocks', 'Blocks that the index is behind the finalized head.', health.lagBlocks],
  ]
  for (const [name, help, value] of heights) {
    if (value !== null && value !== undefined) gauge(registry, name, help, value)
  }
}

function addExchange(registry: Registry, counters: CountersView): void {
  const { totals } = counters
  const orders = new Gauge({
    name: 'wattfleet_orders',
    help: 'Orders in the index, by state.',
    labelNames: ['state'],
    registers: [registry],
  })
  for (const [state, value] of Object.entries(counters.ordersByState)) orders.set({ state }, value)
  const receipts = new Counter({
    name: 'wattfleet_receipts_total',
    help: 'Receipts sent since the process started, by reason; ok means stored.',
    labelNames: ['reason'],
    registers: [registry],
  })
  for (const reason of ['ok', ...REASONS] as const) receipts.inc({ reason }, counters.receipts[reason] ?? 0)
  total(registry, 'orders_entered', 'Orders that entered finalized blocks.', totals.orders)
  total(registry, 'refused', 'Orders and matches refused.', totals.refused)
  total(registry, 'trades', 'Trades in finalized blocks.', totals.trades)
  total(registry, 'trades_settled', 'Trades executed.', totals.settled)
  total(registry, 'blocks_followed', 'Finalized blocks taken in since the process started.', counters.blocksFollowed)
  if (counters.pushes !== undefined) {
    const { received, refused } = counters.pushes
    total(registry, 'push_received', 'Hints of new orders taken from nodes since the process started.', received)
    total(registry, 'push_refused', 'Posts refused that were no hint of a known node.', refused)
  }
  if (counters.gateways !== undefined) {
    const { present, away } = counters.gateways
    gauge(registry, 'gateways_present', 'Gateways heard of since the process started that are connected.', present)
    gauge(registry, 'gateways_away', 'Gateways that were heard of and have gone without a word.', away)
  }
  gauge(registry, 'waiting_messages', 'Messages accepted and not yet in a finalized block.', counters.waitingForChain)
  addEnergyAndMoney(registry, counters)
}

function addEnergyAndMoney(registry: Registry, { totals }: CountersView): void {
  const energy = new Counter({
    name: 'wattfleet_settled_energy_watthours_total',
    help: 'Energy allocated at execution; bought equals sold.',
    labelNames: ['side'],
    registers: [registry],
  })
  energy.inc({ side: 'bought' }, totals.energyBoughtWh)
  energy.inc({ side: 'sold' }, totals.energySoldWh)
  const money = new Counter({
    name: 'wattfleet_settled_money_units_total',
    help: 'Money moved at execution, in whole currency; in equals out.',
    labelNames: ['direction'],
    registers: [registry],
  })
  money.inc({ direction: 'in' }, units(totals.moneyInNano))
  money.inc({ direction: 'out' }, units(totals.moneyOutNano))
  gauge(registry, 'balances_units', 'Sum of all balances, in whole currency.', units(totals.heldNano))
  gauge(registry, 'issued_units', 'Money issued by the operator, in whole currency.', units(totals.issuedNano))
  // exact where floating point is not: two sums that differ by one nano differ here
  gauge(
    registry,
    'balances_add_up',
    '1 while balances equal what was issued.',
    totals.heldNano === totals.issuedNano ? 1 : 0,
  )
}

function units(nano: bigint): number {
  return Number(nano) / NANO_PER_UNIT
}
