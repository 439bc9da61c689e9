import { Readable } from 'node:stream'
import type { SessionJournal } from './adapters/session-journal.ts'
import { type Entry, type QueuedPacket, type QueueTable, queueTable } from './core/queues.ts'
import { matches, type Subscription, type SubscriptionTable, subscriptionTable } from './core/subscriptions.ts'

interface ClientRef {
  readonly id: string
}
type Will = QueuedPacket & { brokerId?: string; clientId?: string }

export interface SessionRules {
  /** Whether this client may hold a subscription to this filter. */
  mayKeep(clientId: string, filter: string): boolean
  /** Most messages of one queue. */
  queueLimit(clientId: string): number
  /** A message was not kept, because the queue is full. */
  onFull(clientId: string): void
  /** Whether its queue is let out piece by piece, see window.ts: then only what was under way is sent at once. */
  isWindowed(clientId: string): boolean
}

/** What the window needs of the store. */
export interface SessionQueues {
  find(clientId: string, packet: QueuedPacket): Entry | undefined
  entries(clientId: string): Iterable<Entry>
  /** Gives a message another number, by which the broker knows it. */
  renumber(entry: Entry, brokerId: string, brokerCounter: number): void
  /** Messages waiting for all sessions. */
  total(): number
}

/** In the form in which aedes-packet writes it, and never the object that is passed around. */
function copyOf(packet: QueuedPacket): QueuedPacket {
  const { cmd = 'publish', topic, payload = Buffer.alloc(0), qos = 0, retain = false, dup = false } = packet
  const { brokerId, brokerCounter } = packet
  const copy = { cmd, brokerId, brokerCounter, topic, payload, qos, retain, dup } as QueuedPacket
  return qos > 0 ? { ...copy, messageId: undefined } : copy
}

/**
 * The session store of aedes (the contract of aedes-persistence 11, whose own suite it passes): sessions are in memory,
 * and in the journal where there is one, from which they come back after a restart. Wills are in memory alone: a broker's
 * end is not its clients' end.
 */
export function sessionStore(rules: SessionRules, journal?: SessionJournal) {
  const subscriptions = subscriptionTable()
  const queues = queueTable()
  const retained = new Map<string, QueuedPacket>()
  const kept = journal?.load()
  for (const { clientId, ...subscription } of kept?.subscriptions ?? []) {
    // the rules may be others than when it was stored
    if (rules.mayKeep(clientId, subscription.topic)) subscriptions.add(clientId, subscription)
    else journal?.unsubscribed(clientId, subscription.topic)
  }
  for (const entry of kept?.entries ?? []) queues.restore(entry)
  for (const packet of kept?.retained ?? []) retained.set(packet.topic ?? '', packet)

  const { queues: ports, ...outgoing } = outgoingOf(queues, rules, journal)
  let broker: { readonly id: string } = { id: '' }
  return {
    queues: ports,
    close: () => journal?.close(),
    get broker() {
      return broker
    },
    async setup(of: { readonly id: string }) {
      broker = of
    },
    async destroy() {
      journal?.close()
    },
    ...retainedOf(retained, journal),
    ...subscriptionsOf(subscriptions, rules, journal),
    ...outgoing,
    ...incomingOf(),
    ...willsOf(() => broker.id),
    /** A clean session begins: what was kept for the client is forgotten, its queue too. */
    async cleanSubscriptions({ id }: ClientRef) {
      for (const { topic } of subscriptions.of(id)) {
        subscriptions.remove(id, topic)
        journal?.unsubscribed(id, topic)
      }
      for (const entry of [...queues.entries(id)]) {
        queues.remove(entry)
        journal?.dequeued(entry)
      }
    },
  }
}

export type SessionStore = ReturnType<typeof sessionStore>

function retainedOf(retained: Map<string, QueuedPacket>, journal: SessionJournal | undefined) {
  function* retainedFor(patterns: readonly string[]): Generator<QueuedPacket> {
    for (const pattern of patterns) {
      for (const [topic, packet] of retained) if (matches(pattern, topic)) yield packet
    }
  }

  return {
    async storeRetained(packet: QueuedPacket & { topic: string; payload: Uint8Array }) {
      if (packet.payload.length === 0) retained.delete(packet.topic)
      else retained.set(packet.topic, { ...packet })
      journal?.retained(packet)
    },
    createRetainedStream: (pattern: string) => Readable.from(retainedFor([pattern])),
    createRetainedStreamCombi: (patterns: readonly string[]) => Readable.from(retainedFor(patterns)),
  }
}

function subscriptionsOf(subscriptions: SubscriptionTable, rules: SessionRules, journal: SessionJournal | undefined) {
  const seen = new WeakMap<readonly Subscription[], string>()
  return {
    /** aedes gives all filters of a SUBSCRIBE as soon as one of them is allowed: the refused ones are left out here. */
    async addSubscriptions({ id }: ClientRef, added: readonly Subscription[]) {
      // once for each SUBSCRIBE, however many of its filters are allowed
      if (seen.get(added) === id) return journal?.flushed()
      seen.set(added, id)
      for (const subscription of added) {
        if (!rules.mayKeep(id, subscription.topic)) continue
        subscriptions.add(id, subscription)
        journal?.subscribed({ clientId: id, ...subscription })
      }
      await journal?.flushed()
    },
    async removeSubscriptions({ id }: ClientRef, topics: readonly string[]) {
      for (const topic of topics) {
        subscriptions.remove(id, topic)
        journal?.unsubscribed(id, topic)
      }
    },
    subscriptionsByClient: async ({ id }: ClientRef) => [...subscriptions.of(id)],
    subscriptionsByTopic: async (topic: string) => [...subscriptions.wanting(topic)],
    countOffline: async () => ({ subsCount: subscriptions.count(), clientsCount: [...subscriptions.clients()].length }),
    getClientList: (topic: string) => Readable.from(subscriptions.clientsOf(topic)),
  }
}

/** QoS 1 and 2 towards the clients. */
function outgoingOf(queues: QueueTable, rules: SessionRules, journal: SessionJournal | undefined) {
  function enqueue(clientId: string, packet: QueuedPacket): void {
    if (queues.find(clientId, packet) !== undefined) return // two filters of one client, or the window's own
    if (queues.size(clientId) >= rules.queueLimit(clientId)) {
      rules.onFull(clientId)
      return
    }
    const entry = queues.add(clientId, copyOf(packet))
    if (entry) journal?.queued(entry)
  }

  function replace(entry: Entry, packet: QueuedPacket): void {
    queues.replace(entry, packet)
    journal?.queued(entry)
  }

  function remove(entry: Entry): QueuedPacket {
    queues.remove(entry)
    journal?.dequeued(entry)
    return entry.packet
  }

  const ports: SessionQueues = {
    find: queues.find,
    entries: queues.entries,
    renumber: (entry, brokerId, brokerCounter) => replace(entry, { ...entry.packet, brokerId, brokerCounter }),
    total: queues.total,
  }
  return {
    queues: ports,
    async outgoingEnqueue({ clientId }: { readonly clientId: string }, packet: QueuedPacket) {
      enqueue(clientId, packet)
    },
    async outgoingEnqueueCombi(to: readonly { readonly clientId: string }[], packet: QueuedPacket) {
      for (const { clientId } of to) enqueue(clientId, packet)
    },
    /** One that was not kept is delivered all the same, and its acknowledgement finds nothing. */
    async outgoingUpdate({ id }: ClientRef, packet: QueuedPacket) {
      const own = queues.find(id, packet)
      if (own !== undefined) return replace(own, { ...own.packet, messageId: packet.messageId })
      if (packet.messageId === undefined) return
      const same = queues.withMessageId(id, packet.messageId)
      if (same !== undefined && same.packet.brokerId !== packet.brokerId) replace(same, packet)
    },
    /** Without an id it is about one that was not sent: it stays. */
    async outgoingClearMessageId({ id }: ClientRef, packet: QueuedPacket) {
      if (packet.messageId === undefined) return undefined
      const entry = queues.withMessageId(id, packet.messageId)
      return entry && remove(entry)
    },
    outgoingStream({ id }: ClientRef) {
      const all = [...queues.entries(id)].map(({ packet }) => packet)
      if (!rules.isWindowed(id)) return Readable.from(all)
      // MQTT 3.1.1, 3.3.1.1: what may have arrived already says so
      const underWay = all.filter(({ messageId }) => messageId !== undefined)
      return Readable.from(underWay.map((packet) => (packet.cmd === 'publish' ? { ...packet, dup: true } : packet)))
    },
  }
}

/** QoS 2 from the clients, which the broker refuses; the contract asks for it. */
function incomingOf() {
  const incoming = new Map<string, Map<number, QueuedPacket>>()
  return {
    async incomingStorePacket({ id }: ClientRef, packet: QueuedPacket & { messageId: number }) {
      const own = incoming.get(id) ?? new Map<number, QueuedPacket>()
      incoming.set(id, own.set(packet.messageId, { ...copyOf(packet), messageId: packet.messageId }))
    },
    async incomingGetPacket({ id }: ClientRef, { messageId }: { messageId: number }) {
      const packet = incoming.get(id)?.get(messageId)
      if (packet === undefined) throw new Error('no such packet')
      return packet
    },
    async incomingDelPacket({ id }: ClientRef, { messageId }: { messageId: number }) {
      if (!incoming.get(id)?.delete(messageId)) throw new Error('no such packet')
    },
    async cleanIncoming({ id }: ClientRef) {
      incoming.delete(id)
    },
  }
}

function willsOf(brokerId: () => string) {
  const wills = new Map<string, Will>()
  return {
    async putWill({ id }: ClientRef, will: Will) {
      wills.set(id, Object.assign(will, { brokerId: brokerId(), clientId: id }))
    },
    getWill: async ({ id }: ClientRef) => wills.get(id),
    async delWill({ id }: ClientRef) {
      const will = wills.get(id)
      wills.delete(id)
      return will
    },
    streamWill: (brokers: Record<string, unknown> = {}) =>
      Readable.from([...wills.values()].filter(({ brokerId = '' }) => !brokers[brokerId])),
  }
}
