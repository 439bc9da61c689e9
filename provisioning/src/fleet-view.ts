import type { GatewaySeen, GatewayView } from './core/gateway-view.ts'
import type { GatewayStatus } from './fleet-ports.ts'
import type { Store } from './ports.ts'

/**
 * The whole fleet as an operator looks at it, in the order of serials. What changes seldom is read again only when
 * something was changed: a dashboard that asks every second must not cost the gateways that enrol.
 */
export function fleetViewer(store: Store): () => readonly GatewayView[] {
  let version: string | undefined
  let rows: ReturnType<Store['views']> = []
  let tags: ReturnType<Store['tags']['tags']> = new Map()
  return () => {
    const now = store.version()
    if (now !== version) {
      rows = store.views()
      tags = store.tags.tags()
      version = now
    }
    const seen = new Map(store.statuses.all().map((status) => [status.gateway, seenOf(status)]))
    return rows.map((row) => ({
      ...{ ...row, seen: seen.get(row.gateway), tags: [...(tags.get(row.site) ?? [])].sort() },
    }))
  }
}

function seenOf({
  receivedMs,
  version,
  clock,
  clockOffsetMs,
  meter,
  findings,
  isAway,
  devices,
}: GatewayStatus): GatewaySeen {
  return { atMs: receivedMs, version, clock, clockOffsetMs, meter, findings, isAway, devices }
}
