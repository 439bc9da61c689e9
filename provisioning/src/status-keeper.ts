import { type Clock, decodeStatus, type Status } from '@wattfleet/protocol'
import type { GatewayStatus } from './fleet-ports.ts'
import type { Store } from './ports.ts'

/** Gateways that spoke since the last flush. One that is beyond it says the same again within a minute. */
const MOST_HEARD = 100_000

/** Takes in what gateways say of themselves, and keeps the last of each. */
export interface StatusKeeper {
  /** `gateway`: the name on the wire, which the broker vouches for. */
  heard(gateway: string, payload: Uint8Array): void
  /** Keeps what was heard since the last time in one transaction; yields how many. Throws Fault `store`. */
  flush(): number
}

/** `clock`: the market's, by which gateways tell theirs; `nowMs`: the wall's. */
export function statusKeeper(
  store: Pick<Store, 'siteByGateway' | 'statuses'>,
  clock: Pick<Clock, 'nowMs'>,
  nowMs: () => number,
): StatusKeeper {
  let heard = new Map<string, { readonly status: Status; readonly receivedMs: number; readonly offsetMs: number }>()
  return {
    heard(gateway, payload) {
      const status = decodeStatus(payload)
      if (status === undefined || (heard.size >= MOST_HEARD && !heard.has(gateway))) return
      heard.set(gateway, { status, receivedMs: nowMs(), offsetMs: clock.nowMs() - status.clockMs })
    },
    flush() {
      if (heard.size === 0) return 0
      const known = [...heard].flatMap(([gateway, { status, receivedMs, offsetMs }]) =>
        isOfItsGrant(store, gateway, status) ? [rowOf(gateway, status, receivedMs, offsetMs)] : [],
      )
      store.statuses.put(known)
      heard = new Map()
      return known.length
    },
  }
}

/** A gateway that speaks under another key, or of an epoch that is over, is not the one that this site has now. */
function isOfItsGrant(store: Pick<Store, 'siteByGateway'>, gateway: string, status: Status): boolean {
  const record = store.siteByGateway(gateway)
  return record?.grant?.epoch === status.epoch && record.signingKey === status.gateway
}

function rowOf(gateway: string, status: Status, receivedMs: number, clockOffsetMs: number): GatewayStatus {
  const { epoch, version, config = 0, lastConfig, lastCommand, clock, meter, findings } = status
  const { session } = status as Status & { readonly session?: number }
  return {
    ...{ gateway, receivedMs, epoch, config, clock, clockOffsetMs, meter, findings, isAway: false },
    ...(version !== undefined && { version }),
    ...(lastConfig !== undefined && { lastConfig }),
    ...(lastCommand !== undefined && { lastCommand }),
    ...(session !== undefined && { session }),
  }
}
