import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { BrokerStats } from './broker.ts'

/** A request's head must be there within this time, ms. */
const REQUEST_TIMEOUT_MS = 5_000

/** Plain HTTP with `/healthz` and `/metrics` (Prometheus text format 0.0.4), for the operator's own network only. */
export async function startStatusServer(
  at: { readonly host: string; readonly port: number },
  stats: () => BrokerStats,
): Promise<{ readonly port: number; stop(): Promise<void> }> {
  const server = createServer({ requestTimeout: REQUEST_TIMEOUT_MS }, (request, response) => {
    if (request.url === '/healthz') response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
    else if (request.url === '/metrics') {
      response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(metricsText(stats()))
    } else response.writeHead(404).end()
  })
  server.listen(at.port, at.host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

export function metricsText(stats: BrokerStats): string {
  const refused = Object.entries(stats.refused).map(
    ([reason, count]) => `wattfleet_broker_refused_total{reason="${reason}"} ${count}`,
  )
  const ended = Object.entries(stats.ended).map(
    ([reason, count]) => `wattfleet_broker_sessions_ended_total{reason="${reason}"} ${count}`,
  )
  return [
    '# TYPE wattfleet_broker_connections gauge',
    `wattfleet_broker_connections ${stats.connections}`,
    '# TYPE wattfleet_broker_handshakes_waiting gauge',
    `wattfleet_broker_handshakes_waiting ${stats.waiting}`,
    '# TYPE wattfleet_broker_clients gauge',
    `wattfleet_broker_clients ${stats.clients}`,
    '# TYPE wattfleet_broker_published_total counter',
    `wattfleet_broker_published_total ${stats.published}`,
    '# TYPE wattfleet_broker_paced_total counter',
    `wattfleet_broker_paced_total ${stats.paced}`,
    '# TYPE wattfleet_broker_slowed_total counter',
    `wattfleet_broker_slowed_total ${stats.slowed}`,
    '# TYPE wattfleet_broker_held_total counter',
    `wattfleet_broker_held_total ${stats.held}`,
    '# TYPE wattfleet_broker_queued_messages gauge',
    `wattfleet_broker_queued_messages ${stats.queued}`,
    '# TYPE wattfleet_broker_sessions_ended_total counter',
    ...ended,
    '# TYPE wattfleet_broker_unwritten_changes gauge',
    `wattfleet_broker_unwritten_changes ${stats.unwritten}`,
    '# TYPE wattfleet_broker_write_failures_total counter',
    `wattfleet_broker_write_failures_total ${stats.writeFailures}`,
    '# TYPE wattfleet_broker_refused_total counter',
    ...refused,
    '',
  ].join('\n')
}
