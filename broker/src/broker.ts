import { type EventEmitter, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type Clock, Fault, messageOf, wallClock } from '@wattfleet/protocol'
import { Aedes, type Client } from 'aedes'
import { pino } from 'pino'
import { type BrokerLimits, limitsSchema } from './config.ts'
import type { Ending } from './core/session-age.ts'
import { type DoorKeys, openDoor } from './door.ts'
import { keepHolders } from './holders.ts'
import { brokerHooks, fingerprintOf, type HookCounters, nameOf } from './hooks.ts'
import { countRefusals, type Refusal, type Refusals, refusalOfBrokerError } from './refusals.ts'
import { type KeeperRules, keepSessions, type SessionKeeper } from './session-keeper.ts'
import type { SessionQueues } from './session-queues.ts'
import { isGateway, type Sessions, sessionsOf } from './sessions.ts'
import { openWindow, type Window } from './window.ts'

export interface BrokerOptions extends DoorKeys {
  readonly host?: string
  /** 0: any free port. */
  readonly port?: number
  readonly limits?: Partial<BrokerLimits>
  /** Whether the certificate with this SHA-256 fingerprint (lower-case hex) is revoked. Asked at every connection, with every message and in sweeps. */
  readonly isRevoked?: (fingerprint: string) => boolean
  /** Whether the registry knows this certificate of a gateway; one that it does not know is not let in. Absent: no registry. */
  readonly isKnown?: (fingerprint: string) => boolean
  /** Where sessions are kept; absent: in memory, and gone with the process. */
  readonly stateDir?: string
  /** Where several processes share sessions, queues and messages, in place of `stateDir`. Absent: this process is alone. */
  readonly redis?: { readonly url: string }
  readonly log?: pino.Logger
  /** For the age of sessions; default: the system's. */
  readonly clock?: Pick<Clock, 'nowMs' | 'steadyMs'>
}

export interface BrokerStats {
  /** Open TCP connections, admitted or not. */
  readonly connections: number
  /** Connections that wait for their TLS handshake. */
  readonly waiting: number
  /** Connected MQTT clients. */
  readonly clients: number
  /** Messages taken from clients and routed. */
  readonly published: number
  /** Messages that had to wait for their gateway's rate. */
  readonly paced: number
  /** Times that a gateway was not read from for a while, because it had sent too many bytes. */
  readonly slowed: number
  /** Messages that had to wait because too many of their session were not acknowledged. */
  readonly held: number
  /** Messages that wait for sessions, or for their acknowledgement; where Redis keeps them, of those who are connected here. */
  readonly queued: number
  /** Changes of sessions that could not be written, because the disk or the file is full; a crash would lose them. */
  readonly unwritten: number
  /** Sessions given up, by reason, with what waited for them. */
  readonly ended: Readonly<Record<Ending, number>>
  /** Times that writing sessions failed. */
  readonly writeFailures: number
  readonly refused: Readonly<Record<Refusal, number>>
}

export interface Broker {
  readonly port: number
  stats(): BrokerStats
  /** Other certificates, from the next handshake on; nobody is cut. Throws Fault `config` where they cannot be used. */
  setKeys(keys: DoorKeys): void
  /** Cuts all connections and closes the port. Sessions and queues go with it where they are in memory. */
  stop(): Promise<void>
}

/**
 * Starts the embedded MQTT 3.1.1 broker on TLS with client certificates. Throws Fault `transport` when the port cannot
 * be bound, `config` when certificate or key cannot be used.
 */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  const limits = limitsSchema.parse(options.limits ?? {})
  const log = options.log ?? pino({ level: 'silent' })
  const refusals = countRefusals(log)
  const counters: Counters = { paced: 0, published: 0, slowed: 0, held: 0 }
  const store = await sessionsOf(options, limits, refusals, log)
  const aedes = await openAedes(limits, refusals, counters, store, log)
  const holders = keepHolders(aedes)
  const keeper = keeperOf(options, limits, aedes, store, log)
  const door = doorOf(options, limits, refusals, counters, aedes, store)
  const { host = '127.0.0.1', port = 8883 } = options
  try {
    door.server.listen(port, host)
    await once(door.server, 'listening')
  } catch (error) {
    aedes.close()
    await store.close()
    throw new Fault('transport', `cannot listen on ${host}:${port}: ${messageOf(error)}`, { cause: error })
  }
  const sweep = setInterval(() => door.sweep(), limits.revocationSweepMs)
  const keeping = setInterval(() => void keeper.sweep(), limits.sessionSweepMs)
  const bound = (door.server.address() as AddressInfo).port
  log.info({ host, port: bound }, 'broker serves')

  return {
    port: bound,
    stats: () => ({
      connections: door.count(),
      waiting: door.waiting(),
      clients: holders.count(),
      published: counters.published,
      paced: counters.paced,
      slowed: counters.slowed,
      held: counters.held,
      queued: store.queues.total(),
      unwritten: store.journal?.().unwritten ?? 0,
      ended: { ...keeper.ended },
      writeFailures: store.journal?.().failures ?? 0,
      refused: { ...refusals.counts },
    }),
    setKeys(keys) {
      try {
        door.setKeys(keys)
      } catch (error) {
        throw new Fault('config', `certificate or key cannot be used: ${messageOf(error)}`, { cause: error })
      }
    },
    async stop() {
      clearInterval(sweep)
      clearInterval(keeping)
      const closed = new Promise((resolve) => door.server.close(resolve))
      await new Promise<void>((resolve) => aedes.close(resolve))
      door.cutAll()
      await closed
      await store.close()
      log.info({ refused: refusals.counts }, 'broker stopped')
    },
  }
}

type Counters = HookCounters & { published: number; slowed: number; held: number }

async function openAedes(
  limits: BrokerLimits,
  refusals: Refusals,
  counters: Counters,
  store: Sessions,
  log: pino.Logger,
): Promise<Aedes> {
  let window: Window | undefined
  const aedes = await Aedes.createBroker({
    ...brokerHooks(limits, refusals, counters, (client, packet) => window?.admits(client, packet) ?? true),
    ...store.parts,
    concurrency: limits.concurrency,
    connectTimeout: limits.connectTimeoutMs,
    drainTimeout: limits.drainTimeoutMs,
    keepaliveLimit: limits.keepaliveMaxS,
    queueLimit: limits.queuedBeforeConnack,
    maxTopicLevels: limits.topicLevels,
  })
  store.follow?.(aedes)
  window = windowOf(aedes, store.queues, limits, refusals, counters)
  // its types leave this event out, and without a listener it would end the process
  const events: EventEmitter = aedes
  events.on('error', (error) => log.error({ error: messageOf(error) }, 'the broker failed at something'))
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

function keeperOf(
  { isRevoked = () => false, isKnown = () => true, clock = wallClock() }: BrokerOptions,
  limits: BrokerLimits,
  aedes: Aedes,
  store: Sessions,
  log: pino.Logger,
): SessionKeeper {
  const rules: KeeperRules = {
    ...limits,
    clock,
    fingerprintOf,
    isRefused: (clientId, fingerprint) => isRevoked(fingerprint) || (isGateway(clientId) && !isKnown(fingerprint)),
  }
  return keepSessions(aedes, store.roll, rules, log)
}

function windowOf(
  aedes: Aedes,
  queues: SessionQueues,
  limits: BrokerLimits,
  refusals: Refusals,
  counters: Counters,
): Window {
  return openWindow(aedes, queues, {
    limit: limits.inFlight,
    patienceMs: limits.drainTimeoutMs,
    isWindowed: isGateway,
    onHeld() {
      counters.held += 1
    },
    onStuck(client) {
      refusals.refuse('drain', nameOf(client), `acknowledged nothing for ${limits.drainTimeoutMs} ms`)
      client.conn.destroy()
    },
  })
}

function doorOf(
  options: BrokerOptions,
  limits: BrokerLimits,
  refusals: Refusals,
  counters: Counters,
  aedes: Aedes,
  store: Sessions,
) {
  const { isRevoked = () => false, isKnown = () => true } = options
  try {
    return openDoor(
      options,
      limits,
      refusals,
      { isRevoked, isKnown },
      counters,
      (connection) => void aedes.handle(connection),
    )
  } catch (error) {
    aedes.close()
    void store.close()
    throw new Fault('config', `certificate or key cannot be used: ${messageOf(error)}`, { cause: error })
  }
}
