import { decodeOrder, orderIdHex, type Reason, toHex } from '@wattfleet/protocol'
import { endingNotice } from '../orderbook/notices.ts'
import type {
  Candidate,
  Energies,
  EnergyRecord,
  InboxEnding,
  InboxWriter,
  Journal,
  NewNotice,
  Notice,
  NoticeLog,
  Plan,
  Plans,
  RelayQueue,
  StatusRow,
  Stored,
} from '../ports.ts'
import { MOST_CANCELS_WAITING, MOST_READINGS } from './inbox-limits.ts'

/** The inbox without a disk, for tests and measurements: the same contract, nothing survives. */
export interface MemoryInbox extends InboxWriter, RelayQueue, Journal, NoticeLog, Energies, Plans {}

interface Row {
  readonly candidate: Candidate
  relay: 'waiting' | 'claimed' | 'relayed' | 'refused'
  fate?: 'entered' | 'ended' | 'rejected' | 'expired'
  reason?: Reason
  fateBlock?: number
  countedWh: number
}

interface Route {
  wire: string
  epoch: number
  sequence: number
  sent: number
}

interface State {
  readonly rows: Map<string, Row>
  readonly routes: Map<string, Route>
  readonly notices: Map<string, (Notice & { readonly about: string })[]>
  readonly statuses: Map<string, StatusRow>
}

export function memoryInbox(): MemoryInbox {
  const state: State = { rows: new Map(), routes: new Map(), notices: new Map(), statuses: new Map() }
  return {
    hashOf: (id) => state.rows.get(id)?.candidate.hash,
    commit(candidates, statuses) {
      for (const row of statuses) state.statuses.set(row.wire, row)
      return candidates.map((candidate) => store(state, candidate))
    },
    ...queueOf(state),
    ...journalOf(state),
    ...logOf(state),
    ...plansOf(),
    ofSlot(community, slotStart) {
      const rows = [...state.rows.values()].flatMap(({ candidate: { message, site, signed } }) =>
        message.type === 'energy' && message.value.community === community && message.value.slotStart === slotStart
          ? [{ site, energy: message.value, signed }]
          : [],
      )
      const bySite = (a: EnergyRecord, b: EnergyRecord) => (a.site === b.site ? 0 : a.site < b.site ? -1 : 1)
      return rows.sort(
        (a, b) => bySite(a, b) || a.energy.epoch - b.energy.epoch || a.energy.sequence - b.energy.sequence,
      )
    },
  }
}

function store(state: State, candidate: Candidate): Stored {
  const { id, hash, message, site } = candidate
  const known = state.rows.get(id)
  if (known !== undefined) return known.candidate.hash === hash ? 'duplicate' : 'conflict'
  const full = fullFor(state, candidate)
  if (full !== undefined) return full
  const gateway = toHex(message.value.gateway)
  if (message.type === 'order') {
    const order = message.value
    const others = [...state.rows.values()].filter(({ candidate: { message: other, site: at } }) => {
      return (
        other.type === 'order' &&
        at === site &&
        other.value.slotStart === order.slotStart &&
        other.value.side === order.side
      )
    })
    const replaced = others.find(
      ({ candidate: { message: other } }) =>
        toHex(other.value.gateway) === gateway &&
        other.value.epoch === order.epoch &&
        other.value.sequence === order.replaces,
    )
    const used = others.reduce((sum, row) => sum + (row === replaced ? 0 : row.countedWh), 0)
    if (used + order.energyWh > (candidate.capWh ?? 0)) return 'cap'
    if (replaced && (replaced.fate === undefined || replaced.fate === 'entered')) replaced.countedWh = 0
  }
  const countedWh = message.type === 'order' ? message.value.energyWh : 0
  state.rows.set(id, { candidate, relay: 'waiting', countedWh })
  const { epoch, sequence } = message.value
  const route = state.routes.get(gateway)
  if (route === undefined) state.routes.set(gateway, { wire: candidate.wire, epoch, sequence, sent: 0 })
  else if (epoch > route.epoch || (epoch === route.epoch && sequence > route.sequence)) {
    Object.assign(route, { wire: candidate.wire, epoch, sequence })
  }
  return 'stored'
}

/** Whether there is room for one more reading or cancel of its sender; undefined when there is. */
function fullFor(state: State, { message, site, wire, receivedMs }: Candidate): 'cap' | 'rate-limited' | undefined {
  if (message.type === 'order') return undefined
  const { epoch } = message.value
  const gateway = toHex(message.value.gateway)
  if (message.type === 'energy') {
    const { slotStart } = message.value
    const others = [...state.rows.values()].filter(({ candidate: { message: other, site: at } }) => {
      return (
        other.type === 'energy' && at === site && other.value.slotStart === slotStart && other.value.epoch === epoch
      )
    })
    return others.length < MOST_READINGS ? undefined : 'cap'
  }
  const target = orderIdHex({ ...message.value, sequence: message.value.target })
  if (state.routes.get(gateway)?.wire !== wire && !state.rows.has(target)) return 'rate-limited'
  const waiting = [...state.rows.values()].filter(({ candidate: { message: other, entersUntilS }, relay, fate }) => {
    const isWaiting = relay !== 'relayed' && fate === undefined && entersUntilS >= Math.floor(receivedMs / 1000)
    return other.type === 'cancel' && toHex(other.value.gateway) === gateway && isWaiting
  })
  return waiting.length < MOST_CANCELS_WAITING ? undefined : 'rate-limited'
}

function queueOf(state: State): RelayQueue {
  const relayable = (relay: Row['relay']) =>
    [...state.rows.values()].filter(
      (row) => row.relay === relay && row.fate === undefined && row.candidate.message.type !== 'energy',
    )
  const move = (ids: readonly string[], to: Row['relay']) => {
    for (const id of ids) {
      const row = state.rows.get(id)
      if (row) row.relay = to
    }
  }
  return {
    waiting: (limit, atS) =>
      relayable('waiting')
        .filter((row) => row.candidate.entersUntilS >= atS)
        .slice(0, limit)
        .flatMap(({ candidate: { id, signed, message } }) =>
          message.type === 'energy' ? [] : [{ id, type: message.type, gateway: toHex(message.value.gateway), signed }],
        ),
    claimed: () => relayable('claimed').map((row) => row.candidate.id),
    claim: (ids) => move(ids, 'claimed'),
    relayed: (ids) => move(ids, 'relayed'),
    release: (ids) => move(ids, 'waiting'),
    refuse(ids, reason) {
      for (const id of ids) {
        const row = state.rows.get(id)
        if (row?.relay === 'waiting' && row.fate === undefined && row.candidate.message.type === 'order')
          Object.assign(row, { relay: 'refused', reason })
      }
    },
  }
}

function journalOf(state: State): Journal {
  const put = ({ gateway, about, kind, body }: NewNotice) => {
    const list = state.notices.get(gateway) ?? []
    if (list.some((notice) => notice.about === about)) return
    state.notices.set(gateway, [...list, { gateway, about, kind, body, number: list.length + 1 }])
  }
  return {
    record(block, isOnChain) {
      for (const id of block.entered) {
        const row = state.rows.get(id)
        if (row && row.fate === undefined) row.fate = 'entered'
      }
      for (const { id, tradedWh } of block.ended) {
        const row = state.rows.get(id)
        if (row && row.fate !== 'rejected' && row.fate !== 'expired')
          Object.assign(row, { fate: 'ended', countedWh: tradedWh })
      }
      const endings: InboxEnding[] = []
      for (const { hash, reason } of block.rejected) {
        const row = [...state.rows.values()].find(({ candidate }) => candidate.hash === hash)
        if (row === undefined || (row.fate !== undefined && row.fate !== 'rejected')) continue
        if (isOnChain(row.candidate.id)) continue
        if (row.fate === undefined) Object.assign(row, { fate: 'rejected', reason, countedWh: 0 })
        if (row.candidate.message.type === 'order') endings.push(endingOf(row, 'rejected'))
      }
      for (const row of state.rows.values()) {
        if (row.candidate.message.type !== 'order') continue
        if (row.relay === 'refused') {
          if (row.fate === undefined && isOnChain(row.candidate.id)) row.fate = 'entered'
          else if (row.fate === undefined)
            Object.assign(row, { fate: 'rejected', fateBlock: block.number, countedWh: 0 })
          if (row.fate === 'rejected' && row.fateBlock === block.number) endings.push(endingOf(row, 'rejected'))
        }
        if (row.fate === undefined && row.candidate.entersUntilS < block.timestampS) {
          if (isOnChain(row.candidate.id)) row.fate = 'entered'
          else Object.assign(row, { fate: 'expired', fateBlock: block.number, countedWh: 0 })
        }
        if (row.fate === 'expired' && row.fateBlock === block.number) endings.push(endingOf(row, 'expired'))
      }
      for (const notice of block.notices) put(notice)
      for (const ending of endings) put(noticeOf(ending))
      return endings
    },
  }
}

function endingOf(row: Row, state: InboxEnding['state']): InboxEnding {
  const { id, site, signed } = row.candidate
  return { id, site, signed, state, ...(row.reason === undefined ? {} : { reason: row.reason }) }
}

function noticeOf({ id, signed, state, reason }: InboxEnding): NewNotice {
  const order = decodeOrder(signed.bytes)
  if (order === undefined) throw new RangeError(`order ${id} cannot be read`)
  const { epoch, sequence } = order
  const gateway = toHex(order.gateway)
  return endingNotice({ id, gateway, epoch, sequence, state, tradedWh: 0, ...(reason === undefined ? {} : { reason }) })
}

function logOf(state: State): NoticeLog {
  const bare = ({ gateway, number, kind, body }: Notice): Notice => ({ gateway, number, kind, body })
  const of = (gateway: string) => state.notices.get(gateway) ?? []
  return {
    route: (gateway) => state.routes.get(gateway)?.wire,
    due: (limit) =>
      [...state.routes]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .flatMap(([gateway, { wire, sent }]) =>
          of(gateway)
            .filter((notice) => notice.number > sent)
            .map((notice) => ({ ...bare(notice), wire })),
        )
        .slice(0, limit),
    sent(upTo) {
      for (const [gateway, number] of upTo) {
        const route = state.routes.get(gateway)
        if (route) route.sent = Math.max(route.sent, number)
      }
    },
    sentAfter: (gateway, number, limit) =>
      of(gateway)
        .filter((notice) => notice.number > number && notice.number <= (state.routes.get(gateway)?.sent ?? 0))
        .slice(0, limit)
        .map(bare),
  }
}

function plansOf(): Plans {
  const plans = new Map<string, Plan>()
  const key = (community: number, slotStart: number) => `${community}/${slotStart}`
  return {
    load: (community, slotStart) => plans.get(key(community, slotStart)),
    save: (plan) => void plans.set(key(plan.community, plan.slotStart), plan),
    drop: (community, slotStart) => void plans.delete(key(community, slotStart)),
  }
}
