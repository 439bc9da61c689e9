import { Readable } from 'node:stream'
import type { SessionJournal } from './adapters/session-journal.ts'
import type { Entry, QueuedPacket, QueueTable } from './core/queues.ts'

export interface ClientRef {
  readonly id: string
}

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
  /** The entry of a message that is about to be handed over; undefined where it was not kept. */
  find(clientId: string, packet: QueuedPacket): Entry | undefined
  entries(clientId: string): Iterable<Entry>
  /** Gives a message another number, by which the broker knows it. */
  renumber(entry: Entry, brokerId: string, brokerCounter: number): void
  /** Messages waiting for all sessions. */
  total(): number
}

/** In the form in which aedes-packet writes it, and never the object that is passed around. */
export function copyOf(packet: QueuedPacket): QueuedPacket {
  const { cmd = 'publish', topic, payload = Buffer.alloc(0), qos = 0, retain = false, dup = false } = packet
  const { brokerId, brokerCounter } = packet
  const copy = { cmd, brokerId, brokerCounter, topic, payload, qos, retain, dup } as QueuedPacket
  return qos > 0 ? { ...copy, messageId: undefined } : copy
}

/** QoS 1 and 2 towards the clients. */
export function outgoingOf(queues: QueueTable, rules: SessionRules, journal: SessionJournal | undefined) {
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
