import { randomBytes } from 'node:crypto'
import { connect as tcpConnect } from 'node:net'
import { downTopic, gatewayIdFrom, upFilter, upTopic } from '@wattfleet/protocol'
import type { IClientOptions, MqttClient } from 'mqtt'
import { eventually, inboxOf, isClosed, type TestGateway } from '../../fixtures/broker.ts'
import { type Leaf, testAuthority } from '../../fixtures/certificates.ts'
import type { Scene } from '../scene.ts'
import { type Cases, inTime } from './case.ts'

async function attempt(scene: Scene, as: TestGateway, options?: IClientOptions): Promise<string> {
  try {
    await scene.connect(as, options)
    return 'let in'
  } catch {
    return 'refused'
  }
}

/** The same where every client is let in under its certificate's name: then another of that name takes it over. */
async function attemptAs(scene: Scene, as: TestGateway, options: IClientOptions): Promise<string> {
  const client = await scene.connect(as, options).catch(() => undefined)
  if (client === undefined) return 'refused'
  const taken = isClosed(client).then(() => true)
  await scene.connect(as)
  return (await inTime(taken)) ? 'let in under its own name' : 'let in under that id'
}

const bare = (leaf: Partial<Leaf>): TestGateway => ({
  ...{ name: 'x', certificatePem: '', privateKeyPem: '', fingerprint: '', serial: '' },
  ...leaf,
})

export const admission: Cases = {
  'own certificate': async (scene) => attempt(scene, await scene.gateway()),
  'no certificate': async (scene) => {
    const { name } = await scene.gateway()
    return attempt(scene, bare({}), { clientId: name, cert: undefined as never, key: undefined as never })
  },
  'certificate of another CA': async (scene) => {
    const foreign = await testAuthority('another CA')
    const { name } = await scene.gateway()
    return attempt(scene, { name, ...(await foreign.issue({ commonName: name, unit: 'gateway' })) })
  },
  'certificate of another CA of the same name': async (scene) => {
    const foreign = await testAuthority()
    const { name } = await scene.gateway()
    return attempt(scene, { name, ...(await foreign.issue({ commonName: name, unit: 'gateway' })) })
  },
  'expired certificate': async (scene) => {
    const { name } = await scene.gateway()
    return attempt(scene, await scene.leaf({ commonName: name, unit: 'gateway', notAfterMs: -1_000 }))
  },
  'certificate of a server': async (scene) => {
    const { name } = await scene.hub()
    return attempt(scene, await scene.leaf({ commonName: name, unit: 'hub', server: true }))
  },
  'certificate without a role': async (scene) => {
    const { name } = await scene.gateway()
    return attempt(scene, await scene.leaf({ commonName: name }))
  },
  'certificate with a name of no form': async (scene) =>
    attempt(scene, await scene.leaf({ commonName: 'somebody', unit: 'gateway' })),
  'certificate issued after the start': async (scene) =>
    attempt(scene, await scene.leaf({ commonName: gatewayIdFrom(randomBytes(16)), unit: 'gateway' })),
  'plain TCP': async (scene) => {
    const { name } = await scene.gateway()
    const socket = tcpConnect(scene.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write(connectPacket(name))
    const answer = new Promise<string>((resolve) => {
      // CONNACK (MQTT 3.1.1, 3.2) is the only welcome; a TLS alert is none
      socket.once('data', (bytes) => resolve(bytes[0] === 0x20 ? 'let in' : 'refused'))
      socket.once('close', () => resolve('refused'))
    })
    return answer.finally(() => socket.destroy())
  },
  'TLS 1.2': async (scene) => {
    const socket = await scene.socket(await scene.gateway(), 'TLSv1.2').catch(() => undefined)
    return socket === undefined ? 'refused' : 'let in'
  },
  'MQTT 5': async (scene) => attempt(scene, await scene.gateway(), { protocolVersion: 5 }),
  'what is not MQTT': async (scene) => {
    const socket = await scene.socket(await scene.gateway())
    const closed = new Promise((resolve) => socket.once('close', () => resolve('cut')))
    socket.write('GET / HTTP/1.1\r\nhost: broker\r\n\r\n')
    return (await inTime(closed)) === undefined ? 'waits' : 'cut'
  },
  'no keep-alive': async (scene) => attempt(scene, await scene.gateway(), { keepalive: 0 }),
  'longer keep-alive than allowed': async (scene) => attempt(scene, await scene.gateway(), { keepalive: 3_600 }),
  'another client id': async (scene) =>
    attemptAs(scene, await scene.gateway(), { clientId: (await scene.gateway()).name }),
  'empty client id': async (scene) => attemptAs(scene, await scene.gateway(), { clientId: '', clean: true }),
  'client id of a connected gateway': async (scene) => {
    const victim = await scene.connect(await scene.gateway())
    const cut = isClosed(victim).then(() => true)
    await attempt(scene, await scene.gateway(), { clientId: victim.options.clientId as string })
    return (await inTime(cut)) ? 'that gateway is cut' : 'that gateway stays'
  },
  'session of another gateway': stealSession,
  'second connection of one identity': async (scene) => {
    const gateway = await scene.gateway()
    const first = await scene.connect(gateway)
    const closed = isClosed(first)
    const second = await scene.connect(gateway)
    await closed
    await second.publishAsync(upTopic(gateway.name, 'status'), '{}', { qos: 1 })
    return 'the newer takes over'
  },
  'revoked certificate, connecting': async (scene) => {
    const gateway = await scene.gateway()
    await scene.running.revoke(gateway)
    let outcome = ''
    for (const until = performance.now() + REVOKED_MS; performance.now() < until && outcome !== 'refused'; ) {
      const client = await scene.connect(gateway).catch(() => undefined)
      const heard = client !== undefined && (await isHeard(scene, client, gateway))
      outcome = client === undefined ? 'refused' : heard ? 'let in' : 'let in, and not heard'
    }
    return outcome
  },
  'revoked certificate, connected': async (scene) => {
    const gateway = await scene.gateway()
    const client = await scene.connect(gateway)
    const cut = isClosed(client).then(() => true)
    await scene.running.revoke(gateway)
    if (await inTime(cut, REVOKED_MS)) return 'cut'
    return (await isHeard(scene, client, gateway)) ? 'stays' : 'stays, and is not heard'
  },
  'revoked certificate, after a restart': async (scene) => {
    const gateway = await scene.gateway()
    await scene.running.revoke(gateway)
    await scene.running.stop()
    await scene.running.start()
    return attempt(scene, gateway)
  },
}

/** The project's own promise: so long after it was revoked a certificate is good for nothing, ms. */
const REVOKED_MS = 5_000

/** Whether a hub hears what this client says. */
async function isHeard(scene: Scene, client: MqttClient, { name }: TestGateway): Promise<boolean> {
  const hub = await scene.connect(await scene.hub())
  const inbox = inboxOf(hub)
  await hub.subscribeAsync(upFilter(), { qos: 1 })
  client.publish(upTopic(name, 'status'), '{}', { qos: 1 })
  return (
    (await inTime(
      eventually(() => inbox.length > 0, 'it').catch(() => undefined),
      1_000,
    )) === true
  )
}

/** Whether another certificate can read or drop what waits for a gateway that is away, by using its client id. */
async function stealSession(scene: Scene): Promise<string> {
  const [victim, thief] = [await scene.gateway(), await scene.gateway()]
  const topic = downTopic(victim.name, 'trade')
  const away = await scene.connect(victim, { clean: false })
  await away.subscribeAsync(topic, { qos: 1 })
  await away.endAsync()
  const hub = await scene.connect(await scene.hub())
  await hub.publishAsync(topic, 'waiting', { qos: 1 })

  const stolen: string[] = []
  for (const clean of [false, true]) {
    const client = scene.open(thief, { clientId: victim.name, clean })
    client.on('message', (_topic, payload) => stolen.push(payload.toString()))
    const up = await inTime(new Promise((resolve) => client.once('connect', () => resolve(true))), 500)
    if (up)
      await inTime(
        client.subscribeAsync(topic, { qos: 1 }).catch(() => undefined),
        500,
      )
    client.end(true)
  }
  const back = scene.open(victim, { clean: false })
  const inbox = inboxOf(back)
  const returned = await inTime(new Promise((resolve) => back.once('message', () => resolve(true))))
  if (stolen.length > 0) return 'the other reads it'
  return returned && inbox[0]?.payload === 'waiting' ? 'untouched' : 'lost'
}

/** CONNECT of MQTT 3.1.1 (3.1) with a keep-alive of 60 s. */
export function connectPacket(clientId: string, isClean = true): Buffer {
  const id = Buffer.from(clientId)
  const head = [0, 4, ...Buffer.from('MQTT'), 4, isClean ? 2 : 0, 0, 60, 0, id.length]
  return Buffer.from([0x10, head.length + id.length, ...head, ...id])
}
