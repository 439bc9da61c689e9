import { DOWN_KINDS, downTopic, partitionOf, UP_KINDS, upFilter, upTopic } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventually, inboxOf, type TestBroker, type TestGateway, testBroker } from './fixtures/broker.ts'
import { type Leaf, testAuthority } from './fixtures/certificates.ts'
import { connectPacket, type Packet, packetReader, publishPacket, subscribePacket, typeOf } from './fixtures/packets.ts'

/*
 * Every identity with every topic of the contract and its neighbours, over real sockets. The expectation is written down
 * here once more, from design.md's table of topics and not from rights.ts.
 */

const CONNACK = 2
const PUBACK = 4
const SUBACK = 9

const revoked = new Set<string>()
const known = new Set<string>()
let at: TestBroker
let self: TestGateway
let other: TestGateway
let utility: TestGateway
let hub: TestGateway

beforeAll(async () => {
  at = await testBroker({
    isRevoked: (fingerprint) => revoked.has(fingerprint),
    isKnown: (fingerprint) => known.has(fingerprint),
    // many connect here at once, each as often as there are topics
    limits: { handshakesPerSecond: 1_000, handshakeBurst: 1_000, connectionsPerClient: 1_000 },
  })
  ;[self, other, hub] = [await at.gateway(), await at.gateway(), await at.hub('hub-1')]
  utility = { name: 'utility', ...(await at.authority.issue({ commonName: 'utility', unit: 'utility' })) }
  known.add(self.fingerprint).add(other.fingerprint)
})
afterAll(() => at.close())

/** Writes these packets on a connection of its own; yields what came back until nothing more does or the connection ends. */
async function talk(as: Leaf, packets: readonly Buffer[], isEnd: (heard: Packet[]) => boolean): Promise<Packet[]> {
  const heard: Packet[] = []
  const socket = await at.socket(as).catch(() => undefined)
  if (socket === undefined) return heard
  socket.on(
    'data',
    packetReader((one) => heard.push(one)),
  )
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  for (const packet of packets) socket.write(packet)
  await Promise.race([closed, eventually(() => isEnd(heard), 'an answer')])
  socket.destroy()
  return heard
}

const topicsOf = (gateway: string) => [
  ...UP_KINDS.map((kind) => upTopic(gateway, kind)),
  ...DOWN_KINDS.map((kind) => downTopic(gateway, kind)),
]

/** Beside the contract: other versions, partitions, levels, wildcards, the broker's own topics. */
const strays = (gateway: string) => [
  upTopic(gateway, 'order').replace(partitionOf(gateway), partitionOf(gateway) === '00' ? '01' : '00'),
  upTopic(gateway, 'order').replace('wf/1', 'wf/2'),
  upTopic(gateway, 'order').replace('/up/', '/UP/'),
  `${upTopic(gateway, 'order')}/`,
  `/${upTopic(gateway, 'order')}`,
  `wf/1/${partitionOf(gateway)}/${gateway}/up/bid`,
  `wf/1/${partitionOf(gateway)}/${gateway}/down/order`,
  '$SYS/broker/heartbeat',
  'enrol',
]
const WILDCARDS = ['#', '+/#', 'wf/#', 'wf/1/+/+/up/+', 'wf/1/+/+/down/+', 'wf/1/+/+/+/+', '$SYS/#', '$share/g/#']
const ownWildcards = (gateway: string) => {
  const base = `wf/1/${partitionOf(gateway)}/${gateway}`
  return [`${base}/#`, `${base}/down/#`, `${base}/down/+`, `${base}/up/+`, `${base}/+/receipt`]
}

interface Identity {
  readonly name: string
  readonly as: () => TestGateway
  readonly publishes: (topic: string) => boolean
  readonly subscribes: (filter: string) => boolean
}
const up = (gateway: string) => UP_KINDS.map((kind) => upTopic(gateway, kind) as string)
const down = (gateway: string) => DOWN_KINDS.map((kind) => downTopic(gateway, kind) as string)
const toBoth = (topics: (gateway: string) => string[]) => [...topics(self.name), ...topics(other.name)]
const steering = (gateway: string) => [downTopic(gateway, 'config'), downTopic(gateway, 'command')] as string[]

const IDENTITIES: readonly Identity[] = [
  {
    name: 'a gateway',
    as: () => self,
    publishes: (topic) => up(self.name).includes(topic),
    subscribes: (filter) => down(self.name).includes(filter),
  },
  {
    name: 'a hub',
    as: () => hub,
    publishes: (topic) => toBoth(down).includes(topic),
    // of a partition that is not the gateway's too: nobody can publish there
    subscribes: (filter) =>
      toBoth((gateway) => [...up(gateway), strays(gateway)[0] ?? '', ownWildcards(gateway)[3] ?? '']).includes(
        filter,
      ) || filter === 'wf/1/+/+/up/+',
  },
  {
    name: 'a utility',
    as: () => utility,
    publishes: (topic) => toBoth(steering).includes(topic),
    subscribes: (filter) => toBoth((gateway) => [upTopic(gateway, 'status')]).includes(filter),
  },
]

const allTopics = () => [...topicsOf(self.name), ...topicsOf(other.name), ...strays(self.name), ...strays(other.name)]

describe.each(IDENTITIES)('$name, topic by topic', ({ as, publishes, subscribes }) => {
  it('publishes where it may, is cut where it may not, and nothing of that gets through', async () => {
    const allowed = allTopics().filter(publishes)
    const refused = allTopics().filter((topic) => !publishes(topic))
    expect(allowed.length).toBeGreaterThan(0)
    const connect = connectPacket(as().name, { clean: true })
    const before = at.broker.stats()
    for (const topic of allowed) {
      const heard = await talk(as(), [connect, publishPacket(topic, 'x', 1)], (all) => all.length === 2)
      expect(heard.map(typeOf), topic).toEqual([CONNACK, PUBACK])
    }
    for (const topic of refused) {
      const heard = await talk(as(), [connect, publishPacket(topic, 'x', 1)], (all) => all.length === 2)
      expect(heard.map(typeOf), topic).not.toContain(PUBACK)
    }
    const after = at.broker.stats()
    expect(after.published - before.published).toBe(allowed.length)
    expect(after.refused['publish-topic'] - before.refused['publish-topic']).toBe(refused.length)
  })

  it('subscribes where it may, and gets 0x80 where it may not', async () => {
    const filters = [...allTopics(), ...WILDCARDS, ...ownWildcards(self.name), ...ownWildcards(other.name)]
    const unique = [...new Set(filters)]
    const connect = connectPacket(as().name, { clean: true })
    const heard = await talk(as(), [connect, subscribePacket(7, unique)], (all) => all.length === 2)
    expect(heard.map(typeOf)).toEqual([CONNACK, SUBACK])
    const codes = [...(heard[1]?.body.subarray(2) ?? [])]
    const said = Object.fromEntries(unique.map((filter, n) => [filter, codes[n]]))
    expect(said).toEqual(Object.fromEntries(unique.map((filter) => [filter, subscribes(filter) ? 1 : 0x80])))
  })
})

/** Certificates that are not what they should be, each with the name that it would use. */
const CERTIFICATES: readonly [string, () => Promise<{ leaf: Leaf; clientId: string }>][] = [
  ['another’s client id', async () => ({ leaf: self, clientId: other.name })],
  [
    'a common name that is no gateway’s',
    async () => ({ leaf: await at.authority.issue({ commonName: 'boss', unit: 'gateway' }), clientId: 'boss' }),
  ],
  [
    'an expired certificate',
    async () => ({
      leaf: await at.authority.issue({ commonName: self.name, unit: 'gateway', notAfterMs: -1_000 }),
      clientId: self.name,
    }),
  ],
  [
    'a revoked certificate',
    async () => {
      const leaf = await at.authority.issue({ commonName: self.name, unit: 'gateway' })
      known.add(leaf.fingerprint)
      revoked.add(leaf.fingerprint)
      return { leaf, clientId: self.name }
    },
  ],
  [
    'a certificate that the registry does not know',
    async () => ({
      leaf: await at.authority.issue({ commonName: self.name, unit: 'gateway' }),
      clientId: self.name,
    }),
  ],
  [
    'a certificate of another CA',
    async () => ({
      leaf: await (await testAuthority()).issue({ commonName: self.name, unit: 'gateway' }),
      clientId: self.name,
    }),
  ],
  [
    'a certificate without a role',
    async () => ({ leaf: await at.authority.issue({ commonName: self.name }), clientId: self.name }),
  ],
  [
    'a certificate of another role',
    async () => ({
      leaf: await at.authority.issue({ commonName: self.name, unit: 'installer' }),
      clientId: self.name,
    }),
  ],
  [
    'a gateway’s name with a hub’s role',
    async () => ({ leaf: await at.authority.issue({ commonName: self.name, unit: 'hub' }), clientId: self.name }),
  ],
  [
    'a server’s certificate',
    async () => ({
      leaf: await at.authority.issue({ commonName: self.name, unit: 'gateway', server: true }),
      clientId: self.name,
    }),
  ],
]

describe.each(CERTIFICATES)('with %s', (_name, certificate) => {
  it('nothing passes, on any topic, in any direction', async () => {
    const witness = await at.connect(await at.hub('hub-2'))
    const inbox = inboxOf(witness)
    await witness.subscribeAsync(upFilter(), { qos: 1 })
    const { leaf, clientId } = await certificate()
    const before = at.broker.stats().published
    for (const topic of topicsOf(self.name)) {
      // all at once, without waiting for an answer
      const packets = [
        connectPacket(clientId, { clean: true }),
        subscribePacket(1, [topic]),
        publishPacket(topic, 'x', 2),
      ]
      const heard = await talk(leaf, packets, () => false)
      const codes = heard.filter((one) => typeOf(one) === CONNACK).map(({ body }) => body[1])
      expect(codes.every((code) => code !== 0)).toBe(true)
      expect(heard.filter((one) => typeOf(one) === SUBACK || typeOf(one) === PUBACK)).toEqual([])
    }
    expect(at.broker.stats().published).toBe(before)
    expect(inbox).toEqual([])
    await witness.endAsync()
  })
})
