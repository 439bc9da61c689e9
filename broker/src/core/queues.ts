/** A message that waits for a session, in the form that aedes gives and takes. After PUBREC (QoS 2) only its id is left. */
export interface QueuedPacket {
  readonly cmd: string
  readonly topic?: string
  readonly payload?: Uint8Array | string
  readonly qos?: number
  readonly retain?: boolean
  readonly dup?: boolean
  readonly brokerId?: string
  readonly brokerCounter?: number
  readonly messageId?: number | undefined
}

/** One message of one queue. */
export interface Entry {
  readonly id: number
  readonly clientId: string
  packet: QueuedPacket
  /** It was handed to the connection, and its acknowledgement is not there yet. */
  isFlying: boolean
}

/** The queues of all persistent sessions, each in the order in which its messages came. */
export interface QueueTable {
  /** The new entry; undefined where this very message is queued already. */
  add(clientId: string, packet: QueuedPacket): Entry | undefined
  /** Puts back what was kept elsewhere, under its own number. */
  restore(entry: Entry): void
  find(clientId: string, packet: QueuedPacket): Entry | undefined
  withMessageId(clientId: string, messageId: number): Entry | undefined
  replace(entry: Entry, packet: QueuedPacket): void
  remove(entry: Entry): void
  entries(clientId: string): IterableIterator<Entry>
  size(clientId: string): number
  total(): number
  /** Whose queues hold something. */
  clients(): Iterable<string>
}

const keyOf = ({ brokerId, brokerCounter }: QueuedPacket) => `${brokerId}/${brokerCounter}`

export function queueTable(): QueueTable {
  interface Queue {
    readonly byId: Map<number, Entry>
    readonly byKey: Map<string, Entry>
  }
  const queues = new Map<string, Queue>()
  const none: Queue = { byId: new Map(), byKey: new Map() }
  let lastId = 0
  let total = 0

  function put(entry: Entry): Entry {
    const queue = queues.get(entry.clientId) ?? { byId: new Map(), byKey: new Map() }
    queues.set(entry.clientId, queue)
    queue.byId.set(entry.id, entry)
    queue.byKey.set(keyOf(entry.packet), entry)
    total += 1
    return entry
  }

  const of = (clientId: string) => queues.get(clientId) ?? none
  return {
    add(clientId, packet) {
      if (of(clientId).byKey.has(keyOf(packet))) return undefined
      lastId += 1
      return put({ id: lastId, clientId, packet, isFlying: false })
    },
    restore(entry) {
      lastId = Math.max(lastId, entry.id)
      put(entry)
    },
    find: (clientId, packet) => of(clientId).byKey.get(keyOf(packet)),
    withMessageId(clientId, messageId) {
      // acknowledgements come in the order of the queue: the first is nearly always the one
      for (const entry of of(clientId).byId.values()) if (entry.packet.messageId === messageId) return entry
      return undefined
    },
    replace(entry, packet) {
      const { byKey } = of(entry.clientId)
      byKey.delete(keyOf(entry.packet))
      entry.packet = packet
      byKey.set(keyOf(packet), entry)
    },
    remove(entry) {
      const queue = of(entry.clientId)
      if (!queue.byId.delete(entry.id)) return
      queue.byKey.delete(keyOf(entry.packet))
      if (queue.byId.size === 0) queues.delete(entry.clientId)
      total -= 1
    },
    entries: (clientId) => of(clientId).byId.values(),
    size: (clientId) => of(clientId).byId.size,
    total: () => total,
    clients: () => queues.keys(),
  }
}
