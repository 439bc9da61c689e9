import {
  type Clock,
  type Death,
  decodeDeath,
  decodeStatus,
  type Presence,
  presenceAfter,
  type Status,
} from '@wattfleet/protocol'
import type { GatewayStatus } from './fleet-ports.ts'
import type { SiteRecord, Store } from './ports.ts'

/** Gateways that spoke since the last flush. One that is beyond it says the same again within a minute. */
const MOST_HEARD = 100_000

/** Takes in what gateways say of themselves, and keeps the last of each. */
export interface StatusKeeper {
  /** `gateway`: the name on the wire, which the broker vouches for. */
  heard(gateway: string, payload: Uint8Array): void
  /** Keeps what was heard since the last time in one transaction; yields how many. Throws Fault `store`. */
  flush(): number
}

interface Spoken {
  readonly said?: { readonly status: Status; readonly receivedMs: number; readonly offsetMs: number }
  readonly death?: Death
}

/** `clock`: the market's, by which gateways tell theirs; `nowMs`: the wall's. */
export function statusKeeper(
  store: Pick<Store, 'siteByGateway' | 'statuses'>,
  clock: Pick<Clock, 'nowMs'>,
  nowMs: () => number,
): StatusKeeper {
  let heard = new Map<string, Spoken>()
  return {
    heard(gateway, payload) {
      if (heard.size >= MOST_HEARD && !heard.has(gateway)) return
      const spoken = heard.get(gateway)
      const status = decodeStatus(payload)
      const death = status === undefined ? decodeDeath(payload) : undefined
      const said = status && { status, receivedMs: nowMs(), offsetMs: clock.nowMs() - status.clockMs }
      // a word of a session that is over came late
      if (said !== undefined && !isBefore(said.status, spoken?.said?.status)) heard.set(gateway, { ...spoken, said })
      if (death !== undefined)
        heard.set(gateway, { ...spoken, death: isBefore(death, spoken?.death) ? (spoken?.death ?? death) : death })
    },
    flush() {
      if (heard.size === 0) return 0
      const known = [...heard].flatMap(([gateway, spoken]) => rowAfter(store, gateway, spoken) ?? [])
      store.statuses.put(known)
      heard = new Map()
      return known.length
    },
  }
}

/** Of an earlier session; what names none is never earlier. */
function isBefore(
  one: Pick<Status, 'epoch' | 'session'>,
  other: Pick<Status, 'epoch' | 'session'> | undefined,
): boolean {
  if (other?.session === undefined || one.session === undefined) return false
  return (one.epoch - other.epoch || one.session - other.session) < 0
}

/** What is kept of a gateway after what was heard; undefined where nothing of it counts. */
function rowAfter(
  store: Pick<Store, 'siteByGateway' | 'statuses'>,
  gateway: string,
  { said, death }: Spoken,
): GatewayStatus | undefined {
  const former = store.statuses.of(gateway)
  const record = store.siteByGateway(gateway)
  const status = said && isOfItsGrant(record, said.status) ? said.status : undefined
  const end = death && isOfItsGrant(record, death) ? death : undefined
  let presence: Presence | undefined =
    former?.session === undefined ? undefined : { epoch: former.epoch, session: former.session, isGone: former.isAway }
  if (status !== undefined) presence = presenceAfter(presence, { ...status, isGone: false })
  if (end !== undefined) presence = presenceAfter(presence, { ...end, isGone: true })
  // of a session that is over: it came late, and a newer word is kept
  const isStale = status?.session !== undefined && (presence?.session ?? 0) > status.session && former !== undefined
  const row = said && status && !isStale ? rowOf(gateway, status, said.receivedMs, said.offsetMs) : former
  if (row === undefined || presence === undefined) return row
  // a program that does not count its connections has none
  const isCounted = row.session !== undefined || presence.session > 0
  return { ...row, ...(isCounted && { session: presence.session }), isAway: presence.isGone }
}

/** A gateway that speaks under another key, or of an epoch that is over, is not the one that this site has now. */
function isOfItsGrant(record: SiteRecord | undefined, status: Pick<Status, 'gateway' | 'epoch'>): boolean {
  return record?.grant?.epoch === status.epoch && record.signingKey === status.gateway
}

function rowOf(gateway: string, status: Status, receivedMs: number, clockOffsetMs: number): GatewayStatus {
  const { epoch, session, version, config = 0, lastConfig, lastCommand, clock, meter, findings, devices } = status
  return {
    ...{ gateway, receivedMs, epoch, config, clock, clockOffsetMs, meter, findings, isAway: false },
    ...(version !== undefined && { version }),
    ...(lastConfig !== undefined && { lastConfig }),
    ...(lastCommand !== undefined && { lastCommand }),
    ...(session !== undefined && { session }),
    ...(devices !== undefined && { devices }),
  }
}
