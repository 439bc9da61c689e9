import type { Aedes, AedesPublishPacket, Client } from 'aedes'
import type { Entry, QueuedPacket } from './core/queues.ts'
import type { SessionQueues } from './session-queues.ts'

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

  const isWindowed = (client: Client) => !client.clean && rules.isWindowed(client.id)

  /** Its CONNECT is answered, what was under way is sent again, and no older connection of the session is left. */
  function open(client: Client): void {
    let flying = 0
    for (const entry of queues.entries(client.id)) {
      // only what carries an id was sent; what an older connection was about to send was not
      entry.isFlying = entry.packet.messageId !== undefined
      flying += Number(entry.isFlying)
    }
    numberOn(client, queues.entries(client.id))
    lanes.set(client, { flying, patience: undefined })
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
    const lane = lanes.get(client)
    if (lane === undefined || client.closed) return
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

  broker.on('connackSent', (_connack, client) => {
    // of one with a lane that is done when its queue is read, before anything new is sent
    if (!client.clean && !rules.isWindowed(client.id)) numberOn(client, queues.entries(client.id))
  })
  broker.on('clientReady', (client) => {
    if (!isWindowed(client) || client.closed) return // another may hold the session by now
    open(client)
    pump(client)
  })
  // what was queued for it while its subscription was written down
  broker.on('subscribe', (_subscriptions, client) => pump(client))
  broker.on('ack', (packet, client) => {
    const lane = lanes.get(client)
    if (packet === undefined || lane === undefined) return
    lane.flying = Math.max(0, lane.flying - 1)
    pump(client)
  })

  function admitsToLane(client: Client, packet: Delivery): boolean {
    const entry = queues.find(client.id, packet)
    if (entry === undefined) return false // not kept, because the queue is full
    const lane = lanes.get(client)
    if (lane !== undefined && lane.flying < limit && firstOnGround(queues.entries(client.id)) === entry) {
      launch(lane, entry)
      return true
    }
    rules.onHeld()
    if (lane !== undefined && lane.flying >= limit) wait(client, lane)
    // what came before it was never handed over, as before its subscription was in force: now it is its turn
    else if (lane !== undefined) setImmediate(() => pump(client))
    return false
  }

  return {
    admits(client, packet) {
      if (client.clean) return true
      // it stays in the queue, which is read when the next connection has its CONNACK
      if (client.closed || !isAnswered(client)) return false
      // what is sent again on a new connection has its id, and comes before everything else
      if (packet.qos === 0 || packet.messageId !== undefined || packet.brokerId === name) return true
      return !rules.isWindowed(client.id) || admitsToLane(client, packet)
    },
  }
}

/** Its CONNACK is written: MQTT 3.1.1, 3.2, lets nothing come before it. aedes's types leave it out. */
const isAnswered = (client: Client) => (client as Client & { readonly connackSent: boolean }).connackSent

/** Two bytes, and 0 is none (MQTT 3.1.1, 2.3.1). */
const LAST_ID = 65_535

/**
 * Lets the packet ids of a connection go on after those of the one before it: aedes begins anywhere, and of two messages
 * with one id an acknowledgement could take the wrong one.
 */
function numberOn(client: Client, entries: Iterable<Entry>): void {
  let last: number | undefined
  for (const { packet } of entries) last = packet.messageId ?? last
  if (last !== undefined) (client as Client & { _nextId: number })._nextId = (last % LAST_ID) + 1
}

function firstOnGround(entries: Iterable<Entry>): Entry | undefined {
  for (const entry of entries) if (!entry.isFlying) return entry
  return undefined
}
