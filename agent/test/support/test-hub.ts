import {
  aborted,
  type Death,
  type DownKind,
  decodeDeath,
  decodeMessage,
  decodeStatus,
  fromPayload,
  isSignedByItsGateway,
  type Message,
  type Order,
  type Outcome,
  type Reason,
  type Status,
  sealDown,
  sha256,
  type TerminalState,
  type TradeNotice,
  toHex,
  type UpKind,
} from '@wattfleet/protocol'
import type { Link, LinkEvents } from '../../src/ports.ts'
import { HUB_KEY } from './fixtures.ts'

export interface HubOrder {
  readonly order: Order
  tradedWh: number
  state: 'live' | TerminalState
}

export interface HubOptions {
  /** Whether the next message, in whichever direction, is lost. */
  readonly loses?: () => boolean
  /** Whether it arrives twice. */
  readonly doubles?: () => boolean
  /** A refusal for this message instead of storing it. */
  readonly refuses?: (message: Message) => Reason | undefined
  /** Whether, of a message that arrives twice, the first copy is refused for good and the second stored. */
  readonly wavers?: () => boolean
}

/**
 * A hub over an in-memory link, with the real codecs: verifies, dedupes, stores, receipts, and numbers its notices. What
 * it holds is the truth that a test compares the gateway with. Throws when the gateway breaks the contract.
 */
export function testHub({
  loses = () => false,
  doubles = () => false,
  refuses = () => undefined,
  wavers = () => false,
}: HubOptions = {}) {
  const stored = new Map<string, Message>()
  const identities = new Map<string, string>()
  const orders = new Map<number, HubOrder>()
  const withdrawn = new Set<number>()
  const notices: { kind: DownKind; body: { number: number } }[] = []
  const statuses: Status[] = []
  const deaths: Death[] = []
  const gone: Death[] = []
  /** The key that signed last: whom notices are for. */
  let gateway = ''
  let live: Pick<LinkEvents, 'message' | 'down'> | undefined
  let received = 0
  let waverings = 0
  let nextTrade = 1

  function tell(kind: DownKind, body: object): void {
    const payload = sealDown(body, HUB_KEY)
    for (let copies = loses() ? 0 : doubles() ? 2 : 1; copies > 0; copies--) live?.message(kind, payload)
  }

  function notify(kind: DownKind, body: object): void {
    const numbered = { gateway, ...body, number: notices.length + 1 }
    notices.push({ kind, body: numbered })
    tell(kind, numbered)
  }

  /** Two copies with two answers. That the second is lost is left out: then nothing can tell the gateway in time. */
  function waver(kind: UpKind, payload: Uint8Array): void {
    const hash = toHex(sha256(fromPayload(payload)?.bytes ?? new Uint8Array()))
    if (!stored.has(hash)) tell('receipt', { hash, ok: false, reason: 'unknown-gateway' })
    take(kind, payload)
    live?.message('receipt', sealDown({ hash, ok: true }, HUB_KEY))
    waverings += 1
  }

  function take(kind: UpKind, payload: Uint8Array): void {
    received += 1
    if (kind === 'status') {
      const death = decodeDeath(payload)
      if (death !== undefined) {
        gone.push(death)
        return
      }
      const status = decodeStatus(payload)
      if (status === undefined) throw new Error('a status that does not follow the contract')
      statuses.push(status)
      gateway = status.gateway
      for (const notice of notices.slice(status.lastNotice)) tell(notice.kind, notice.body)
      return
    }
    const signed = fromPayload(payload)
    const message = signed && decodeMessage(signed.bytes)
    if (signed === undefined || message?.type !== kind) throw new Error(`a ${kind} that does not follow the contract`)
    if (!isSignedByItsGateway(message, signed)) throw new Error(`a ${kind} that its gateway did not sign`)
    gateway = toHex(message.value.gateway)
    const hash = toHex(sha256(signed.bytes))
    const identity = `${message.value.epoch}/${message.value.sequence}`
    if ((identities.get(identity) ?? hash) !== hash) throw new Error(`sequence ${identity} has other bytes now`)
    identities.set(identity, hash)
    const reason = stored.has(hash) ? undefined : refuses(message)
    if (reason !== undefined) {
      tell('receipt', { hash, ok: false, reason })
      return
    }
    if (!stored.has(hash)) {
      stored.set(hash, message)
      if (message.type === 'order')
        orders.set(message.value.sequence, { order: message.value, tradedWh: 0, state: 'live' })
      if (message.type === 'cancel') withdrawn.add(message.value.target)
    }
    tell('receipt', { hash, ok: true })
  }

  function end(sequence: number, state: TerminalState): void {
    const entry = orders.get(sequence)
    if (entry?.state !== 'live') return
    entry.state = state
    const { epoch } = entry.order
    const reason: { reason?: Reason } = state === 'rejected' ? { reason: 'collateral' } : {}
    notify('outcome', { epoch, sequence, state, tradedWh: entry.tradedWh, ...reason } satisfies Omit<Outcome, 'number'>)
  }

  const link: Link = {
    async run(events, signal) {
      live = events
      const death = decodeDeath(events.opening() ?? new Uint8Array())
      if (death !== undefined) deaths.push(death)
      events.up({
        publish(kind, payload) {
          const copies = loses() ? 0 : doubles() ? 2 : 1
          if (copies === 2 && kind !== 'status' && wavers()) waver(kind, payload)
          else for (let i = 0; i < copies; i++) take(kind, payload)
        },
      })
      await aborted(signal)
      live = undefined
    },
  }

  return {
    link,
    /** What the gateway published; answers go to whoever was attached. */
    take,
    attach(events: Pick<LinkEvents, 'message' | 'down'>): void {
      live = events
    },
    stored,
    orders,
    statuses,
    /** What gateways left to be said at their end, and what was said. */
    deaths,
    gone,
    received: () => received,
    waverings: () => waverings,
    notices: () => notices.length,
    /** Trades some of an open order. */
    trade(sequence: number, energyWh: number): void {
      const entry = orders.get(sequence)
      if (entry?.state !== 'live') return
      const tradedWh = Math.min(energyWh, entry.order.energyWh - entry.tradedWh)
      entry.tradedWh += tradedWh
      const { epoch, side, slotStart, priceMicro } = entry.order
      const trade = { trade: nextTrade++, epoch, sequence, slotStart, side, energyWh: tradedWh, rateMicro: priceMicro }
      notify('trade', trade satisfies Omit<TradeNotice, 'number'>)
      if (entry.tradedWh === entry.order.energyWh) end(sequence, 'filled')
    },
    end,
    /** Cancels take effect: also one that came before its target. */
    carryOutCancels(): void {
      for (const target of withdrawn) end(target, 'cancelled')
    },
    tell,
    drop: (reason: string) => live?.down(reason),
    energies: () => [...stored.values()].flatMap((message) => (message.type === 'energy' ? [message.value] : [])),
  }
}

export type TestHub = ReturnType<typeof testHub>
