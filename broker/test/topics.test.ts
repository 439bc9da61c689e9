import { downFilters, downTopic, upFilter, upTopic } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Refusal } from '../src/index.ts'
import {
  eventually,
  inboxOf,
  isClosed,
  subscribe,
  type TestBroker,
  type TestGateway,
  testBroker,
} from './fixtures/broker.ts'

let at: TestBroker
let self: TestGateway
let other: TestGateway

beforeEach(async () => {
  at = await testBroker()
  self = await at.gateway()
  other = await at.gateway()
})
afterEach(() => at.close())

const refused = (reason: Refusal) => at.broker.stats().refused[reason]

/** A hub that reads everything it may, as a witness of what gets through. */
async function witness() {
  const hub = await at.connect(await at.hub())
  await hub.subscribeAsync(upFilter(), { qos: 1 })
  return { hub, inbox: inboxOf(hub) }
}

describe('a publish that is not allowed', () => {
  it.each<[string, Refusal, () => readonly [string, object]]>([
    ['to another gateway’s topic', 'publish-topic', () => [upTopic(other.name, 'order'), { qos: 1 }]],
    ['to an own down topic', 'publish-topic', () => [downTopic(self.name, 'receipt'), { qos: 0 }]],
    ['to $SYS', 'publish-topic', () => ['$SYS/x/heartbeat', { qos: 0 }]],
    ['retained', 'publish-retain', () => [upTopic(self.name, 'status'), { qos: 1, retain: true }]],
    ['with QoS 2', 'publish-qos', () => [upTopic(self.name, 'order'), { qos: 2 }]],
  ])('%s cuts its sender and nobody else', async (_name, reason, message) => {
    const { hub, inbox } = await witness()
    const neighbour = await at.connect(other)
    const culprit = await at.connect(self)
    const closed = isClosed(culprit)
    culprit.publish(message()[0], 'forged', message()[1])
    await closed
    await neighbour.publishAsync(upTopic(other.name, 'order'), 'honest', { qos: 1 })
    await eventually(() => inbox.length > 0, 'the honest message')
    expect(inbox).toEqual([{ topic: upTopic(other.name, 'order'), payload: 'honest' }])
    expect(refused(reason)).toBe(1)
    expect([hub.connected, neighbour.connected]).toEqual([true, true])
  })

  it('by the hub to an up topic cuts the hub', async () => {
    const hub = await at.connect(await at.hub())
    const closed = isClosed(hub)
    hub.publish(upTopic(self.name, 'order'), 'forged', { qos: 1 })
    await closed
    expect(refused('publish-topic')).toBe(1)
  })
})

describe('a subscription that is not allowed', () => {
  it('is refused filter by filter, and the connection stays', async () => {
    const client = await at.connect(self)
    const own = downTopic(self.name, 'receipt')
    const filters = [
      downTopic(other.name, 'receipt'),
      own.replace('receipt', '+'),
      '#',
      '$SYS/#',
      `$share/g/${own}`,
      upFilter(),
    ]
    const granted = await subscribe(client, [own, ...filters])
    expect(granted).toEqual([1, 128, 128, 128, 128, 128, 128])
    expect(refused('subscribe-filter')).toBe(filters.length)
    expect(client.connected).toBe(true)
  })

  it('is refused to the hub as well', async () => {
    const hub = await at.connect(await at.hub())
    const granted = await subscribe(hub, ['#', 'wf/1/+/+/down/+', upFilter('0a')])
    expect(granted).toEqual([128, 128, 1])
  })

  it('leaves nothing behind in a session, even beside an allowed filter', async () => {
    const client = await at.connect(self, { clean: false })
    await subscribe(client, [...downFilters(self.name), ...downFilters(other.name), '#'])
    await client.endAsync()
    const hub = await at.connect(await at.hub())
    await hub.publishAsync(downTopic(other.name, 'balance'), 'not yours', { qos: 1 })
    await hub.publishAsync(downTopic(self.name, 'balance'), 'yours', { qos: 1 })
    const inbox = inboxOf(at.open(self, { clean: false }))
    await eventually(() => inbox.length > 0, 'the own message')
    await hub.publishAsync(downTopic(other.name, 'balance'), 'still not yours', { qos: 1 })
    await hub.publishAsync(downTopic(self.name, 'trade'), 'the last', { qos: 1 })
    await eventually(() => inbox.length > 1, 'the last message')
    expect(inbox.map(({ payload }) => payload)).toEqual(['yours', 'the last'])
  })
})

describe('a will', () => {
  it.each<[string, () => object]>([
    ['on another gateway’s topic', () => ({ topic: upTopic(other.name, 'status') })],
    ['on an own down topic', () => ({ topic: downTopic(self.name, 'receipt') })],
    ['that is retained', () => ({ topic: upTopic(self.name, 'status'), retain: true })],
    ['with QoS 2', () => ({ topic: upTopic(self.name, 'status'), qos: 2 })],
  ])('%s is refused with the connection', async (_name, will) => {
    const attempt = at.connect(self, {
      will: { payload: Buffer.from('dead'), qos: 1, retain: false, ...will() } as never,
    })
    await expect(attempt).rejects.toThrow(/Not authorized/)
    expect(refused('will')).toBe(1)
  })

  it('on an own up topic is sent when the connection breaks', async () => {
    const { inbox } = await witness()
    const topic = upTopic(self.name, 'status')
    const client = await at.connect(self, { will: { topic, payload: Buffer.from('gone'), qos: 1, retain: false } })
    client.stream.destroy()
    await eventually(() => inbox.length > 0, 'the will')
    expect(inbox).toEqual([{ topic, payload: 'gone' }])
  })
})

describe('two gateways', () => {
  it('do not see each other', async () => {
    const [a, b] = [await at.connect(self), await at.connect(other)]
    const hub = await at.connect(await at.hub())
    const [atA, atB] = [inboxOf(a), inboxOf(b)]
    await a.subscribeAsync(downFilters(self.name), { qos: 1 })
    await b.subscribeAsync(downFilters(other.name), { qos: 1 })
    await a.publishAsync(upTopic(self.name, 'status'), 'mine', { qos: 1 })
    await hub.publishAsync(downTopic(self.name, 'receipt'), 'for a', { qos: 1 })
    await hub.publishAsync(downTopic(other.name, 'receipt'), 'for b', { qos: 1 })
    await eventually(() => atA.length > 0 && atB.length > 0, 'both receipts')
    expect(atA.map(({ payload }) => payload)).toEqual(['for a'])
    expect(atB.map(({ payload }) => payload)).toEqual(['for b'])
  })
})
