import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gatewayIdFrom, upFilter, upTopic } from '@wattfleet/protocol'
import { connectAsync, type MqttClient } from 'mqtt'
import { freePorts } from '../../test-support/ports.ts'
import { type TestAuthority, testAuthority } from '../test/fixtures/certificates.ts'
import type { Contender, Place } from './contenders.ts'

const GATEWAYS = 20
/** Not acknowledged by the broker at one time, per gateway: an agent's window. */
const WINDOW = 32
/** About a signed order. */
const PAYLOAD = Buffer.alloc(250, 0x78)

/** Where a run takes place: certificates are made once, for all contenders. */
export interface Ground {
  readonly authority: TestAuthority
  readonly place: Place
  clear(): void
}

export async function prepareGround(): Promise<Ground> {
  const dir = mkdtempSync(join(tmpdir(), 'wattfleet-bench-'))
  const authority = await testAuthority()
  const server = await authority.issue({ commonName: 'broker', server: true })
  const file = (name: string, text: string) => {
    writeFileSync(join(dir, name), text)
    return join(dir, name)
  }
  const [port = 0] = await freePorts(1)
  const place = {
    ...{ dir, port, caPath: file('ca.pem', authority.caPem) },
    ...{ certPath: file('broker.pem', server.certificatePem), keyPath: file('broker.key', server.privateKeyPem) },
  }
  return { authority, place, clear: () => rmSync(dir, { recursive: true }) }
}

/**
 * Messages a second from gateways to one hub through this broker: MQTT 3.1.1 over TLS with client certificates, QoS 1, the
 * hub's session persistent. From the first publish until the hub has received the last.
 */
export async function measureFanIn(contender: Contender, ground: Ground, messages: number): Promise<number> {
  const stop = await contender.start(ground.place)
  const clients: MqttClient[] = []
  const dial = async (name: string, unit: string, clean: boolean) => {
    const { certificatePem, privateKeyPem } = await ground.authority.issue({ commonName: name, unit })
    const client = await connectAsync(`mqtts://127.0.0.1:${ground.place.port}`, {
      ...{ ca: ground.authority.caPem, cert: certificatePem, key: privateKeyPem, clientId: name, clean },
      ...{ protocolVersion: 4, reconnectPeriod: 0 },
    })
    clients.push(client)
    return client
  }
  try {
    const hub = await dial('hub', 'hub', false)
    await hub.subscribeAsync(upFilter(), { qos: 1 })
    let received = 0
    const all = new Promise<void>((resolve, reject) => {
      hub.on('message', () => {
        received += 1
        if (received === messages) resolve()
      })
      hub.once('close', () => reject(new Error(`${contender.name}: the hub was cut after ${received} messages`)))
    })
    const agents = await Promise.all(
      Array.from({ length: GATEWAYS }, async () => {
        const name = gatewayIdFrom(randomBytes(16))
        return { topic: upTopic(name, 'order'), client: await dial(name, 'gateway', true) }
      }),
    )
    const from = performance.now()
    const sending = agents.flatMap(({ topic, client }) =>
      Array.from({ length: WINDOW }, async (_, lane) => {
        for (let n = lane; n < messages / GATEWAYS; n += WINDOW) await client.publishAsync(topic, PAYLOAD, { qos: 1 })
      }),
    )
    await Promise.all([...sending, all])
    return messages / ((performance.now() - from) / 1000)
  } finally {
    for (const client of clients) client.end(true)
    await stop()
  }
}
