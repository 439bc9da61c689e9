import { X509Certificate } from 'node:crypto'
import { createSecureContext } from 'node:tls'
import { Fault } from '@wattfleet/protocol'
import mqtt from 'mqtt'
import type { OnMessage, Wire } from '../ports.ts'

/** Pause before connecting again, plus a random part of the same length: hubs do not come back all at once. */
const RECONNECT_MS = 1000
/** A broker that many come back to lets them in by turns: ten seconds may pass before it is this one's. */
const CONNECT_TIMEOUT_MS = 20_000
const KEEP_ALIVE_S = 30
/** How long a broker may take to acknowledge a message before it counts as not handed over. */
const PUBLISH_TIMEOUT_MS = 10_000

export interface MqttOptions {
  /** `mqtts://host:port` */
  readonly url: string
  /** PEM. */
  readonly ca: string
  readonly cert: string
  readonly key: string
  /** Subscribed to at QoS 1. */
  readonly filter: string
  /** What ca, cert and key are by now: read before each new connection. One that cannot be read leaves those that were. */
  readonly renewed?: () => Pick<MqttOptions, 'ca' | 'cert' | 'key'>
}

export interface MqttWire extends Wire {
  /** Resolves once the filter is subscribed to for the first time, or when aborted. */
  subscribed(signal: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** The name a certificate gives its holder: also its MQTT client id. Throws Fault `config`. */
export function commonName(certPem: string): string {
  const subject = new X509Certificate(certPem).subject
  const name = /^CN=(.+)$/m.exec(subject)?.[1]
  if (name === undefined) throw new Fault('config', `the hub's certificate has no common name: ${subject}`)
  return name
}

/**
 * Connects to the broker over TLS with the hub's certificate and stays connected. MQTT 3.1.1, QoS 1, a session that the
 * broker keeps: what gateways publish while the hub is away waits there. Nothing is queued here while disconnected:
 * receipts are asked for again, notices are kept in the inbox.
 */
export function openMqtt(options: MqttOptions, onMessage: OnMessage): MqttWire {
  const client = mqtt.connect(options.url, {
    ca: options.ca,
    cert: options.cert,
    key: options.key,
    clientId: commonName(options.cert),
    clean: false,
    protocolVersion: 4,
    keepalive: KEEP_ALIVE_S,
    connectTimeout: CONNECT_TIMEOUT_MS,
    reconnectPeriod: RECONNECT_MS + Math.floor(Math.random() * RECONNECT_MS),
    reconnectOnConnackError: true,
    resubscribe: false,
    rejectUnauthorized: true,
  })
  let tellSubscribed: () => void = () => undefined
  const firstSubscribed = new Promise<void>((resolve) => {
    tellSubscribed = resolve
  })
  client.on('connect', () => {
    client.subscribe(options.filter, { qos: 1 }, (error) => {
      // without its subscription the hub hears nothing: connect anew
      if (error) client.reconnect()
      else tellSubscribed()
    })
  })
  client.on('message', (topic, payload) => onMessage(topic, payload))
  // mqtt.js takes the options that the client has when it connects again
  client.on('close', () => {
    try {
      const renewed = options.renewed?.()
      // a key that is not the certificate's would be thrown where nobody catches it
      if (renewed !== undefined) createSecureContext({ cert: renewed.cert, key: renewed.key })
      Object.assign(client.options, renewed)
    } catch {
      // between two files, or gone: those that were are as good as any
    }
  })
  // each failure is followed by a new try; `connected` says how things stand
  client.on('error', () => undefined)
  return {
    get connected() {
      return client.connected
    },
    publish: (topic, payload) => publish(client, topic, payload),
    subscribed: (signal) =>
      new Promise((resolve) => {
        const done = () => resolve()
        signal.addEventListener('abort', done, { once: true })
        firstSubscribed.then(done, done)
      }),
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
