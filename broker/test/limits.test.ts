import { once } from 'node:events'
import { downFilters, downTopic, upFilter, upTopic } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import type { Refusal } from '../src/index.ts'
import { eventually, inboxOf, isClosed, type TestBroker, testBroker } from './fixtures/broker.ts'

let at: TestBroker
afterEach(() => at.close())

const refused = (reason: Refusal) => at.broker.stats().refused[reason]

describe('a packet over the limit', () => {
  it('is cut at its header, before its content can fill the memory', async () => {
    at = await testBroker()
    const socket = await at.socket(await at.gateway())
    const closed = new Promise((resolve) => socket.once('close', resolve))
    const before = process.memoryUsage()
    socket.write(Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])) // CONNECT of 256 MB
    const megabyte = Buffer.alloc(1024 * 1024)
    let sentMb = 0
    while (!socket.destroyed && sentMb < 256) {
      sentMb += 1
      if (!socket.write(megabyte)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed])
    }
    await closed
    const after = process.memoryUsage()
    expect(refused('packet-size')).toBe(1)
    expect(sentMb).toBeLessThan(64)
    expect((after.rss - before.rss) / 1024 / 1024).toBeLessThan(64)
  })

  it('is cut for a gateway where it is allowed for the hub', async () => {
    at = await testBroker()
    const [gateway, neighbour] = [await at.gateway(), await at.connect(await at.gateway())]
    const [agent, hub] = [await at.connect(gateway), await at.connect(await at.hub())]
    const inbox = inboxOf(agent)
    await agent.subscribeAsync(downFilters(gateway.name), { qos: 1 })
    const payload = 'x'.repeat(64 * 1024)
    await hub.publishAsync(downTopic(gateway.name, 'market'), payload, { qos: 1 })
    await eventually(() => inbox.length > 0, 'the long down message')
    expect(inbox[0]?.payload.length).toBe(payload.length)

    const closed = isClosed(agent)
    agent.publish(upTopic(gateway.name, 'status'), payload.slice(0, 9_000), { qos: 1 })
    await closed
    expect(refused('packet-size')).toBe(1)
    expect([hub.connected, neighbour.connected]).toEqual([true, true])
  })
})

describe('the rate of a gateway', () => {
  it('is kept by making it wait: late, but complete and in order', async () => {
    at = await testBroker({ limits: { messagesPerSecond: 50, messageBurst: 5 } })
    const gateway = await at.gateway()
    const [agent, hub] = [await at.connect(gateway), await at.connect(await at.hub())]
    await hub.subscribeAsync(upFilter(), { qos: 1 })
    const inbox = inboxOf(hub)
    const sent = Array.from({ length: 25 }, (_, n) => `${n}`)
    const from = performance.now()
    await Promise.all(sent.map((n) => agent.publishAsync(upTopic(gateway.name, 'order'), n, { qos: 1 })))
    expect(performance.now() - from).toBeGreaterThanOrEqual(380) // 20 of them at 50 a second, less a timer's grain
    await eventually(() => inbox.length >= sent.length, 'all messages')
    expect(inbox.map(({ payload }) => payload)).toEqual(sent)
    // 20 of them, less where the machine was slower than the rate
    const { paced, refused } = at.broker.stats()
    expect(paced).toBeGreaterThan(0)
    expect(paced).toBeLessThanOrEqual(20)
    expect(refused).toMatchObject({ rate: 0 })
  })

  it('cuts who is too far ahead of it, on every connection, and nobody else', async () => {
    at = await testBroker({ limits: { messagesPerSecond: 1, messageBurst: 5, paceWaitMaxMs: 5_000 } })
    const [gateway, other] = [await at.gateway(), await at.gateway()]
    const neighbour = await at.connect(other)
    for (let round = 0; round < 2; round++) {
      const flood = await at.connect(gateway)
      const closed = isClosed(flood)
      for (let n = 0; n < 50; n++) flood.publish(upTopic(gateway.name, 'order'), `${n}`, { qos: 0 })
      await closed
    }
    await neighbour.publishAsync(upTopic(other.name, 'order'), 'honest', { qos: 1 })
    expect(refused('rate')).toBeGreaterThanOrEqual(2)
    expect(at.broker.stats().published).toBeLessThanOrEqual(5 + 1 + 1)
  })
})

/** A gateway that reads nothing of what it subscribed to, beside one that does, and what fills a connection soon. */
async function frozenBesideHealthy() {
  const [frozen, healthy] = [await at.gateway(), await at.gateway()]
  const [sleeper, reader] = [await at.connect(frozen), await at.connect(healthy)]
  const hub = await at.connect(await at.hub())
  const inbox = inboxOf(reader)
  await sleeper.subscribeAsync(downFilters(frozen.name), { qos: 0 })
  await reader.subscribeAsync(downFilters(healthy.name), { qos: 1 })
  sleeper.stream.unpipe()
  sleeper.stream.pause()
  const filler = 'x'.repeat(60 * 1024)
  return { frozen, healthy, hub, inbox, filler }
}

describe('a subscriber that takes nothing', () => {
  it('holds the others up no longer than the limit says', async () => {
    at = await testBroker({ limits: { drainTimeoutMs: 200 } })
    const { frozen, healthy, hub, inbox, filler } = await frozenBesideHealthy()
    for (let n = 0; n < 400 && refused('drain') === 0; n++) {
      await hub.publishAsync(downTopic(frozen.name, 'market'), filler, { qos: 1 })
    }
    await eventually(() => refused('drain') === 1, 'the frozen subscriber is cut')
    await hub.publishAsync(downTopic(healthy.name, 'receipt'), 'alive', { qos: 1 })
    await eventually(() => inbox.length > 0, 'the healthy subscriber is served')
    expect(inbox[0]?.payload).toBe('alive')
  })
})

describe('what is sent before the login', () => {
  it('is bounded in bytes', async () => {
    at = await testBroker({ limits: { bytesBeforeLogin: 4_096, connectTimeoutMs: 60_000 } })
    const socket = await at.socket(await at.gateway())
    const closed = once(socket, 'close')
    // a CONNECT of 6,000 bytes that never ends
    socket.write(Buffer.concat([Buffer.from([0x10, 0xf0, 0x2e]), Buffer.alloc(5_000)]))
    await closed
    expect(refused('before-login')).toBe(1)
  })

  it('may be as much as the CONNECT needs, and then more', async () => {
    at = await testBroker({ limits: { bytesBeforeLogin: 4_096 } })
    const gateway = await at.gateway()
    const topic = upTopic(gateway.name, 'status')
    const will = { topic, payload: Buffer.alloc(3_000), qos: 1, retain: false } as const
    const agent = await at.connect(gateway, { will })
    for (let n = 0; n < 4; n++) await agent.publishAsync(topic, 'x'.repeat(3_000), { qos: 1 })
    expect(at.broker.stats()).toMatchObject({ published: 4, refused: { 'before-login': 0 } })
  })
})

describe('the bytes of a gateway', () => {
  it('come at their rate: late, but complete', async () => {
    at = await testBroker({ limits: { bytesPerSecond: 40_000, byteBurst: 10_000 } })
    const gateway = await at.gateway()
    const agent = await at.connect(gateway)
    const from = performance.now()
    const payload = 'x'.repeat(2_000)
    await Promise.all(
      Array.from({ length: 20 }, () => agent.publishAsync(upTopic(gateway.name, 'order'), payload, { qos: 1 })),
    )
    // 40,000 and more, of which 10,000 at once and a read of 16 KiB or so ahead
    expect(performance.now() - from).toBeGreaterThan(250)
    await eventually(() => at.broker.stats().published === 20, 'all of them')
    expect(at.broker.stats().slowed).toBeGreaterThan(0)
  })

  it('cost more in many packets than in one', async () => {
    at = await testBroker({ limits: { bytesPerSecond: 10_000, byteBurst: 1_000 } })
    const gateway = await at.gateway()
    const agent = await at.connect(gateway)
    agent.stream.write(Buffer.from('c000'.repeat(100), 'hex')) // PINGREQ
    await eventually(() => at.broker.stats().slowed > 0, 'it is not read from for a while')
  })
})

describe('a topic of too many levels', () => {
  it.each([
    ['published to', 'publish'],
    ['subscribed to', 'subscribe'],
  ] as const)('that is %s cuts its sender, counted', async (_name, verb) => {
    at = await testBroker()
    const agent = await at.connect(await at.gateway())
    const closed = isClosed(agent)
    agent[verb]('x/'.repeat(50), verb === 'publish' ? 'deep' : (undefined as never))
    await closed
    expect(refused('topic-depth')).toBe(1)
  })
})

describe('a gateway that reads nothing', () => {
  it('is cut when it leaves too much unread, and nobody waits for it', async () => {
    at = await testBroker({ limits: { unreadBytes: 200_000 } })
    const { frozen, healthy, hub, inbox, filler } = await frozenBesideHealthy()
    let slowestMs = 0
    for (let n = 0; n < 400 && refused('drain') === 0; n++) {
      hub.publish(downTopic(frozen.name, 'market'), filler, { qos: 0 })
      const from = performance.now()
      await hub.publishAsync(downTopic(healthy.name, 'receipt'), `${n}`, { qos: 1 })
      await eventually(() => inbox.length > n, 'the healthy one is served')
      slowestMs = Math.max(slowestMs, performance.now() - from)
    }
    expect(refused('drain')).toBe(1)
    expect(slowestMs).toBeLessThan(4_000) // waiting for the frozen one would take 10 s
  })
})
