import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { Fault, messageOf } from '@wattfleet/protocol'
import { Aedes, type Client } from 'aedes'
import { pino } from 'pino'
import { type BrokerLimits, limitsSchema } from './config.ts'
import { type DoorKeys, openDoor } from './door.ts'
import { brokerHooks, type HookCounters, nameOf } from './hooks.ts'
import { openRedis, type SharedParts } from './redis.ts'
import { countRefusals, type Refusal, type Refusals, refusalOfBrokerError } from './refusals.ts'
import { boundSessions } from './sessions.ts'

export interface BrokerOptions extends DoorKeys {
  readonly host?: string
  /** 0: any free port. */
  readonly port?: number
  readonly limits?: Partial<BrokerLimits>
  /** Whether the certificate with this SHA-256 fingerprint (lower-case hex) is revoked. Asked at every connection and in sweeps. */
  readonly isRevoked?: (fingerprint: string) => boolean
  /** Where several processes share sessions, queues and messages. Absent: this process is alone. */
  readonly redis?: { readonly url: string }
  readonly log?: pino.Logger
}

export interface BrokerStats {
  /** Open TCP connections, admitted or not. */
  readonly connections: number
  /** Connected MQTT clients. */
  readonly clients: number
  /** Messages taken from clients and routed. */
  readonly published: number
  /** Messages that had to wait for their gateway's rate. */
  readonly paced: number
  readonly refused: Readonly<Record<Refusal, number>>
}

export interface Broker {
  readonly port: number
  stats(): BrokerStats
  /** Cuts all connections and closes the port. Sessions and queues are in memory and go with it. */
  stop(): Promise<void>
}

/**
 * Starts the embedded MQTT 3.1.1 broker on TLS with client certificates. Throws Fault `transport` when the port cannot
 * be bound, `config` when certificate or key cannot be used.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const limits = limitsSchema.parse(options.limits ?? {})
  const log = options.log ?? pino({ level: 'silent' })
  const isRevoked = options.isRevoked ?? (() => false)
  const refusals = countRefusals(log)
  const counters: HookCounters & { published: number } = { paced: 0, published: 0 }
  const onFull = (clientId: string) => {
    refusals.refuse('queue', clientId, `more than ${limits.queuedPerClient} messages wait`)
  }
  const shared = options.redis && (await openRedis(options.redis.url, limits.queuedPerClient, onFull, log))
  const aedes = await openAedes(limits, refusals, counters, shared?.parts)
  if (shared === undefined) boundSessions(aedes, limits.queuedPerClient, onFull)
  const door = doorOf(options, limits, refusals, isRevoked, aedes)
  const { host = '127.0.0.1', port = 8883 } = options
  try {
    door.server.listen(port, host)
    await once(door.server, 'listening')
  } catch (error) {
    aedes.close()
    shared?.close()
    throw new Fault('transport', `cannot listen on ${host}:${port}: ${messageOf(error)}`, { cause: error })
  }
  const sweep = setInterval(() => door.sweep(), limits.revocationSweepMs)
  const bound = (door.server.address() as AddressInfo).port
  log.info({ host, port: bound }, 'broker serves')

  return {
    port: bound,
    stats: () => ({
      connections: door.count(),
      clients: aedes.connectedClients,
      published: counters.published,
      paced: counters.paced,
      refused: { ...refusals.counts },
    }),
    async stop() {
      clearInterval(sweep)
      const closed = new Promise((resolve) => door.server.close(resolve))
      await new Promise<void>((resolve) => aedes.close(resolve))
      door.cutAll()
      await closed
      shared?.close()
      log.info({ refused: refusals.counts }, 'broker stopped')
    },
  }
}

async function openAedes(
  limits: BrokerLimits,
  refusals: Refusals,
  counters: HookCounters & { published: number },
  shared: SharedParts | undefined,
): Promise<Aedes> {
  const aedes = await Aedes.createBroker({
    ...shared,
    ...brokerHooks(limits, refusals, counters),
    concurrency: limits.concurrency,
    connectTimeout: limits.connectTimeoutMs,
    drainTimeout: limits.drainTimeoutMs,
    keepaliveLimit: limits.keepaliveMaxS,
    queueLimit: limits.queuedBeforeConnack,
    maxTopicLevels: limits.topicLevels,
  })
  aedes.on('publish', (_packet, client) => {
    if (client) counters.published += 1
  })
  const ended = new WeakSet<Client>() // one connection may fail several times over, for one reason
  const onError = (client: Client, error: Error) => {
    const reason = error instanceof Fault ? undefined : refusalOfBrokerError(error) // a Fault is counted already
    if (reason !== undefined && !ended.has(client)) refusals.refuse(reason, nameOf(client), error.message)
    ended.add(client)
  }
  aedes.on('clientError', onError)
  aedes.on('connectionError', onError)
  return aedes
}

function doorOf(
  keys: DoorKeys,
  limits: BrokerLimits,
  refusals: Refusals,
  isRevoked: (fingerprint: string) => boolean,
  aedes: Aedes,
) {
  try {
    return openDoor(keys, limits, refusals, isRevoked, (connection) => void aedes.handle(connection))
  } catch (error) {
    aedes.close()
    throw new Fault('config', `certificate or key cannot be used: ${messageOf(error)}`, { cause: error })
  }
}
