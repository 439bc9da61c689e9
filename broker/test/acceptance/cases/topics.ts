import {
  DOWN_KINDS,
  downFilters,
  downTopic,
  parseTopic,
  partitionOf,
  UP_KINDS,
  upFilter,
  upTopic,
} from '@wattfleet/protocol'
import type { MqttClient } from 'mqtt'
import { eventually, inboxOf, isClosed, type TestGateway } from '../../fixtures/broker.ts'
import type { Scene } from '../scene.ts'
import { type Case, type Cases, inTime, together } from './case.ts'

interface Cast {
  readonly self: TestGateway
  readonly other: TestGateway
}

const cast = async (scene: Scene): Promise<Cast> => ({ self: await scene.gateway(), other: await scene.gateway() })

/**
 * Publishes as `role` and says whether it arrived at anybody who may listen: a hub, and both gateways. An honest message
 * after it tells that nothing more is coming.
 */
async function publishes(scene: Scene, at: Cast, as: TestGateway, topic: string): Promise<string> {
  const sender = await scene.connect(as)
  const listeners = await listenersOf(scene, at, as)
  const cut = isClosed(sender).then(() => 'cut')
  const answered = new Promise<string>((resolve) => {
    sender.publish(topic, 'forged', { qos: 1 }, (error) => {
      if (!error) resolve('answered')
    })
  })
  const answer = await inTime(Promise.race([cut, answered]), 3_000)
  // what was taken in is routed before what comes after it from another
  await listeners.settle()
  const arrived = listeners.inbox.some(({ payload }) => payload === 'forged')
  // a broker may answer first and cut then
  const wasCut = answer === 'cut' || !sender.connected || (await inTime(cut, 200)) !== undefined
  sender.end(true)
  listeners.close()
  return arrived ? 'delivered' : wasCut ? 'cut' : 'dropped'
}

async function listenersOf(scene: Scene, { self, other }: Cast, sender: TestGateway) {
  const hub = await scene.hub()
  const witness = await scene.connect(hub)
  const inbox = inboxOf(witness)
  await witness.subscribeAsync(upFilter(), { qos: 1 })
  const clients: MqttClient[] = [witness]
  for (const gateway of [self, other]) {
    if (gateway === sender) continue
    const client = await scene.connect(gateway)
    client.on('message', (topic, payload) => inbox.push({ topic, payload: payload.toString() }))
    for (const filter of downFilters(gateway.name)) await client.subscribeAsync(filter, { qos: 1 })
    clients.push(client)
  }
  return {
    inbox,
    async settle() {
      const honest = await scene.gateway()
      const client = await scene.connect(honest)
      await client.publishAsync(upTopic(honest.name, 'status'), 'honest', { qos: 1 })
      await eventually(() => inbox.some(({ payload }) => payload === 'honest'), 'the honest message')
      for (const gateway of [self, other].filter((one) => one !== sender)) {
        await witness.publishAsync(downTopic(gateway.name, 'market'), `honest ${gateway.name}`, { qos: 1 })
        await eventually(() => inbox.some(({ payload }) => payload === `honest ${gateway.name}`), 'honest, down')
      }
      client.end(true)
    },
    close: () => clients.forEach((client) => void client.end(true)),
  }
}

const byGateway =
  (topicsOf: (at: Cast) => readonly string[]): Case =>
  async (scene) => {
    const at = await cast(scene)
    const outcomes: string[] = []
    for (const topic of topicsOf(at)) outcomes.push(await publishes(scene, at, at.self, topic))
    return together(outcomes)
  }

const byService =
  (role: 'hub' | 'utility', topicsOf: (at: Cast) => readonly string[]): Case =>
  async (scene) => {
    const at = await cast(scene)
    const outcomes: string[] = []
    const as = await scene[role]()
    for (const topic of topicsOf(at)) outcomes.push(await publishes(scene, at, as, topic))
    return together(outcomes)
  }

/** The answer to one filter: `granted`, `refused` (0x80) or `cut`. */
async function ask(client: MqttClient, filter: string): Promise<string> {
  const cut = isClosed(client).then(() => 'cut')
  const answered = new Promise<string>((resolve) => {
    client.subscribe(filter, { qos: 1 }, (_error, _granted, packet) => {
      const [code] = packet?.granted ?? []
      if (code !== undefined) resolve(code === 0x80 ? 'refused' : 'granted')
    })
  })
  return (await inTime(Promise.race([cut, answered]), 3_000)) ?? 'not answered'
}

/**
 * Subscribes to one filter and has everybody speak: the gateways up, a hub down. Where the filter was granted, what came
 * of it tells whether that matters.
 */
async function subscribes(scene: Scene, at: Cast, as: TestGateway, filter: string, may: May): Promise<string> {
  const client = await scene.connect(as)
  const inbox = inboxOf(client)
  const answer = await ask(client, filter)
  if (answer !== 'granted') return answer
  await everybodySpeaks(scene, at, as)
  const wanted = () => inbox.some(({ topic }) => may === 'own' || !may(topic))
  const came = await inTime(
    eventually(wanted, 'a message').catch(() => undefined),
    NOTHING_MS,
  )
  client.end(true)
  if (may === 'own') return came ? 'granted' : 'granted, nothing comes'
  return came ? 'granted' : 'granted, but only what it may read comes'
}

/** What a client may read, or that whatever comes is its own. */
type May = 'own' | ((topic: string) => boolean)

/** How long a message that must not come is waited for after everybody has spoken, ms. */
const NOTHING_MS = 300

async function everybodySpeaks(scene: Scene, { self, other }: Cast, listener: TestGateway): Promise<void> {
  const hub = await scene.connect(await scene.hub())
  for (const { name } of [self, other]) {
    for (const kind of DOWN_KINDS) await hub.publishAsync(downTopic(name, kind), 'for its owner', { qos: 1 })
  }
  hub.end(true)
  const speaker = listener === other ? self : other
  const client = await scene.connect(speaker)
  for (const kind of UP_KINDS) await client.publishAsync(upTopic(speaker.name, kind), 'for the hub', { qos: 1 })
  client.end(true)
}

const ownDown = (at: Cast) => (topic: string) => downFilters(at.self.name).includes(topic)

const subscription =
  (filtersOf: (at: Cast) => readonly string[], may: (at: Cast) => May = ownDown): Case =>
  async (scene) => {
    const at = await cast(scene)
    const outcomes: string[] = []
    for (const filter of filtersOf(at)) outcomes.push(await subscribes(scene, at, at.self, filter, may(at)))
    return together(outcomes)
  }

const serviceSubscription =
  (role: 'hub' | 'utility', filtersOf: (at: Cast) => readonly string[], may: May): Case =>
  async (scene) => {
    const at = await cast(scene)
    const outcomes: string[] = []
    for (const filter of filtersOf(at)) {
      outcomes.push(await subscribes(scene, at, await scene[role](), filter, may))
    }
    return together(outcomes)
  }

const elsewhere = (gateway: string) => (partitionOf(gateway) === '00' ? '01' : '00')

export const topics: Cases = {
  'gateway publishes its own up topics': byGateway(({ self }) => UP_KINDS.map((kind) => upTopic(self.name, kind))),
  'gateway publishes another’s up topics': byGateway(({ other }) => UP_KINDS.map((kind) => upTopic(other.name, kind))),
  'gateway publishes its own down topics': byGateway(({ self }) =>
    DOWN_KINDS.map((kind) => downTopic(self.name, kind)),
  ),
  'gateway publishes another’s down topics': byGateway(({ other }) =>
    DOWN_KINDS.map((kind) => downTopic(other.name, kind)),
  ),
  'gateway publishes in a partition that is not its own': byGateway(({ self }) => [
    `wf/1/${elsewhere(self.name)}/${self.name}/up/order`,
  ]),
  'gateway publishes a kind that does not exist': byGateway(({ self }) => [
    `wf/1/${partitionOf(self.name)}/${self.name}/up/gossip`,
    `${upTopic(self.name, 'order')}/more`,
    `wf/2/${partitionOf(self.name)}/${self.name}/up/order`,
    'anything',
  ]),
  'hub publishes down topics': byService('hub', ({ other }) => DOWN_KINDS.map((kind) => downTopic(other.name, kind))),
  'hub publishes up topics': byService('hub', ({ other }) => [upTopic(other.name, 'order')]),
  'utility publishes configuration and commands': byService('utility', ({ other }) => [
    downTopic(other.name, 'config'),
    downTopic(other.name, 'command'),
  ]),
  'utility publishes what is a hub’s': byService('utility', ({ other }) => [
    downTopic(other.name, 'receipt'),
    upTopic(other.name, 'status'),
  ]),
  'gateway subscribes to its own down topics': subscription(
    ({ self }) => downFilters(self.name),
    () => 'own',
  ),
  'gateway subscribes to its own with +': subscription(({ self }) => [
    `wf/1/${partitionOf(self.name)}/${self.name}/down/+`,
    `wf/1/+/${self.name}/down/trade`,
  ]),
  'gateway subscribes to its own with #': subscription(({ self }) => [`wf/1/${partitionOf(self.name)}/${self.name}/#`]),
  'gateway subscribes to another’s': subscription(({ other }) => [
    ...downFilters(other.name).slice(0, 2),
    upTopic(other.name, 'order'),
  ]),
  'gateway subscribes to everybody’s': subscription(() => ['#', 'wf/1/+/+/down/+', 'wf/1/+/+/up/order']),
  'gateway subscribes to the broker’s own topics': subscription(() => ['$SYS/#']),
  'gateway subscribes in a shared group': subscription(({ other }) => [`$share/g/${downTopic(other.name, 'trade')}`]),
  'hub subscribes to up topics': serviceSubscription(
    'hub',
    ({ other }) => [upFilter(), upFilter(partitionOf(other.name)), upTopic(other.name, 'order'), 'wf/1/+/+/up/order'],
    'own',
  ),
  'hub subscribes to more': serviceSubscription('hub', () => ['#', 'wf/1/+/+/down/+', 'wf/#'], isUp),
  'utility subscribes to status': serviceSubscription('utility', () => ['wf/1/+/+/up/status'], 'own'),
  'utility subscribes to orders': serviceSubscription(
    'utility',
    () => ['wf/1/+/+/up/order', upFilter()],
    (topic) => topic.endsWith('/up/status'),
  ),
}

function isUp(topic: string): boolean {
  return parseTopic(topic)?.direction === 'up'
}
