import { downTopic, messageOf, parseTopic } from '@wattfleet/protocol'
import mqtt from 'mqtt'
import type { FleetLink } from '../fleet-ports.ts'

/** Pause before connecting again, plus a random part of the same length. */
const RECONNECT_MS = 1_000
/** A broker that many come back to lets them in by turns: ten seconds may pass before it is this one's. */
const CONNECT_TIMEOUT_MS = 20_000
const KEEP_ALIVE_S = 30
/** How long a broker may take to acknowledge a message before it counts as not handed over. */
const PUBLISH_TIMEOUT_MS = 10_000
/** What gateways say of themselves: all that a utility may read (broker/src/core/rights.ts). */
const STATUSES = 'wf/1/+/+/up/status'

export interface FleetLinkOptions {
  /** `mqtts://host:port` */
  readonly brokerUrl: string
  /** Common name of the certificate. */
  readonly name: string
  /** PEM. */
  readonly caPem: string
  readonly certificatePem: string
  readonly keyPem: string
}

/**
 * The utility's connection to the broker: MQTT 3.1.1, QoS 1, under its own certificate, kept up by itself. Its session ends
 * with the connection: what gateways said while it was away is old, and each says it anew within a minute.
 */
export function openFleetLink(
  options: FleetLinkOptions,
  onStatus: (gateway: string, payload: Uint8Array) => void,
  onState: (isUp: boolean, why: string) => void,
): FleetLink & { stop(): Promise<void> } {
  const client = mqtt.connect(options.brokerUrl, {
    clientId: options.name,
    ca: options.caPem,
    cert: options.certificatePem,
    key: options.keyPem,
    rejectUnauthorized: true,
    protocolVersion: 4,
    clean: true,
    keepalive: KEEP_ALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: RECONNECT_MS + Math.floor(Math.random() * RECONNECT_MS),
    reconnectOnConnackError: true,
    resubscribe: false,
    queueQoSZero: false,
  })
  let isUp = false
  let why = 'closed'
  client.on('connect', () => {
    client.subscribe(STATUSES, { qos: 1 }, (error) => {
      if (error) {
        why = messageOf(error)
        client.reconnect()
        return
      }
      isUp = true
      onState(true, options.brokerUrl)
    })
  })
  client.on('message', (topic, payload) => {
    const parsed = parseTopic(topic)
    if (parsed?.kind === 'status') onStatus(parsed.gateway, payload)
  })
  // each failure is followed by a new try
  client.on('error', (error) => {
    why = messageOf(error)
  })
  client.on('close', () => {
    if (isUp) onState(false, why)
    isUp = false
    why = 'closed'
  })
  return {
    get isUp() {
      return isUp
    },
    send: (gateway, type, payload) => publish(client, downTopic(gateway, type), payload),
    stop: () => client.endAsync(true),
  }
}

function publish(client: mqtt.MqttClient, topic: string, payload: Uint8Array): Promise<boolean> {
  if (!client.connected) return Promise.resolve(false)
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), PUBLISH_TIMEOUT_MS)
    client.publish(topic, Buffer.from(payload), { qos: 1 }, (error) => {
      clearTimeout(timer)
      resolve(!error)
    })
  })
}
