import type { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import { Fault, messageOf } from '@wattfleet/protocol'
import type { Redis, RedisOptions } from 'ioredis'
import type { pino } from 'pino'
import type { QueuedPacket } from './core/queues.ts'
import { redisQueues } from './redis-queues.ts'
import { queueKey, redisRoll } from './redis-roll.ts'
import { guardSessions } from './session-guard.ts'
import type { SessionRules } from './session-queues.ts'
import type { Sessions } from './sessions.ts'

type Store = ReturnType<Awaited<ReturnType<typeof packages>>['storeOn']>
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
export async function openRedis(url: string, rules: SessionRules, log: pino.Logger): Promise<Sessions> {
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
  const settled = bound(store, data, rules)
  const window = redisQueues(store, async (of) => (await data.exists(packetKey(of))) > 0, rules)
  guardSessions(store, rules)
  return {
    parts: { persistence: store, mq: emitterOn(subscriber, publisher) },
    roll: redisRoll(data, store),
    ...window,
    close: () => settled().then(close),
  }
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
 * Makes the store keep what the one in memory keeps. Yields a way to wait until it has what it was given.
 *
 * - Only allowed filters get in: aedes gives all of a SUBSCRIBE packet as soon as one of them is allowed.
 * - aedes gives them once for each filter, all at the same time, and aedes-persistence 10 answers only the last who waits
 *   for the same: they wait together here, or a packet with two filters would never be answered.
 * - Beyond a queue's limit `onFull` is told and no copy is kept. A client that is connected
 *   still gets the message, once.
 */
function bound(store: Store, redis: Redis, rules: SessionRules): () => Promise<void> {
  const addSubscriptions = store.addSubscriptions.bind(store)
  const enqueue = store.outgoingEnqueueCombi.bind(store)
  const underWay = new WeakMap<readonly unknown[], Promise<void>>()
  store.addSubscriptions = (client, subscriptions) => {
    const allowed = subscriptions.filter(({ topic }) => rules.mayKeep(client.id, topic))
    const added = underWay.get(subscriptions) ?? (allowed.length > 0 ? addSubscriptions(client, allowed) : none)
    underWay.set(subscriptions, added)
    return added
  }
  const { ordered, settled } = inOrder()
  async function keep(to: readonly { readonly clientId: string }[], packet: QueuedPacket): Promise<void> {
    const counts = await Promise.all(to.map(({ clientId }) => redis.llen(queueKey(clientId))))
    const fitting = to.filter(({ clientId }, n) => (counts[n] ?? 0) < rules.queueLimit(clientId))
    await enqueue(fitting, packet)
    // others may have come between the question and the answer, from here and from other processes
    const stays = await Promise.all(
      fitting.map(({ clientId }) => keepWithin(redis, clientId, packet, rules.queueLimit(clientId))),
    )
    const kept = new Set(fitting.filter((_, n) => stays[n]).map(({ clientId }) => clientId))
    for (const { clientId } of to) if (!kept.has(clientId)) rules.onFull(clientId)
  }
  store.outgoingEnqueueCombi = (to, packet) => ordered(to, keep(to, packet))
  store.outgoingEnqueue = (to, packet) => store.outgoingEnqueueCombi([to], packet)
  return settled
}

const none = Promise.resolve()

/**
 * Answers in the order in which it was asked, for each client: aedes hands a message over when it is stored, and one that
 * is not kept takes fewer turns at Redis than the one before it that is.
 */
function inOrder() {
  const last = new Map<string, Promise<unknown>>()
  return {
    async ordered(to: readonly { readonly clientId: string }[], work: Promise<void>): Promise<void> {
      const before = to.map(({ clientId }) => last.get(clientId))
      const done = Promise.allSettled([work, ...before])
      for (const { clientId } of to) last.set(clientId, done)
      await done
      for (const { clientId } of to) if (last.get(clientId) === done) last.delete(clientId)
      await work
    },
    /** Resolves when everything is answered that was asked so far. */
    settled: async () => void (await Promise.allSettled(last.values())),
  }
}

/** The key of a message in aedes-persistence-redis 11; how many wait for it is beside it. */
const packetKey = ({ brokerId, brokerCounter }: Pick<QueuedPacket, 'brokerId' | 'brokerCounter'>) =>
  `packet:${brokerId}:${brokerCounter}`

/**
 * Takes a message (KEYS[2]) out of a queue (KEYS[1]) again, where it is behind the last place of it (ARGV[1]). Yields 1
 * where it stays. In one go, so that a queue never keeps more, whoever writes to it at the same time.
 */
const KEEP_WITHIN = `
local at = redis.call('LPOS', KEYS[1], KEYS[2])
if not at or at < tonumber(ARGV[1]) then return 1 end
redis.call('LREM', KEYS[1], -1, KEYS[2])
if redis.call('DECR', KEYS[3]) <= 0 then redis.call('DEL', KEYS[2], KEYS[3]) end
return 0
`

async function keepWithin(redis: Redis, clientId: string, packet: QueuedPacket, limit: number): Promise<boolean> {
  const key = packetKey(packet)
  return (await redis.eval(KEEP_WITHIN, 3, queueKey(clientId), key, `${key}:offlineCount`, limit)) === 1
}

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
