import { Readable } from 'node:stream'
import type { SessionJournal } from './adapters/session-journal.ts'
import { type QueuedPacket, queueTable } from './core/queues.ts'
import { matches, type Subscription, type SubscriptionTable, subscriptionTable } from './core/subscriptions.ts'
import { type ClientRef, copyOf, outgoingOf, type SessionRules } from './session-queues.ts'
import { sessionRoll } from './session-roll.ts'

type Will = QueuedPacket & { brokerId?: string; clientId?: string }

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
  const wills = willsOf(() => broker.id)

  /** Subscriptions and queue of a client. Yields how many messages those were. */
  function clean(id: string): number {
    for (const { topic } of subscriptions.of(id)) {
      subscriptions.remove(id, topic)
      journal?.unsubscribed(id, topic)
    }
    const waiting = [...queues.entries(id)]
    for (const entry of waiting) {
      queues.remove(entry)
      journal?.dequeued(entry)
    }
    return waiting.length
  }
  const roll = sessionRoll(
    kept?.seen ?? [],
    {
      ids: () => new Set([...subscriptions.clients(), ...queues.clients()]),
      drop(clientId) {
        void wills.delWill({ id: clientId })
        return clean(clientId)
      },
    },
    journal,
  )
  return {
    queues: ports,
    roll,
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
    ...wills,
    /** A clean session begins: what was kept for the client is forgotten, its queue too. */
    async cleanSubscriptions({ id }: ClientRef) {
      clean(id)
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
