import { createPublicKey } from 'node:crypto'
import { once } from 'node:events'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { createServer as createTlsServer, type TLSSocket } from 'node:tls'
import {
  type DownKind,
  downTopic,
  type EnrolmentGrant,
  type EnrolmentRequest,
  gatewayIdFrom,
  parseTopic,
} from '@wattfleet/protocol'
import { Aedes } from 'aedes'
import { p256, testCa } from './certificates.ts'
import { grant } from './fixtures.ts'
import { testHub } from './test-hub.ts'

/** The public key inside a request: the P-256 point stands after its header in the SubjectPublicKeyInfo. */
export function keyInside(csrPem: string) {
  const bytes = Buffer.from(csrPem.replace(/-----[^-]+-----/g, ''), 'base64')
  const header = Buffer.from('3059301306072a8648ce3d020106082a8648ce3d030107034200', 'hex')
  const at = bytes.indexOf(header)
  return createPublicKey({ key: bytes.subarray(at, at + header.length + 65), format: 'der', type: 'spki' })
}

/** What a gateway meets when it is plugged in: an enrolment service, a broker that wants certificates, and a hub behind it. */
export async function testUtility(overrides: Partial<EnrolmentGrant> = {}) {
  const ca = testCa()
  const gateway = gatewayIdFrom(new Uint8Array(16).fill(3))
  const own = p256()
  const identity = { cert: ca.issue('utility', own.publicKey, { serves: true }), key: own.keyPem }
  const hub = testHub()
  const broker = await Aedes.createBroker()
  const sockets = new Set<TLSSocket>()
  const mqtt = createTlsServer({ ...identity, ca: ca.certificatePem, requestCert: true }, (socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    broker.handle(socket)
  })
  const enrolment = createHttpsServer(identity, (request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const { csrPem } = JSON.parse(text) as EnrolmentRequest
      const certificatePem = ca.issue(gateway, keyInside(csrPem))
      const brokerUrl = `mqtts://127.0.0.1:${(mqtt.address() as AddressInfo).port}`
      response.end(
        JSON.stringify(grant({ gateway, certificatePem, caPem: ca.certificatePem, brokerUrl, ...overrides })),
      )
    })
  })
  for (const server of [mqtt, enrolment]) {
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  const send = (kind: DownKind, payload: Uint8Array) =>
    broker.publish(
      {
        cmd: 'publish',
        topic: downTopic(gateway, kind),
        payload: Buffer.from(payload),
        qos: 1,
        dup: false,
        retain: false,
      },
      () => {},
    )
  hub.attach({ down() {}, message: send })
  broker.on('publish', (packet) => {
    const topic = parseTopic(packet.topic)
    if (topic?.direction === 'up') hub.take(topic.kind, Buffer.from(packet.payload))
  })
  return {
    hub,
    /** Brings a payload to the gateway, whoever sealed it. */
    send,
    claim: {
      url: `https://127.0.0.1:${(enrolment.address() as AddressInfo).port}`,
      caPem: ca.certificatePem,
      claim: 'ab'.repeat(32),
    },
    async close() {
      enrolment.closeAllConnections()
      for (const socket of sockets) socket.destroy()
      await Promise.all([enrolment, mqtt].map((server) => new Promise((resolve) => server.close(resolve))))
      await new Promise<void>((resolve) => broker.close(() => resolve()))
    },
  }
}
