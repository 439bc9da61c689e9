import { Fault, monotonicMs } from '@wattfleet/protocol'
import type { AedesOptions, AedesPublishPacket, AuthenticateError, Client, PublishPacket } from 'aedes'
import type { BrokerLimits } from './config.ts'
import { GuardedConnection } from './guarded-connection.ts'
import type { Peer } from './peer.ts'
import type { Refusal, Refusals } from './refusals.ts'

/** MQTT 3.1.1, 3.2.2.3: return codes of CONNACK. */
const IDENTIFIER_REJECTED = 2
const NOT_AUTHORIZED = 5

export interface HookCounters {
  /** Messages that had to wait for their gateway's rate. */
  paced: number
}

/** Whether a message may be handed to a connection now. */
export type Admits = (client: Client, packet: AedesPublishPacket) => boolean

type Hooks = Required<
  Pick<AedesOptions, 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'authorizeForward'>
>

/**
 * The rules at the four places where aedes asks. A publish that is refused cuts the connection: MQTT 3.1.1 has no other
 * answer to it, and nobody who keeps the contract ever sends one. A filter that is refused gets 0x80 (3.9.3).
 */
export function brokerHooks(limits: BrokerLimits, refusals: Refusals, counters: HookCounters, admits: Admits): Hooks {
  return {
    authenticate(client, _username, _password, done) {
      const refusal = refusedConnect(client, peerOf(client))
      if (refusal === undefined) {
        if (client.conn instanceof GuardedConnection) client.conn.loggedIn()
        return done(null, true)
      }
      const fault = refusals.refuse(refusal.reason, nameOf(client), refusal.detail)
      done(Object.assign(fault, { returnCode: refusal.returnCode }) as AuthenticateError, null)
    },

    authorizePublish(client, packet, done) {
      const peer = client && peerOf(client)
      const refusal = refusedPublish(packet, peer ?? undefined)
      if (refusal !== undefined) return done(refusals.refuse(refusal.reason, nameOf(client), refusal.detail))
      if (client === null || client.closed || peer?.pace === undefined) return done()
      const waitMs = peer.pace.take(monotonicMs())
      if (waitMs === 0) return done()
      if (waitMs > limits.paceWaitMaxMs) {
        return done(refusals.refuse('rate', nameOf(client), `a message would wait ${Math.ceil(waitMs)} ms`))
      }
      counters.paced += 1
      // Until this answer nothing more is read from the connection, so TCP slows the sender down; nothing is lost.
      setTimeout(() => {
        const late = standingOf(peer)
        if (late !== undefined) return done(refusals.refuse(late.reason, nameOf(client), late.detail))
        done(client.closed ? new Fault('transport', 'closed while waiting') : null)
      }, waitMs).unref()
    },

    authorizeSubscribe(client, subscription, done) {
      if (peerOf(client)?.rights.maySubscribe(subscription.topic)) return done(null, subscription)
      refusals.refuse('subscribe-filter', nameOf(client), `may not subscribe to ${subscription.topic.slice(0, 200)}`)
      done(null, null)
    },

    authorizeForward(client, packet) {
      if (!peerOf(client)?.rights.mayReceive(packet.topic)) return null
      return !leavesTooMuchUnread(client, limits, refusals) && admits(client, packet) ? packet : null
    },
  }
}

/** Who a connection belongs to, for counters and logs. */
export function nameOf(client: Client | null): string {
  return (client && peerOf(client)?.identity.name) ?? 'unknown'
}

/** The certificate of a connection: SHA-256, lower-case hex. */
export function fingerprintOf(client: Client): string | undefined {
  return peerOf(client)?.fingerprint
}

function peerOf(client: Client): Peer | undefined {
  return client.conn instanceof GuardedConnection ? client.conn.peer : undefined
}

/** A gateway is not waited for; what it leaves unread is bounded here. */
function leavesTooMuchUnread(client: Client, { unreadBytes }: BrokerLimits, refusals: Refusals): boolean {
  const { conn } = client
  if (!(conn instanceof GuardedConnection) || conn.peer.identity.role !== 'gateway') return false
  if (conn.writableLength <= unreadBytes) return false
  if (!conn.destroyed) {
    refusals.refuse('drain', nameOf(client), `left more than ${unreadBytes} bytes unread`)
    conn.cut()
  }
  return true
}

interface Refused {
  readonly reason: Refusal
  readonly detail: string
}

function refusedConnect(client: Client, peer: Peer | undefined): (Refused & { returnCode: number }) | undefined {
  if (peer === undefined || client.id !== peer.identity.name) {
    const detail = `client id ${client.id.slice(0, 64)} is not the certificate's common name`
    return { reason: 'client-id', detail, returnCode: IDENTIFIER_REJECTED }
  }
  // aedes keeps the will here until the connection is admitted.
  const will = (client as unknown as { _will?: PublishPacket | null })._will
  const refusal = will && refusedPublish(will, peer)
  return refusal ? { reason: 'will', detail: `will: ${refusal.detail}`, returnCode: NOT_AUTHORIZED } : undefined
}

/** Asked at connect, with each message, and in sweeps. */
function standingOf(peer: Peer): Refused | undefined {
  const reason = peer.standing()
  return reason && { reason, detail: `certificate ${peer.fingerprint}` }
}

function refusedPublish(packet: PublishPacket, peer: Peer | undefined): Refused | undefined {
  const unwelcome = peer && standingOf(peer)
  if (unwelcome !== undefined) return unwelcome
  if (!peer?.rights.mayPublish(packet.topic)) {
    return { reason: 'publish-topic', detail: `may not publish to ${packet.topic.slice(0, 200)}` }
  }
  if (packet.qos > 1) return { reason: 'publish-qos', detail: 'QoS 2 is not served' }
  if (packet.retain && peer.identity.role === 'gateway') {
    return { reason: 'publish-retain', detail: `may not publish retained to ${packet.topic}` }
  }
  return undefined
}
