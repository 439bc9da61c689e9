import { constants } from 'node:crypto'
import type { Socket } from 'node:net'
import { createSecureContext, createServer, type SecureContextOptions, type Server, type TLSSocket } from 'node:tls'
import type { BrokerLimits } from './config.ts'
import { type Identity, identityOf } from './core/identity.ts'
import { type Pace, pace } from './core/pace.ts'
import { rightsOf } from './core/rights.ts'
import { GuardedConnection } from './guarded-connection.ts'
import type { Peer } from './peer.ts'
import type { Refusals } from './refusals.ts'

/** The broker's end of mutual TLS, all PEM: the roots that are trusted, and its own certificate with its issuing CA. */
export interface DoorKeys {
  readonly caPem: string
  readonly certificatePem: string
  readonly privateKeyPem: string
}

export interface Door {
  readonly server: Server
  /** Shows and trusts others from the next handshake on; whoever is connected stays. Throws where they cannot be used. */
  setKeys(keys: DoorKeys): void
  /** Open connections, admitted or not. */
  count(): number
  /** Cuts the connections whose certificate is revoked by now. */
  sweep(): void
  /** Cuts every connection. */
  cutAll(): void
}

/**
 * The TLS server. Only certificates of the configured CA get past the handshake, and of those only the ones that name a
 * gateway or a hub and are not revoked are handed to `admit`.
 */
export function openDoor(
  keys: DoorKeys,
  limits: BrokerLimits,
  refusals: Refusals,
  isRevoked: (fingerprint: string) => boolean,
  admit: (connection: GuardedConnection) => void,
): Door {
  const server = createServer({
    ...contextOf(keys),
    requestCert: true,
    rejectUnauthorized: true,
    handshakeTimeout: limits.connectTimeoutMs,
  })
  server.maxConnections = limits.connections
  const sockets = new Set<Socket>()
  const live = new Map<string, Set<GuardedConnection>>()
  const paces = new Map<string, Pace>()

  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('drop', (data) => {
    refusals.refuse('connections', data?.remoteAddress ?? 'unknown', `more than ${limits.connections} connections`)
  })
  server.on('tlsClientError', (error, socket) => {
    const why = socket.authorizationError ?? error.message
    refusals.refuse('handshake', socket.remoteAddress ?? 'unknown', `TLS: ${String(why)}`)
  })
  server.on('secureConnection', (socket) => {
    const peer = peerOf(socket, limits, paces, refusals, isRevoked)
    if (peer === undefined) return void socket.destroy()
    const name = peer.identity.name
    const cap = peer.identity.role === 'gateway' ? limits.gatewayPacketBytes : limits.hubPacketBytes
    const connection = new GuardedConnection(socket, peer, cap, (reason) => {
      refusals.refuse(reason, name, reason === 'packet-size' ? `a packet over ${cap} bytes` : 'not MQTT')
    })
    remember(live, connection, limits, refusals)
    admit(connection)
  })

  return {
    server,
    setKeys(other) {
      const context = contextOf(other)
      createSecureContext(context) // a key that does not fit its certificate is found here, and what was stays
      server.setSecureContext(context)
    },
    count: () => sockets.size,
    sweep() {
      for (const connection of [...live.values()].flatMap((connections) => [...connections])) {
        if (!isRevoked(connection.peer.fingerprint)) continue
        refusals.refuse('revoked', connection.peer.identity.name, 'revoked while connected')
        connection.cut()
      }
    },
    cutAll() {
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

function peerOf(
  socket: TLSSocket,
  limits: BrokerLimits,
  paces: Map<string, Pace>,
  refusals: Refusals,
  isRevoked: (fingerprint: string) => boolean,
): Peer | undefined {
  const certificate = socket.getPeerCertificate()
  const identity = identityOf(certificate.subject ?? {})
  if (identity === undefined) {
    refusals.refuse('identity', socket.remoteAddress ?? 'unknown', 'the certificate names no gateway, hub or utility')
    return undefined
  }
  const fingerprint = certificate.fingerprint256.replaceAll(':', '').toLowerCase()
  if (isRevoked(fingerprint)) {
    refusals.refuse('revoked', identity.name, `certificate ${fingerprint}`)
    return undefined
  }
  return {
    identity,
    rights: rightsOf(identity),
    fingerprint,
    pace: paceOf(identity.name, identity.role, paces, limits),
  }
}

/** One pace for a gateway, however often it connects. There are as many as the CA has issued certificates. */
function paceOf(name: string, role: Identity['role'], paces: Map<string, Pace>, limits: BrokerLimits) {
  if (role !== 'gateway') return undefined
  const known = paces.get(name) ?? pace(limits.messagesPerSecond, limits.messageBurst)
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
