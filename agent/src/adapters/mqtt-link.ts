import type { TLSSocket } from 'node:tls'
import { type Clock, downFilters, messageOf, parseTopic, upTopic } from '@wattfleet/protocol'
import { connect, type MqttClient } from 'mqtt'
import { type BackoffRules, backoffMs } from '../core/backoff.ts'
import type { Link, LinkEvents, Log } from '../ports.ts'

export interface MqttLinkOptions {
  /** `mqtts://host:port` */
  readonly brokerUrl: string
  /** Wire name: client id and topic level. */
  readonly gateway: string
  readonly caPem: string
  readonly certificatePem: string
  readonly keyPem: string
}

const RECONNECT: BackoffRules = { firstMs: 500, mostMs: 60_000 }
/**
 * Whoever loses a connection seldom loses it alone: over so long a fleet comes back to a broker that was started anew, so
 * that no second sees a great part of it. Nothing is late by that: slots last minutes, and what is to be sent is kept.
 */
const COME_BACK_MS = 10_000
/** A broker that lets go of every connection at once must not be asked every second: only after this long is it well. */
const STEADY_MS = 60_000
/** TLS and CONNACK together. */
const CONNECT_TIMEOUT_MS = 15_000
/** A dead connection is noticed within one and a half of these. */
const KEEPALIVE_S = 30

/**
 * The gateway's connection to the broker: MQTT 3.1.1, QoS 1, a session that outlives the connection, and the gateway's
 * own certificate. Each connection is a client of its own: mqtt.js would reconnect every second without jitter and keep
 * messages in memory, but what has to be sent again is in the outbox.
 */
export function mqttLink(options: MqttLinkOptions, transport: Clock, random: () => number, log: Log): Link {
  return {
    async run(events, signal) {
      let failures = 0
      while (!signal.aborted) {
        const end = await oneConnection(options, events, signal, transport, log)
        if (signal.aborted) return
        failures = (end.upMs ?? 0) >= STEADY_MS ? 0 : failures + 1
        const comeBackMs = end.upMs === undefined ? 0 : Math.round(random() * COME_BACK_MS)
        const waitMs = Math.max(comeBackMs, backoffMs(failures, random(), RECONNECT))
        log.warn({ reason: end.reason, waitMs }, 'no connection to the broker')
        await transport.until(transport.nowMs() + waitMs, signal)
      }
    },
  }
}

interface ConnectionEnd {
  /** How long it was up; undefined for never. */
  readonly upMs: number | undefined
  readonly reason: string
}

function oneConnection(
  options: MqttLinkOptions,
  events: LinkEvents,
  signal: AbortSignal,
  transport: Clock,
  log: Log,
): Promise<ConnectionEnd> {
  return new Promise((resolve) => {
    const seen = { isSecured: false, isIn: false }
    let reason: string | undefined
    let upAtMs: number | undefined
    const death = events.opening()
    const client = connect(options.brokerUrl, {
      clientId: options.gateway,
      ca: options.caPem,
      cert: options.certificatePem,
      key: options.keyPem,
      rejectUnauthorized: true,
      protocolVersion: 4,
      clean: false,
      keepalive: KEEPALIVE_S,
      connectTimeout: CONNECT_TIMEOUT_MS,
      reconnectPeriod: 0,
      queueQoSZero: false,
      ...(death && {
        will: { topic: upTopic(options.gateway, 'status'), payload: Buffer.from(death), qos: 1, retain: false },
      }),
    })
    ;(client.stream as TLSSocket).once('secureConnect', () => {
      seen.isSecured = true
    })
    const stop = () => client.end(true)
    signal.addEventListener('abort', stop, { once: true })
    client.on('error', (error) => {
      reason ??= endReason(seen, error)
      client.end(true)
    })
    client.on('message', (topic, payload) => {
      const parsed = parseTopic(topic)
      if (parsed?.direction === 'down' && parsed.gateway === options.gateway) events.message(parsed.kind, payload)
    })
    client.on('connect', () => {
      seen.isIn = true
      client.subscribe(downFilters(options.gateway), { qos: 1 }, (error) => {
        // aedes and others answer a refused subscription with 128: mqtt.js gives that as an error
        if (error !== null) {
          reason = `subscription refused: ${messageOf(error)}`
          client.end(true)
          return
        }
        upAtMs = transport.nowMs()
        log.info({ broker: options.brokerUrl }, 'connected to the broker')
        events.up({ publish: (kind, payload) => publish(client, upTopic(options.gateway, kind), payload, log) })
      })
    })
    client.once('close', () => {
      signal.removeEventListener('abort', stop)
      client.end(true)
      const why = reason ?? endReason(seen)
      if (upAtMs !== undefined) events.down(why)
      resolve({ upMs: upAtMs === undefined ? undefined : transport.nowMs() - upAtMs, reason: why })
    })
  })
}

const SHUT_OUT = 'not let in: closed right after the handshake, as on a certificate that is revoked or not known there'

/**
 * Why a connection ended. In TLS 1.3 the client is through before its certificate is looked at (RFC 8446, 4.4.2): a broker
 * that shuts it out then sends an alert, or nothing at all. `isIn`: CONNECT was accepted.
 */
function endReason(
  { isSecured, isIn }: { isSecured: boolean; isIn: boolean },
  error?: Error & { code?: unknown },
): string {
  const said = error === undefined ? 'closed' : messageOf(error)
  const code = error?.code
  if (isIn) return said
  // the return code of a CONNACK
  if (typeof code === 'number') return `not let in: ${said}`
  if (String(code).startsWith('ERR_SSL_') && said.includes('alert')) return `not let in: ${said}`
  return isSecured && (error === undefined || code === 'ECONNRESET' || code === 'EPIPE') ? SHUT_OUT : said
}

function publish(client: MqttClient, topic: string, payload: Uint8Array, log: Log): void {
  if (!client.connected) return
  client.publish(topic, Buffer.from(payload), { qos: 1 }, (error) => {
    if (error) log.debug({ topic, error: messageOf(error) }, 'not published')
  })
}
