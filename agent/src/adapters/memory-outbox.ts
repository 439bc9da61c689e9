import { sha256, toHex } from '@wattfleet/protocol'
import type { MeterTrack } from '../core/slot-energy.ts'
import type { Batch, Draft, Effect, HubWord, Notice, Outbox, PendingMessage, Seal } from '../ports.ts'
import { isFinal, NO_PREVIOUS, type StoredOrder, toRecord } from './outbox-rows.ts'

/** An outbox that forgets with the process: for tests, and the shape the durable ones follow. */
export function memoryOutbox(seal: Seal, epoch: number): Outbox {
  const waiting = new Map<string, PendingMessage>()
  const refused = new Map<string, PendingMessage>()
  const orders = new Map<number, StoredOrder>()
  const trades = new Set<string>()
  let sequence = 0
  let previous: Uint8Array = NO_PREVIOUS
  let notice = 0
  let floorMs = 0
  let session = 0
  let track: MeterTrack | undefined

  function applyNotice({ kind, value }: Notice): Effect {
    if (value.number !== notice + 1) return value.number <= notice ? 'known' : 'gap'
    notice = value.number
    if (kind === 'outcome') {
      const order = orders.get(value.sequence)
      if (order?.epoch === value.epoch) Object.assign(order, { state: value.state, outcomeWh: value.tradedWh })
    }
    if (kind === 'trade' && !trades.has(`${value.trade}/${value.sequence}`)) {
      trades.add(`${value.trade}/${value.sequence}`)
      const order = orders.get(value.sequence)
      if (order?.epoch === value.epoch) {
        order.tradesWh += value.energyWh
        // a trade, too, proves that an order was stored which only a receipt had refused
        if (order.state === 'refused') order.state = 'live'
      }
    }
    return 'applied'
  }

  function apply(word: HubWord): Effect {
    if (word.kind !== 'receipt') return applyNotice(word)
    const { hash, ok } = word.value
    const message = waiting.get(hash) ?? (ok ? refused.get(hash) : undefined)
    if (message === undefined) return 'known'
    if (!ok && !isFinal(word.value.reason)) return 'postponed'
    waiting.delete(hash)
    const order = orders.get(message.sequence)
    if (ok) {
      // of two copies one may be refused and the other stored: what is stored can trade, whichever answer came first
      refused.delete(hash)
      if (order?.state === 'refused') order.state = 'live'
    } else {
      refused.set(hash, message)
      if (order?.state === 'live') order.state = 'refused'
    }
    return 'applied'
  }

  function enter(draft: Draft, of: number): void {
    if (draft.type === 'order') {
      const { side, slotStart, energyWh } = draft
      const order = { sequence: of, epoch, side, slotStart, energyWh, tradesWh: 0, outcomeWh: 0 }
      orders.set(of, { ...order, state: 'live', withdrawing: 0 })
    }
    const target = draft.type === 'cancel' ? orders.get(draft.target) : undefined
    if (target !== undefined) target.withdrawing = 1
  }

  return {
    commit({ drafts = [], track: next, nowMs }: Batch) {
      // all seals first: one that fails leaves nothing behind
      let head = previous
      const messages = drafts.map((draft, i) => {
        const signed = seal(draft, sequence + i + 1, head)
        const hash = sha256(signed.bytes)
        if (draft.type === 'energy') head = hash
        return { sequence: sequence + i + 1, kind: draft.type, signed, hash: toHex(hash) }
      })
      previous = head
      sequence += drafts.length
      floorMs = Math.max(floorMs, nowMs)
      if (next !== undefined) track = next
      for (const [i, message] of messages.entries()) {
        waiting.set(message.hash, message)
        enter(drafts[i] as Draft, message.sequence)
      }
      return messages
    },
    hear: (words) => words.map(apply),
    pending: (limit) => [...waiting.values()].slice(0, limit),
    orders: (from) => [...orders.values()].filter((order) => order.slotStart >= from).map(toRecord),
    lastNotice: () => notice,
    track: () => track,
    nextSession: () => ++session,
    clockFloorMs: () => floorMs,
    prune(before) {
      const held = new Set([...waiting.values()].map((message) => message.sequence))
      for (const order of orders.values()) {
        if (order.slotStart < before && !held.has(order.sequence)) orders.delete(order.sequence)
      }
      for (const [hash, { kind, sequence: of }] of refused) {
        if (kind === 'order' && !orders.has(of)) refused.delete(hash)
      }
    },
    close() {},
  }
}
