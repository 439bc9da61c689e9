import { downTopic, pause, upFilter, upTopic } from '@wattfleet/protocol'
import { connected, eventually, inboxOf, isClosed, type TestGateway } from '../../fixtures/broker.ts'
import { LIMITS, type Scene } from '../scene.ts'
import { connectPacket } from './admission.ts'
import { type Cases, inTime } from './case.ts'

const numbered = (count: number) => Array.from({ length: count }, (_, n) => `${n}`)

/** How long an engine may take to be there again and to hand out what waited, ms. */
const RETURN_MS = 20_000

/** What a broker may take to write down what it has acknowledged, ms. */
const A_SECOND_MS = 1_000

/** A session that is subscribed and away, and somebody who writes to it. */
async function away(scene: Scene) {
  const gateway = await scene.gateway()
  const topic = downTopic(gateway.name, 'trade')
  const client = await scene.connect(gateway, { clean: false })
  await client.subscribeAsync(topic, { qos: 1 })
  await client.endAsync()
  const hub = await scene.hub()
  return { gateway, topic, hub }
}

/** Comes back to the stored session and collects from the first byte on. */
async function resume(scene: Scene, gateway: TestGateway) {
  const client = scene.open(gateway, { clean: false })
  const inbox = inboxOf(client)
  await connected(client)
  return { client, inbox }
}

/** Leaves three messages for a gateway that is away, ends the broker in some way, and looks what came through. */
const across = (end: 'stop' | 'kill') => async (scene: Scene) => {
  const { gateway, topic, hub } = await away(scene)
  const sender = await scene.connect(hub)
  for (const payload of numbered(3)) await sender.publishAsync(topic, payload, { qos: 1 })
  // an acknowledgement does not say that it is stored: what is sent last may be lost with any of them
  if (end === 'kill') await pause(A_SECOND_MS)
  await scene.running[end]()
  await scene.running.start()
  const { inbox } = await resume(scene, gateway)
  const again = await scene.connect(hub)
  await again.publishAsync(topic, 'after', { qos: 1 })
  const isSubscribed = await inTime(
    eventually(() => inbox.some(({ payload }) => payload === 'after'), 'the later', 3_000).catch(() => undefined),
    3_000,
  )
  const kept = numbered(3).every((n) => inbox.some(({ payload }) => payload === n))
  return kept && isSubscribed ? 'kept' : 'lost'
}

export const delivery: Cases = {
  'orders to a hub': async (scene) => {
    const gateway = await scene.gateway()
    const hub = await scene.connect(await scene.hub(), { clean: false })
    await hub.subscribeAsync(upFilter(), { qos: 1 })
    const inbox = inboxOf(hub)
    const client = await scene.connect(gateway)
    const sent = numbered(100)
    await Promise.all(sent.map((n) => client.publishAsync(upTopic(gateway.name, 'order'), n, { qos: 1 })))
    await eventually(() => inbox.length >= sent.length, 'all orders', RETURN_MS)
    return inbox.map(({ payload }) => payload).join() === sent.join() ? 'all, once, in order' : 'otherwise'
  },
  'what came while a gateway was away': async (scene) => {
    const { gateway, topic, hub } = await away(scene)
    const sender = await scene.connect(hub)
    const sent = numbered(10)
    for (const payload of sent) await sender.publishAsync(topic, payload, { qos: 1 })
    const { inbox } = await resume(scene, gateway)
    await eventually(() => inbox.length >= sent.length, 'all that waited', RETURN_MS)
    return inbox.map(({ payload }) => payload).join() === sent.join() ? 'all, once, in order' : 'otherwise'
  },
  'what waits, when the broker is restarted': across('stop'),
  'what waits, when the broker is killed a second later': across('kill'),
  'more waits for one gateway than its queue takes': async (scene) => {
    const { gateway, topic, hub } = await away(scene)
    const sender = await scene.connect(hub)
    const sent = numbered(LIMITS.queuedPerClient + 40)
    // one that is not kept may get no acknowledgement
    const answers = sent.map((payload) => sender.publishAsync(topic, payload, { qos: 1 }).catch(() => undefined))
    await inTime(Promise.all(answers))
    const stays = sender.connected
    const { inbox } = await resume(scene, gateway)
    const again = await scene.connect(await scene.hub())
    await eventually(() => inbox.length >= LIMITS.queuedPerClient, 'what was kept', RETURN_MS)
    await again.publishAsync(topic, 'later', { qos: 1 })
    await eventually(() => inbox.some(({ payload }) => payload === 'later'), 'what came later', RETURN_MS)
    const kept = inbox.slice(0, -1).map(({ payload }) => payload)
    const which = kept.includes('0') ? 'the oldest are kept' : 'the newest are kept'
    if (kept.length === sent.length) return 'all are kept'
    return stays ? which : `${which}, the sender is cut`
  },
  'unacknowledged messages under way to one gateway': unacknowledged,
  'will on an own topic': async (scene) => {
    const gateway = await scene.gateway()
    return will(scene, gateway, upTopic(gateway.name, 'status'))
  },
  'will on another’s topic': async (scene) =>
    will(scene, await scene.gateway(), upTopic((await scene.gateway()).name, 'status')),
  'retained message of a gateway': async (scene) => {
    const gateway = await scene.gateway()
    const topic = upTopic(gateway.name, 'status')
    const client = await scene.connect(gateway)
    const cut = isClosed(client).then(() => true)
    client.publish(topic, 'retained', { qos: 1, retain: true })
    if (await inTime(cut, 500)) return 'cut'
    const later = await scene.connect(await scene.hub())
    const inbox = inboxOf(later)
    await later.subscribeAsync(topic, { qos: 1 })
    const came = await inTime(
      eventually(() => inbox.length > 0, 'it').catch(() => undefined),
      500,
    )
    return came ? 'kept' : 'taken, not kept'
  },
}

async function will(scene: Scene, gateway: TestGateway, topic: string): Promise<string> {
  const hub = await scene.connect(await scene.hub())
  await hub.subscribeAsync(upFilter(), { qos: 1 })
  const inbox = inboxOf(hub)
  const payload = Buffer.from('gone')
  const client = await scene
    .connect(gateway, { will: { topic, payload, qos: 1, retain: false } })
    .catch(() => undefined)
  if (client === undefined) return 'refused'
  client.stream.destroy()
  const came = await inTime(
    eventually(() => inbox.length > 0, 'the will').catch(() => undefined),
    2_000,
  )
  return came ? 'sent' : 'not sent'
}

/** A client that acknowledges nothing, in bytes: a library would. */
async function unacknowledged(scene: Scene): Promise<string> {
  const gateway = await scene.gateway()
  const topic = downTopic(gateway.name, 'trade')
  const socket = await scene.socket(gateway)
  let text = ''
  socket.on('data', (bytes) => {
    text += bytes.toString('latin1')
  })
  const filter = Buffer.from(topic)
  // SUBSCRIBE (MQTT 3.1.1, 3.8) with packet id 1 and QoS 1
  const subscribe = [0x82, filter.length + 5, 0, 1, filter.length >> 8, filter.length & 0xff, ...filter, 1]
  socket.write(Buffer.concat([connectPacket(gateway.name, false), Buffer.from(subscribe)]))
  await eventually(() => text.length >= 4 + 5, 'CONNACK and SUBACK', RETURN_MS)
  const hub = await scene.connect(await scene.hub())
  const sent = numbered(40)
  for (const n of sent) await hub.publishAsync(topic, `<${n}>`, { qos: 1 })
  const count = () => text.match(/<\d+>/g)?.length ?? 0
  await inTime(
    eventually(() => count() >= sent.length, 'all').catch(() => undefined),
    1_000,
  )
  return count() === sent.length ? 'all' : `${count()}`
}
