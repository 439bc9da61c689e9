import { upFilter, upTopic } from '@wattfleet/protocol'
import { eventually, inboxOf, isClosed } from '../../fixtures/broker.ts'
import { LIMITS, type Scene } from '../scene.ts'
import { type Case, type Cases, inTime } from './case.ts'

/** Publishes so many bytes as a gateway. */
const packetOf =
  (bytes: number): Case =>
  async (scene) => {
    const gateway = await scene.gateway()
    const hub = await scene.connect(await scene.hub())
    await hub.subscribeAsync(upFilter(), { qos: 1 })
    const inbox = inboxOf(hub)
    const client = await scene.connect(gateway)
    const cut = isClosed(client).then(() => 'cut')
    client.publish(upTopic(gateway.name, 'status'), Buffer.alloc(bytes, 0x20), { qos: 1 })
    const came = eventually(() => inbox.length > 0, 'it', 3_000).then(
      () => 'delivered',
      () => 'dropped',
    )
    return Promise.race([cut, came])
  }

export const limits: Cases = {
  'packet of 8 KiB or more by a gateway': packetOf(9 * 1024),
  'packet longer than a hub’s': packetOf(70 * 1024),
  'packet that claims 256 MB before the client has said who it is': async (scene) => {
    const socket = await scene.socket(await scene.gateway())
    const cut = new Promise<string>((resolve) => socket.once('close', () => resolve('cut')))
    // CONNECT with the longest remaining length (MQTT 3.1.1, 2.2.3)
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f]))
    socket.write(Buffer.alloc(200_000))
    return (await inTime(cut)) ?? 'waits for it'
  },
  'QoS 2 by a gateway': async (scene) => {
    const gateway = await scene.gateway()
    const hub = await scene.connect(await scene.hub())
    await hub.subscribeAsync(upFilter(), { qos: 1 })
    const inbox = inboxOf(hub)
    const client = await scene.connect(gateway)
    const cut = isClosed(client).then(() => true)
    client.publish(upTopic(gateway.name, 'order'), 'twice', { qos: 2 })
    if (await inTime(cut, 1_000)) return inbox.length > 0 ? 'delivered, then cut' : 'cut'
    return inbox.length > 0 ? 'delivered' : 'dropped'
  },
  'more than its rate by one gateway': flood,
}

/** Far more at once than its rate allows: how long it takes tells whether it is held to it, a neighbour whether that costs others. */
async function flood(scene: Scene): Promise<string> {
  const [loud, quiet] = [await scene.gateway(), await scene.gateway()]
  const hub = await scene.connect(await scene.hub())
  await hub.subscribeAsync(upFilter(), { qos: 1 })
  const inbox = inboxOf(hub)
  const client = await scene.connect(loud)
  const neighbour = await scene.connect(quiet)
  const count = LIMITS.messageBurst + LIMITS.messagesPerSecond * 2
  const from = performance.now()
  const all = Promise.all(
    Array.from({ length: count }, (_, n) => client.publishAsync(upTopic(loud.name, 'order'), `${n}`, { qos: 1 })),
  )
  let slowestMs = 0
  for (let n = 0; n < 20; n++) {
    const sentAt = performance.now()
    await neighbour.publishAsync(upTopic(quiet.name, 'order'), 'quiet', { qos: 1 })
    slowestMs = Math.max(slowestMs, performance.now() - sentAt)
  }
  await all
  await eventually(() => inbox.length >= count + 20, 'every message', 10_000)
  const tookMs = performance.now() - from
  if (slowestMs > 1_000) return `a neighbour waits ${Math.round(slowestMs)} ms`
  // the burst goes at once, the others take two seconds at their rate
  return tookMs > 1_900 ? 'slowed down to it, nothing is lost' : 'taken as it comes'
}
