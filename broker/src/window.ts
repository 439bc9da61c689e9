import type { Aedes, AedesPublishPacket, Client } from 'aedes'
import type { Entry, QueuedPacket } from './core/queues.ts'
import type { SessionQueues } from './session-store.ts'

/** A message as aedes hands it to a connection. */
type Delivery = AedesPublishPacket & QueuedPacket

/**
 * Lets the queue of a persistent session out piece by piece: at most so many messages are on their way to it and not
 * acknowledged. MQTT 3.1.1 leaves that to the broker, and aedes 1.2.0 would send all of a thousand at once, and each of
 * them would hold up the others until the socket has taken it.
 */
export interface Window {
  /** Whether aedes may hand over this message now; if not, it stays in the queue until its turn comes. */
  admits(client: Client, packet: Delivery): boolean
}

interface Lane {
  /** Its CONNECT is answered, and what was under way before is sent again. */
  isOpen: boolean
  flying: number
  /** Runs while others wait for its next acknowledgement. */
  patience: NodeJS.Timeout | undefined
}

export interface WindowRules {
  /** Most messages on their way to one session. */
  readonly limit: number
  /** How long others may wait for the next acknowledgement, ms. */
  readonly patienceMs: number
  isWindowed(clientId: string): boolean
  /** A message has to wait. */
  onHeld(): void
  /** Nothing was acknowledged for so long, and others wait. */
  onStuck(client: Client): void
}

export function openWindow(broker: Aedes, queues: SessionQueues, rules: WindowRules): Window {
  const { limit } = rules
  // another name than the broker's: aedes takes the numbers of one name that do not grow for duplicates
  const name = `${broker.id}/window`
  let number = 0
  const lanes = new WeakMap<Client, Lane>()

  const laneOf = (client: Client): Lane | undefined => {
    if (client.clean || !rules.isWindowed(client.id)) return undefined
    const known = lanes.get(client)
    if (known !== undefined) return known
    // a new connection: only what carries an id already is under way, and comes again
    let flying = 0
    for (const entry of queues.entries(client.id)) {
      entry.isFlying = entry.packet.messageId !== undefined
      flying += Number(entry.isFlying)
    }
    const lane: Lane = { isOpen: false, flying, patience: undefined }
    lanes.set(client, lane)
    return lane
  }

  function launch(lane: Lane, entry: Entry): void {
    entry.isFlying = true
    lane.flying += 1
  }

  function wait(client: Client, lane: Lane): void {
    lane.patience ??= setTimeout(() => {
      if (!client.closed) rules.onStuck(client)
    }, rules.patienceMs).unref()
  }

  function pump(client: Client): void {
    const lane = laneOf(client)
    if (!lane?.isOpen || client.closed) return
    clearTimeout(lane.patience)
    lane.patience = undefined
    while (lane.flying < limit) {
      const next = firstOnGround(queues.entries(client.id))
      if (next === undefined) return
      number += 1
      queues.renumber(next, name, number)
      launch(lane, next)
      client.publish({ ...next.packet } as AedesPublishPacket, () => undefined)
    }
    if (firstOnGround(queues.entries(client.id)) !== undefined) wait(client, lane)
  }

  broker.on('client', (client) => void laneOf(client))
  broker.on('clientReady', (client) => {
    const lane = laneOf(client)
    if (lane !== undefined) lane.isOpen = true
    pump(client)
  })
  // what was queued for it while its subscription was written down
  broker.on('subscribe', (_subscriptions, client) => pump(client))
  broker.on('ack', (packet, client) => {
    const lane = laneOf(client)
    if (packet === undefined || lane === undefined) return
    lane.flying = Math.max(0, lane.flying - 1)
    pump(client)
  })

  return {
    admits(client, packet) {
      const lane = laneOf(client)
      if (lane === undefined || packet.qos === 0 || packet.brokerId === name) return true
      const entry = queues.find(client.id, packet)
      if (entry === undefined) return false // not kept, because the queue is full
      // what is sent again after a new connection
      if (entry.isFlying) return true
      if (lane.isOpen && lane.flying < limit && firstOnGround(queues.entries(client.id)) === entry) {
        launch(lane, entry)
        return true
      }
      rules.onHeld()
      if (lane.isOpen && lane.flying >= limit) wait(client, lane)
      // what came before it was never handed over, as before its subscription was in force: now it is its turn
      else if (lane.isOpen) setImmediate(() => pump(client))
      return false
    },
  }
}

function firstOnGround(entries: Iterable<Entry>): Entry | undefined {
  for (const entry of entries) if (!entry.isFlying) return entry
  return undefined
}
