import { type Enrolled, enrol, enrolmentClient, stateFiles } from '@wattfleet/agent'
import {
  downFilters,
  encodeStatus,
  fromHex,
  isRetryable,
  type Message,
  type NoticeKind,
  type Order,
  type Outcome,
  openDown,
  orderIdHex,
  parseOutcome,
  parseReceipt,
  parseTopic,
  type Receipt,
  type SignedMessage,
  sha256,
  signMessage,
  slotStartOf,
  toHex,
  toPayload,
  type UpKind,
  upTopic,
  wallClock,
} from '@wattfleet/protocol'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { until } from './until.ts'

/** A message without a receipt is published again after so long. */
const RESEND_MS = 1_000

const SILENT = { debug() {}, info() {}, warn() {}, error() {} }

/** Enrols over HTTPS with the agent's own code. */
export async function enrolGateway(
  claimPath: string,
  serial: string,
  folder: string,
  signal: AbortSignal,
): Promise<Enrolled> {
  const parts = { files: stateFiles(folder), claimPath, service: enrolmentClient, transport: wallClock(), log: SILENT }
  const enrolled = await enrol({ ...parts, serial: () => serial, random: Math.random }, signal)
  if (enrolled === undefined) throw new Error('stopped before the gateway was enrolled')
  return enrolled
}

/** What a gateway shows the broker. */
export function credentials({ grant, tlsKeyPem }: Enrolled): IClientOptions {
  return { clientId: grant.gateway, ca: grant.caPem, cert: grant.certificatePem, key: tlsKeyPem }
}

/** One connection, without another try: MQTT 3.1.1 over TLS. */
export function dial(brokerUrl: string, options: IClientOptions): MqttClient {
  const client = connect(brokerUrl, {
    protocolVersion: 4,
    clean: false,
    reconnectPeriod: 0,
    rejectUnauthorized: true,
    resubscribe: false,
    ...options,
  })
  client.on('error', () => undefined)
  return client
}

/** A notice as it came; the same number may come again, and must then say the same. */
export interface HeardNotice {
  readonly kind: NoticeKind
  readonly text: string
  readonly times: number
}

/** A gateway without a house: it says what a test wants it to, signed or not, and remembers all that it is told. */
export class TestGateway {
  readonly enrolled: Enrolled
  readonly wire: string
  readonly key: string
  /** By the hash of the bytes, in the order in which they came. */
  readonly receipts = new Map<string, Receipt[]>()
  readonly notices = new Map<number, HeardNotice>()
  /** What should never arrive: foreign topics, false signatures, a number that says two things. */
  readonly strays: string[] = []
  #client: MqttClient | undefined
  #sequence = 0
  #nowS: () => number

  constructor(enrolled: Enrolled, nowS: () => number) {
    this.enrolled = enrolled
    this.wire = enrolled.grant.gateway
    this.key = toHex(enrolled.key.publicKey)
    this.#nowS = nowS
  }

  get connected(): boolean {
    return this.#client?.connected ?? false
  }

  async connect(): Promise<void> {
    const client = dial(this.enrolled.grant.brokerUrl, credentials(this.enrolled))
    client.on('message', (topic, payload) => this.#hear(topic, payload))
    this.#client = client
    await until(`${this.wire} is connected`, () => client.connected)
    await client.subscribeAsync(downFilters(this.wire), { qos: 1 })
  }

  async disconnect(): Promise<void> {
    await this.#client?.endAsync(true)
  }

  /** The live connection. */
  get client(): MqttClient {
    if (this.#client === undefined) throw new Error('not connected')
    return this.#client
  }

  /** A bid that meets no offer, on a slot two hours ahead, under a sequence of its own. */
  order(changes: Partial<Order> = {}): Order {
    const { grant, key } = this.enrolled
    return {
      chain: fromHex(grant.chain, 32) as Uint8Array,
      community: grant.rules.community,
      gateway: key.publicKey,
      epoch: grant.epoch,
      sequence: this.nextSequence(),
      kind: 'spot',
      side: 'bid',
      slotStart: this.slotAhead(8),
      energyWh: 100,
      priceMicro: 1_000,
      expiresAt: 0,
      energyTypes: 0,
      ...changes,
    }
  }

  nextSequence(): number {
    this.#sequence += 1
    return this.#sequence
  }

  /** Start of the slot so many after the current one. */
  slotAhead(slots: number): number {
    const { slotLengthS } = this.enrolled.grant.rules
    return slotStartOf(this.#nowS(), slotLengthS) + slots * slotLengthS
  }

  sign(order: Order): SignedMessage {
    return this.signMessage({ type: 'order', value: order })
  }

  signMessage(message: Message): SignedMessage {
    return signMessage(message, this.enrolled.key)
  }

  /** Publishes once, at QoS 1; resolves with the broker's acknowledgement. */
  async publish(payload: Uint8Array, kind: UpKind = 'order', topic = upTopic(this.wire, kind)): Promise<void> {
    await this.client.publishAsync(topic, Buffer.from(payload), { qos: 1 })
  }

  receiptsOf(signed: Pick<SignedMessage, 'bytes'>): readonly Receipt[] {
    return this.receipts.get(hashOf(signed)) ?? []
  }

  /** The next receipt for these bytes. */
  async answerTo(payload: Uint8Array, hash: string, kind: UpKind = 'order'): Promise<Receipt> {
    const before = this.receipts.get(hash)?.length ?? 0
    await this.publish(payload, kind)
    return until(`a receipt for ${hash}`, () => this.receipts.get(hash)?.[before])
  }

  /** Publishes as a gateway must: again until there is a receipt that is final. `ok`, or the reason. */
  async send(signed: SignedMessage, kind: UpKind = 'order'): Promise<string> {
    const hash = hashOf(signed)
    let sentMs = Number.NEGATIVE_INFINITY
    let seen = this.receipts.get(hash)?.length ?? 0
    return until(`a final receipt for ${hash}`, () => {
      const receipt = this.receipts.get(hash)?.[seen]
      if (receipt !== undefined) {
        seen += 1
        if (receipt.ok) return 'ok'
        if (!isRetryable(receipt.reason)) return receipt.reason
        return undefined
      }
      if (performance.now() - sentMs > RESEND_MS && this.connected) {
        sentMs = performance.now()
        this.publish(toPayload(signed), kind).catch(() => undefined)
      }
      return undefined
    })
  }

  /** Signs this order and sends it. */
  sendOrder(changes: Partial<Order> = {}): Promise<string> {
    return this.send(this.sign(this.order(changes)))
  }

  /** Outcomes of one own order, one for each number that names it. */
  outcomes({ epoch, sequence }: Pick<Order, 'epoch' | 'sequence'>): readonly Outcome[] {
    return this.allOutcomes().filter((outcome) => outcome.epoch === epoch && outcome.sequence === sequence)
  }

  allOutcomes(): readonly Outcome[] {
    return [...this.notices.values()].flatMap(({ kind, text }) => {
      const outcome = kind === 'outcome' ? parseOutcome(JSON.parse(text) as Record<string, unknown>) : undefined
      return outcome === undefined ? [] : [outcome]
    })
  }

  /** The one outcome of an order, once it is there. */
  outcomeOf(order: Pick<Order, 'epoch' | 'sequence'>): Promise<Outcome> {
    return until(`an outcome of order ${order.sequence}`, () => this.outcomes(order)[0])
  }

  /** Says which notice was seen last; the hub sends again what came after. */
  async tellStatus(lastNotice: number): Promise<void> {
    const { epoch } = this.enrolled.grant
    const status = { gateway: this.key, epoch, lastNotice, clockMs: this.#nowS() * 1000, clock: 'trusted' } as const
    await this.publish(encodeStatus({ ...status, meter: 'good', importW: 0, exportW: 0, findings: [] }), 'status')
  }

  #hear(topic: string, payload: Uint8Array): void {
    const parsed = parseTopic(topic)
    const body = openDown(payload, fromHex(this.enrolled.grant.hubKey, 32) as Uint8Array)
    if (parsed?.direction !== 'down' || parsed.gateway !== this.wire || body === undefined) {
      this.strays.push(topic)
      return
    }
    if (parsed.kind === 'receipt') {
      const receipt = parseReceipt(body)
      if (receipt === undefined) this.strays.push(`${topic}: ${JSON.stringify(body)}`)
      else this.receipts.set(receipt.hash, [...(this.receipts.get(receipt.hash) ?? []), receipt])
      return
    }
    const number = Number(body.number)
    const text = JSON.stringify(body)
    const known = this.notices.get(number)
    if (known !== undefined && (known.kind !== parsed.kind || known.text !== text)) {
      this.strays.push(`notice ${number} said ${known.kind} ${known.text}, then ${parsed.kind} ${text}`)
    }
    this.notices.set(number, { kind: parsed.kind as NoticeKind, text, times: (known?.times ?? 0) + 1 })
  }
}

export function hashOf({ bytes }: Pick<SignedMessage, 'bytes'>): string {
  return toHex(sha256(bytes))
}

export function idOf(order: Order): string {
  return orderIdHex(order)
}
