import type { GatewaySeen, GatewayView } from './core/gateway-view.ts'
import type { Store } from './ports.ts'

/** What gateways last said of themselves, by their names on the wire. */
export type SeenSource = () => ReadonlyMap<string, GatewaySeen>

/**
 * The whole fleet as an operator looks at it, in the order of serials. Read again only when something was changed: a
 * dashboard that asks every second must not cost the gateways that enrol.
 */
export function fleetViewer(store: Store, seen: SeenSource): () => readonly GatewayView[] {
  let version: string | undefined
  let rows: ReturnType<Store['views']> = []
  return () => {
    const now = store.version()
    if (now !== version) {
      rows = store.views()
      version = now
    }
    const heard = seen()
    return rows.map((row) => ({ ...row, seen: heard.get(row.gateway) }))
  }
}
