import type { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { Fault, messageOf } from '@wattfleet/protocol'
import type { Redis, RedisOptions } from 'ioredis'
import type { pino } from 'pino'
import { queueKey, redisRoll } from './redis-roll.ts'
import { guardSessions } from './session-guard.ts'
import type { SessionRules } from './session-queues.ts'
import type { Sessions } from './sessions.ts'

type Store = ReturnType<Awaited<ReturnType<typeof packages>>['storeOn']>
type Rules = Pick<SessionRules, 'mayKeep' | 'queueLimit' | 'onFull'>

/** What aedes reads of a queue in one go: a hub's. */
const READ_AT_ONCE = 100_000
/** A message that Redis does not take within so many tries fails, and its sender, unanswered, sends it again. */
const TRIES = 3
/** Redis must be there within this time when the broker starts, ms. */
const REACH_MS = 5_000

/**
 * Sessions, queues and messages in Redis, so that a gateway finds its session at whichever process it comes to, and what it
 * says reaches a hub at another. The queues' limit is asked of Redis: no process knows alone what waits. Throws Fault
 * `config` where the optional packages are not installed, `transport` where Redis is not reached.
 */
export async function openRedis(url: string, rules: Rules, log: pino.Logger): Promise<Sessions> {
  const { connect, storeOn, emitterOn } = await packages()
  const options: RedisOptions = { maxRetriesPerRequest: TRIES, enableAutoPipelining: true, connectTimeout: REACH_MS }
  const connections = [connect(url, options), connect(url, options), connect(url, options)] as const
  const close = () => {
    for (const connection of connections) connection.disconnect()
  }
  for (const connection of connections) {
    connection.on('error', (error) => log.warn({ error: messageOf(error) }, 'Redis is not reached'))
  }
  const [data, subscriber, publisher] = connections
  try {
    await data.ping()
  } catch (error) {
    close()
    throw new Fault('transport', `cannot reach Redis at ${new URL(url).host}: ${messageOf(error)}`, { cause: error })
  }
  const store = storeOn(data, READ_AT_ONCE)
  keepWillsHere(store)
  forgiveRetained(store, log)
  guardSessions(store, rules)
  bound(store, (clientId) => data.llen(queueKey(clientId)), rules)
  return { parts: { persistence: store, mq: emitterOn(subscriber, publisher) }, roll: redisRoll(data, store), close }
}

/** Loaded only where they are used: the embedded default does not carry them. */
async function packages() {
  try {
    const [{ Redis: Client }, { default: persistence }, { default: emitter }] = await Promise.all([
      import('ioredis'),
      import('aedes-persistence-redis/persistence.js'),
      import('mqemitter-redis'),
    ])
    return {
      connect: (url: string, options: RedisOptions): Redis => new Client(url, options),
      storeOn: (conn: Redis, maxSessionDelivery: number) => persistence({ conn, maxSessionDelivery }),
      emitterOn: (subConn: Redis, pubConn: Redis) => quiet(emitter({ subConn, pubConn })),
    }
  } catch (error) {
    const packageNames = 'ioredis, aedes-persistence-redis and mqemitter-redis'
    throw new Fault('config', `redis: ${packageNames} are not installed: ${messageOf(error)}`, { cause: error })
  }
}

/** The emitter repeats its connections' errors, which are logged already; unheard they would end the process. */
function quiet<T>(emitter: T): T {
  const { state } = emitter as { state: EventEmitter }
  state.on('error', () => undefined)
  return emitter
}

/**
 * Makes the store keep what the one in memory keeps.
 *
 * - Only allowed filters get in: aedes gives all of a SUBSCRIBE packet as soon as one of them is allowed.
 * - aedes gives them once for each filter, all at the same time, and aedes-persistence 10 answers only the last who waits
 *   for the same: they wait together here, or a packet with two filters would never be answered.
 * - Beyond a queue's limit `onFull` is told and no copy is kept. A client that is connected
 *   still gets the message, once.
 */
function bound(store: Store, waiting: (clientId: string) => Promise<number>, rules: Rules): void {
  const addSubscriptions = store.addSubscriptions.bind(store)
  const enqueue = store.outgoingEnqueueCombi.bind(store)
  const update = store.outgoingUpdate.bind(store)
  const underWay = new WeakMap<readonly unknown[], Promise<void>>()
  store.addSubscriptions = (client, subscriptions) => {
    const allowed = subscriptions.filter(({ topic }) => rules.mayKeep(client.id, topic))
    const added = underWay.get(subscriptions) ?? (allowed.length > 0 ? addSubscriptions(client, allowed) : none)
    underWay.set(subscriptions, added)
    return added
  }
  store.outgoingEnqueueCombi = async (to, packet) => {
    const counts = await Promise.all(to.map(({ clientId }) => waiting(clientId)))
    const kept = to.filter(({ clientId }, n) => {
      const fits = (counts[n] ?? 0) < rules.queueLimit(clientId)
      if (!fits) rules.onFull(clientId)
      return fits
    })
    await enqueue(kept, packet)
  }
  store.outgoingEnqueue = (to, packet) => store.outgoingEnqueueCombi([to], packet)
  store.outgoingUpdate = (client, packet) =>
    // "No such packet" is one that was not kept; it is delivered all the same, and its acknowledgement finds nothing.
    update(client, packet).catch(() => undefined)
}

const none = Promise.resolve()

/**
 * Wills in this process's memory: a broker's end is not its clients' end, and aedes would send what a dead process left in
 * Redis in nobody's name, which the rules refuse.
 */
function keepWillsHere(store: Store): void {
  const wills = new Map<string, object>()
  const take = async ({ id }: { readonly id: string }) => {
    const will = wills.get(id)
    wills.delete(id)
    return will
  }
  store.putWill = async ({ id }, will) => void wills.set(id, Object.assign(will, { clientId: id }))
  store.getWill = async ({ id }) => wills.get(id)
  store.delWill = take
  store.streamWill = () => Readable.from([])
}

/** aedes listens to no error of these streams, and one would end the process: where Redis is away they end early. */
function forgiveRetained(store: Store, log: pino.Logger): void {
  const stream = store.createRetainedStreamCombi.bind(store)
  async function* read(patterns: readonly string[]) {
    try {
      yield* stream(patterns)
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'retained messages were not read')
    }
  }
  store.createRetainedStreamCombi = (patterns) => Readable.from(read(patterns))
  store.createRetainedStream = (pattern) => Readable.from(read([pattern]))
}
