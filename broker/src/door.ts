import { constants } from 'node:crypto'
import type { Server, Socket } from 'node:net'
import { createSecureContext, createServer, type SecureContextOptions, type TLSSocket } from 'node:tls'
import type { BrokerLimits } from './config.ts'
import { type Identity, identityOf } from './core/identity.ts'
import { type Pace, pace } from './core/pace.ts'
import { rightsOf } from './core/rights.ts'
import { openFront } from './front.ts'
import { type ConnectionBounds, GuardedConnection } from './guarded-connection.ts'
import type { Peer } from './peer.ts'
import type { Refusals } from './refusals.ts'

/** What a hub may leave unread before the broker waits for it. */
const HUB_WRITE_BEHIND_BYTES = 64 * 1024

/** The broker's end of mutual TLS, all PEM: the roots that are trusted, and its own certificate with its issuing CA. */
export interface DoorKeys {
  readonly caPem: string
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** What is known of certificates beyond what their signature says, by SHA-256 fingerprint (lower-case hex). */
export interface Registry {
  isRevoked(fingerprint: string): boolean
  /** Asked for gateways only: no registry lists hubs and utilities. */
  isKnown(fingerprint: string): boolean
}

export interface Door {
  readonly server: Server
  /** Shows and trusts others from the next handshake on; whoever is connected stays. Throws where they cannot be used. */
  setKeys(keys: DoorKeys): void
  /** Open connections, admitted or not. */
  count(): number
  /** Connections that wait for their handshake. */
  waiting(): number
  /** Cuts the connections whose certificate is not welcome any more. */
  sweep(): void
  /** Cuts every connection. */
  cutAll(): void
}

/**
 * The TLS server. Only certificates of the configured CA get past the handshake, and of those only the ones that name a
 * gateway, a hub or a utility and are welcome by the registry are handed to `admit`.
 */
export function openDoor(
  keys: DoorKeys,
  limits: BrokerLimits,
  refusals: Refusals,
  registry: Registry,
  counters: { slowed: number },
  admit: (connection: GuardedConnection) => void,
): Door {
  const tls = createServer({
    ...contextOf(keys),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: limits.connectTimeoutMs,
  })
  const front = openFront(limits, refusals, (socket) => void tls.emit('connection', socket))
  const { server } = front
  const sockets = new Set<Socket>()
  const live = new Map<string, Set<GuardedConnection>>()
  const paces = new Map<string, Paces>()

  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('drop', (data) => {
    refusals.refuse('connections', data?.remoteAddress ?? 'unknown', `more than ${limits.connections} connections`)
  })
  tls.on('tlsClientError', (error, socket) => {
    const why = socket.authorizationError ?? error.message
    refusals.refuse('handshake', socket.remoteAddress ?? 'unknown', `TLS: ${String(why)}`)
  })
  tls.on('secureConnection', (socket) => {
    const peer = peerOf(socket, limits, paces, refusals, registry)
    if (peer === undefined) return void socket.destroy()
    const name = peer.identity.name
    const connection = new GuardedConnection(socket, peer, boundsOf(peer.identity, limits), {
      refused: (reason, detail) => void refusals.refuse(reason, name, detail),
      slowed() {
        counters.slowed += 1
      },
    })
    remember(live, connection, limits, refusals)
    admit(connection)
  })

  return {
    server,
    setKeys(other) {
      const context = contextOf(other)
      createSecureContext(context) // a key that does not fit its certificate is found here, and what was stays
      tls.setSecureContext(context)
    },
    count: () => sockets.size,
    waiting: front.waiting,
    sweep() {
      for (const connection of [...live.values()].flatMap((connections) => [...connections])) {
        const reason = connection.peer.standing()
        if (reason === undefined) continue
        refusals.refuse(reason, connection.peer.identity.name, `${reason} while connected`)
        connection.cut()
      }
    },
    cutAll() {
      front.stop()
      for (const socket of sockets) socket.destroy()
    },
  }
}

/** `caPem` may hold several roots; the issuing CAs below them come with the certificates, from both ends. */
function contextOf({ caPem, certificatePem, privateKeyPem }: DoorKeys): SecureContextOptions {
  return {
    ca: caPem,
    cert: certificatePem,
    key: privateKeyPem,
    minVersion: 'TLSv1.3',
    // No resumption: every connection shows its certificate again, so expiry and revocation always count.
    secureOptions: constants.SSL_OP_NO_TICKET,
  }
}

/** A hub is waited for when it is slow, and its gateways with it: without it nobody is served. A gateway is not. */
function boundsOf({ role }: Identity, limits: BrokerLimits): ConnectionBounds {
  const { bytesBeforeLogin, unreadBytes, drainTimeoutMs } = limits
  return role === 'gateway'
    ? {
        packetBytes: limits.gatewayPacketBytes,
        bytesBeforeLogin,
        // the hooks cut it at `unreadBytes`: with the longest message on top it is never waited for
        writeBehindBytes: unreadBytes + limits.hubPacketBytes,
        writeTimeoutMs: drainTimeoutMs,
      }
    : {
        packetBytes: limits.hubPacketBytes,
        bytesBeforeLogin,
        writeBehindBytes: HUB_WRITE_BEHIND_BYTES,
        writeTimeoutMs: undefined,
      }
}

function peerOf(
  socket: TLSSocket,
  limits: BrokerLimits,
  paces: Map<string, Paces>,
  refusals: Refusals,
  registry: Registry,
): Peer | undefined {
  const certificate = socket.getPeerCertificate()
  const identity = identityOf(certificate.subject ?? {})
  if (identity === undefined) {
    refusals.refuse('identity', socket.remoteAddress ?? 'unknown', 'the certificate names no gateway, hub or utility')
    return undefined
  }
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  const endsMs = Date.parse(certificate.valid_to)
  const standing = () => {
    if (registry.isRevoked(fingerprint)) return 'revoked'
    if (Date.now() > endsMs) return 'expired'
    return identity.role === 'gateway' && !registry.isKnown(fingerprint) ? 'unknown' : undefined
  }
  const reason = standing()
  if (reason !== undefined) {
    refusals.refuse(reason, identity.name, `certificate ${fingerprint}`)
    return undefined
  }
  const { pace, bytes } = pacesOf(identity, paces, limits)
  return { identity, rights: rightsOf(identity), fingerprint, standing, pace, bytes }
}

interface Paces {
  readonly pace?: Pace
  readonly bytes?: Pace
}

/** One pace for a gateway, however often it connects. There are as many as the CA has issued certificates. */
function pacesOf({ name, role }: Identity, paces: Map<string, Paces>, limits: BrokerLimits): Paces {
  if (role !== 'gateway') return {}
  const known = paces.get(name) ?? {
    pace: pace(limits.messagesPerSecond, limits.messageBurst),
    bytes: pace(limits.bytesPerSecond, limits.byteBurst),
  }
  paces.set(name, known)
  return known
}

/** Keeps at most `connectionsPerClient` connections of one certificate, the newest: as MQTT does with sessions. */
function remember(
  live: Map<string, Set<GuardedConnection>>,
  connection: GuardedConnection,
  limits: BrokerLimits,
  refusals: Refusals,
): void {
  const { name } = connection.peer.identity
  const own = live.get(name) ?? new Set()
  live.set(name, own.add(connection))
  connection.once('close', () => {
    own.delete(connection)
    if (own.size === 0 && live.get(name) === own) live.delete(name)
  })
  const [oldest] = own
  if (own.size <= limits.connectionsPerClient || oldest === undefined) return
  refusals.refuse('connections', name, `more than ${limits.connectionsPerClient} connections of one certificate`)
  oldest.cut()
}
