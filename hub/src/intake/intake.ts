import {
  type Clock,
  decodeDeath,
  decodeMessage,
  decodeStatus,
  downTopic,
  Fault,
  fromPayload,
  isRetryable,
  isSignedByItsGateway,
  MAX_SIGNED_PAYLOAD_BYTES,
  type Message,
  messageOf,
  orderIdHex,
  parseTopic,
  type Reason,
  type Receipt,
  receiptBody,
  SIGNATURE_BYTES,
  type SignedMessage,
  type SigningKey,
  type Status,
  sealDown,
  sha256,
  toHex,
} from '@wattfleet/protocol'
import type { Candidate, InboxWriter, IsStopped, Log, Registry, StatusRow, Stored, Wire } from '../ports.ts'
import { createPulse, LOOK_AGAIN_MS, type Pulse } from '../pulse.ts'
import { decideIntake } from './decide.ts'
import { createRateLimiter, type RateLimit } from './rate.ts'
import type { Roll } from './roll.ts'
import { unheardKeys } from './unheard.ts'

/** Most messages that wait for their commit; beyond it they are dropped without a receipt, so that the sender sends them again. */
const QUEUE_LIMIT = 10_000
/** Most messages of one commit: a synchronous write is paid once for all of them, and the first waits for the last. */
const GROUP_LIMIT = 256

/** One message as it came: who sent it (the broker vouches for the topic), what kind its topic says, its payload. */
export interface Incoming {
  readonly wire: string
  readonly kind: 'order' | 'cancel' | 'energy'
  readonly payload: Uint8Array
}

/** A receipt and whom it is for: whoever's topic the message came on. */
export interface Answer {
  readonly wire: string
  readonly receipt: Receipt
}

export interface IntakeOptions {
  /** The chain's id, 32 bytes. */
  readonly chain: Uint8Array
  readonly community: number
  readonly inbox: InboxWriter
  readonly registry: Registry
  readonly isStopped: IsStopped
  /** The chain's finalized head, while it can be asked. */
  readonly finalizedBlock: () => number | undefined
  readonly clock: Clock
  readonly rate: RateLimit
  /** The wall's monotonic time in ms, for the rate limit. */
  readonly monotonicMs: () => number
  readonly log: Log
}

export interface Intake {
  /** Takes a group through verification and one durable commit; the answers are receipts that may go out. Never throws. */
  process(group: readonly Incoming[], statuses: readonly StatusRow[]): Answer[]
  /** Receipts by `ok` or reason since the start. */
  readonly counts: Map<Reason | 'ok', number>
  /** What the store said when it last failed; undefined while it works. */
  storeFault(): string | undefined
}

type Examined = { readonly hash: string; readonly candidate?: Candidate; readonly answer?: Reason | 'ok' }

/** SHA-256 of what would be the message's bytes, also where it is no message: the sender knows its own by it. */
function hashOfPayload(payload: Uint8Array): string {
  const end = payload.length > SIGNATURE_BYTES ? payload.length - SIGNATURE_BYTES : payload.length
  return toHex(sha256(payload.subarray(0, end)))
}

function split(incoming: Incoming): { message: Message; signed: SignedMessage } | Reason {
  if (incoming.payload.length > MAX_SIGNED_PAYLOAD_BYTES) return 'too-large'
  const signed = fromPayload(incoming.payload)
  const message = signed && decodeMessage(signed.bytes)
  if (signed === undefined || message === undefined || message.type !== incoming.kind) return 'malformed'
  return { message, signed }
}

/** Verification, duplicates and commit, without the wire: what a message goes through between topic and receipt. */
export function createIntake(options: IntakeOptions): Intake {
  const { chain, community, inbox, registry, clock, log } = options
  const rate = createRateLimiter(options.rate, options.monotonicMs)
  const isIndexSure = unheardKeys(options)
  const counts = new Map<Reason | 'ok', number>()
  let fault: string | undefined

  const examine = (incoming: Incoming): Examined => {
    const hash = hashOfPayload(incoming.payload)
    if (!rate.take(incoming.wire)) return { hash, answer: 'rate-limited' }
    const parts = split(incoming)
    if (typeof parts === 'string') return { hash, answer: parts }
    const { message, signed } = parts
    if (!isSignedByItsGateway(message, signed)) return { hash, answer: 'signature' }
    const id = orderIdHex(message.value)
    // what is stored already stays receipted, also when it is late or its key revoked by now
    const known = inbox.hashOf(id)
    if (known !== undefined) return { hash, answer: known === hash ? 'ok' : 'conflict' }
    const key = toHex(message.value.gateway)
    const receivedMs = clock.nowMs()
    const nowS = Math.floor(receivedMs / 1000)
    const entry = registry.gateway(key)
    const decision = decideIntake(message, {
      chain,
      community,
      nowS,
      entry,
      isStopped: options.isStopped(key),
      // a cancel is of no slot
      rules: registry.rules(community, 'slotStart' in message.value ? message.value.slotStart : nowS),
      isIndexSure:
        (entry !== undefined && entry.epoch >= message.value.epoch) || isIndexSure(key, message.value.epoch, nowS),
    })
    if (!decision.ok) return { hash, answer: decision.reason }
    const { ok: _, ...accepted } = decision
    return { hash, candidate: { id, hash, message, signed, wire: incoming.wire, receivedMs, ...accepted } }
  }

  const guard = <T>(work: () => T): T | undefined => {
    try {
      const result = work()
      fault = undefined
      return result
    } catch (error) {
      if (!(error instanceof Fault && error.code === 'store')) throw error
      if (fault === undefined) log.error({ fault: messageOf(error) }, 'the store fails: nothing is receipted')
      fault = messageOf(error)
      return undefined
    }
  }

  return {
    counts,
    storeFault: () => fault,
    process(group, statuses) {
      const examined = group.map(
        (incoming): Examined =>
          guard(() => examine(incoming)) ?? { hash: hashOfPayload(incoming.payload), answer: 'store-unavailable' },
      )
      const candidates = examined.flatMap(({ candidate }) => candidate ?? [])
      const stored = candidates.length + statuses.length === 0 ? [] : guard(() => inbox.commit(candidates, statuses))
      const verdicts = stored?.values()
      return examined.map(({ hash, candidate, answer }, at) => {
        const said = candidate === undefined ? (answer ?? 'malformed') : verdictOf(verdicts?.next().value)
        counts.set(said, (counts.get(said) ?? 0) + 1)
        const receipt: Receipt = said === 'ok' ? { hash, ok: true } : { hash, ok: false, reason: said }
        return { wire: group[at]?.wire ?? '', receipt }
      })
    },
  }
}

function verdictOf(stored: Stored | undefined): Reason | 'ok' {
  switch (stored) {
    case 'stored':
    case 'duplicate':
      return 'ok'
    case 'conflict':
    case 'cap':
    case 'rate-limited':
      return stored
    case undefined:
      return 'store-unavailable'
  }
}

export interface IntakeServiceOptions {
  readonly intake: Intake
  readonly wire: Wire
  readonly clock: Clock
  /** Signs receipts. */
  readonly key: SigningKey
  /** Beats after messages were stored. */
  readonly stored: Pulse
  readonly onStatus: (wire: string, status: Status) => void
  /** Hears of every status, and of every gateway that has gone. */
  readonly roll: Roll
  /** Called after a group was committed. */
  readonly onGroup: () => void
}

export interface IntakeService {
  /** Takes a message off the wire. Never waits. */
  receive(topic: string, payload: Uint8Array): void
  /** Messages dropped because too many waited, or because their topic does not follow the contract. */
  readonly dropped: () => number
  /** Drains the queue, group by group, until aborted; what waits then has no receipt and will be sent again. */
  run(signal: AbortSignal): Promise<void>
}

/** Intake on the wire: a bounded queue that a loop drains, receipts back to the topic's gateway. */
export function createIntakeService(options: IntakeServiceOptions): IntakeService {
  const { intake, wire, clock, key, stored, onStatus, roll, onGroup } = options
  const queue: Incoming[] = []
  const statuses = new Map<string, StatusRow>()
  const arrived = createPulse()
  let dropped = 0

  const send = ({ wire: gateway, receipt }: Answer): Promise<boolean> =>
    wire.publish(downTopic(gateway, 'receipt'), sealDown(receiptBody(receipt), key))

  return {
    dropped: () => dropped,
    receive(name, payload) {
      const topic = parseTopic(name)
      if (topic?.direction !== 'up' || queue.length >= QUEUE_LIMIT) {
        dropped++
        return
      }
      if (topic.kind === 'status') {
        const death = decodeDeath(payload)
        if (death !== undefined) {
          roll.hear(topic.gateway, { ...death, isGone: true })
          return
        }
        const status = decodeStatus(payload)
        if (status === undefined || statuses.size >= QUEUE_LIMIT) dropped++
        else {
          roll.hear(topic.gateway, { ...status, isGone: false })
          statuses.set(topic.gateway, { wire: topic.gateway, status, receivedMs: clock.nowMs() })
        }
      } else {
        queue.push({ wire: topic.gateway, kind: topic.kind, payload })
      }
      arrived.beat()
    },
    async run(signal) {
      let sending: Promise<unknown> = Promise.resolve()
      while (!signal.aborted) {
        const seen = arrived.count
        if (queue.length + statuses.size === 0) {
          await arrived.after(seen, LOOK_AGAIN_MS, signal)
          continue
        }
        const rows = [...statuses.values()]
        statuses.clear()
        const answers = intake.process(queue.splice(0, GROUP_LIMIT), rows)
        if (answers.some(({ receipt }) => receipt.ok)) stored.beat()
        for (const row of rows) onStatus(row.wire, row.status)
        onGroup()
        // receipts of one group travel while the next is worked on, and no more than that: the broker sets the pace
        await sending
        sending = Promise.all(answers.map(send))
        await new Promise((resolve) => setImmediate(resolve))
      }
      await sending
    },
  }
}

/** Refusals that will not be taken back: what the sender must not try again. */
export function finalRefusals(counts: ReadonlyMap<Reason | 'ok', number>): number {
  return [...counts].reduce((sum, [said, n]) => sum + (said === 'ok' || isRetryable(said) ? 0 : n), 0)
}
