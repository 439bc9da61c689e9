import { Readable } from 'node:stream'
import type { Aedes, Client } from 'aedes'
import { type Entry, type QueuedPacket, queueTable } from './core/queues.ts'
import type { SessionQueues, SessionRules } from './session-queues.ts'

type Origin = Pick<QueuedPacket, 'brokerId' | 'brokerCounter'>
/** A connection as aedes passes it to its store. */
type Holder = Pick<Client, 'id' | 'clean'>

interface Store {
  outgoingEnqueue(to: { readonly clientId: string }, packet: object): Promise<unknown>
  outgoingUpdate(client: Holder, packet: object): Promise<unknown>
  outgoingClearMessageId(client: Holder, packet: object): Promise<unknown>
  outgoingStream(client: Holder): AsyncIterable<QueuedPacket>
}

export interface RedisQueues {
  readonly queues: SessionQueues
  /** Forgets what was known here of a session whose connection ends. */
  follow(aedes: Aedes): void
}

/**
 * The queues of the gateways that are connected to this process, beside those in Redis, so that the window can let them out
 * piece by piece: read when a connection comes into its session, and then what is heard for it. Redis stays what counts: a
 * message leaves it when it is acknowledged, and this knowledge ends with the connection.
 */
export function redisQueues(
  store: Store,
  isStored: (of: Origin) => Promise<boolean>,
  rules: Pick<SessionRules, 'queueLimit' | 'isWindowed'>,
): RedisQueues {
  const table = queueTable()
  // the window gives messages numbers of its own; in Redis they keep the one they came with
  const origins = new WeakMap<Entry, Origin>()
  const holders = new Map<string, Holder>()
  const { outgoingEnqueue, outgoingUpdate, outgoingClearMessageId, outgoingStream } = store
  const isWindowed = ({ id, clean }: Holder) => !clean && rules.isWindowed(id)

  function take(clientId: string): Entry[] {
    const all = [...table.entries(clientId)]
    for (const entry of all) table.remove(entry)
    return all
  }

  async function* read(client: Holder): AsyncGenerator<QueuedPacket> {
    const stored: QueuedPacket[] = []
    for await (const packet of outgoingStream.call(store, client)) {
      stored.push(packet)
      // MQTT 3.1.1, 3.3.1.1: what may have arrived already says so
      if (packet.messageId !== undefined && packet.messageId !== null) yield { ...packet, dup: true }
    }
    if (holders.get(client.id) !== client) return // another has come
    const heard = take(client.id)
    for (const packet of stored) table.add(client.id, { ...packet, messageId: packet.messageId ?? undefined })
    for (const { packet } of heard) table.add(client.id, packet) // where it was not among them
  }

  Object.assign(store, {
    outgoingEnqueue(to: { readonly clientId: string }, packet: QueuedPacket) {
      // the window hands over what is in the queue already
      if (table.find(to.clientId, packet) !== undefined) return Promise.resolve()
      return outgoingEnqueue.call(store, to, packet)
    },
    async outgoingUpdate(client: Holder, packet: QueuedPacket) {
      const entry = table.find(client.id, packet)
      const origin: Origin = (entry && origins.get(entry)) ?? packet
      if (entry !== undefined) table.replace(entry, { ...entry.packet, messageId: packet.messageId })
      // one that was not kept is delivered all the same, and must not come to be by this
      if (packet.cmd === 'publish' && !(await isStored(origin))) return
      const { brokerId, brokerCounter } = origin
      await outgoingUpdate.call(store, client, { ...packet, brokerId, brokerCounter })
    },
    async outgoingClearMessageId(client: Holder, packet: QueuedPacket) {
      const entry = packet.messageId === undefined ? undefined : table.withMessageId(client.id, packet.messageId)
      if (entry !== undefined) table.remove(entry)
      const cleared = await outgoingClearMessageId.call(store, client, packet)
      return cleared ?? entry?.packet
    },
    outgoingStream(client: Holder) {
      if (!isWindowed(client)) return outgoingStream.call(store, client)
      holders.set(client.id, client)
      take(client.id)
      return Readable.from(read(client))
    },
  })

  return {
    queues: {
      find(clientId, packet) {
        const known = table.find(clientId, packet)
        if (known !== undefined) return known
        return table.size(clientId) < rules.queueLimit(clientId) ? table.add(clientId, plain(packet)) : undefined
      },
      entries: table.entries,
      renumber(entry, brokerId, brokerCounter) {
        const { packet } = entry
        if (!origins.has(entry)) {
          origins.set(entry, { brokerId: packet.brokerId, brokerCounter: packet.brokerCounter } as Origin)
        }
        table.replace(entry, { ...packet, brokerId, brokerCounter })
      },
      total: table.total,
    },
    follow(aedes) {
      aedes.on('clientDisconnect', (client) => {
        if (holders.get(client.id) !== client) return
        holders.delete(client.id)
        take(client.id)
      })
    },
  }
}

/** A message that was heard, without what aedes hangs on it. */
function plain({ cmd, topic, payload, qos, retain, dup, brokerId, brokerCounter }: QueuedPacket): QueuedPacket {
  return { cmd, topic, payload, qos, retain, dup, brokerId, brokerCounter } as QueuedPacket
}
