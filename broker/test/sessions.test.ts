import { downFilters, downTopic, upFilter, upTopic } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import {
  connected,
  eventually,
  inboxOf,
  isClosed,
  type TestBroker,
  type TestGateway,
  testBroker,
} from './fixtures/broker.ts'

let at: TestBroker
afterEach(() => at.close())

/** Connects to the stored session of this gateway and collects what it is sent from the first byte on. */
async function resume(as: TestGateway) {
  const client = at.open(as, { clean: false })
  const inbox = inboxOf(client)
  return { client: await connected(client), inbox }
}

async function sleepingSession(as: TestGateway) {
  const client = await at.connect(as, { clean: false })
  await client.subscribeAsync(downFilters(as.name), { qos: 1 })
  await client.endAsync()
}

describe('a persistent session', () => {
  it('gets after its return what was sent while it was away, in order, once', async () => {
    at = await testBroker()
    const gateway = await at.gateway()
    await sleepingSession(gateway)
    const hub = await at.connect(await at.hub())
    const sent = ['1', '2', '3'].map((n) => `receipt ${n}`)
    for (const payload of sent) await hub.publishAsync(downTopic(gateway.name, 'receipt'), payload, { qos: 1 })

    const { client, inbox } = await resume(gateway)
    await eventually(() => inbox.length >= sent.length, 'all receipts')
    expect(inbox.map(({ payload }) => payload)).toEqual(sent)

    await client.endAsync()
    const again = await resume(gateway)
    await hub.publishAsync(downTopic(gateway.name, 'receipt'), 'later', { qos: 1 })
    await eventually(() => again.inbox.length > 0, 'the later receipt')
    expect(again.inbox.map(({ payload }) => payload)).toEqual(['later'])
  })

  it('keeps no more than its limit, and serves again when it is empty', async () => {
    at = await testBroker({ limits: { queuedPerClient: 5 } })
    const gateway = await at.gateway()
    await sleepingSession(gateway)
    const hub = await at.connect(await at.hub())
    const publish = (payload: string) => hub.publishAsync(downTopic(gateway.name, 'trade'), payload, { qos: 1 })
    for (let n = 0; n < 8; n++) await publish(`${n}`)
    await eventually(() => at.broker.stats().refused.queue === 3, 'three not kept')

    const { client, inbox } = await resume(gateway)
    await eventually(() => inbox.length >= 5, 'the five that were kept')
    expect(inbox.map(({ payload }) => payload)).toEqual(['0', '1', '2', '3', '4'])
    await client.endAsync()
    for (let n = 10; n < 15; n++) await publish(`${n}`)
    const again = await resume(gateway)
    await eventually(() => again.inbox.length >= 5, 'five more')
    expect(at.broker.stats().refused.queue).toBe(3)
  })

  it('delivers to a connected client beyond the limit', async () => {
    at = await testBroker({ limits: { queuedPerClient: 2 } })
    const gateway = await at.gateway()
    const hub = await at.connect(await at.hub(), { clean: false })
    await hub.subscribeAsync(upFilter(), { qos: 1 })
    const inbox = inboxOf(hub)
    const agent = await at.connect(gateway)
    const sent = Array.from({ length: 50 }, (_, n) => `${n}`)
    await Promise.all(sent.map((n) => agent.publishAsync(upTopic(gateway.name, 'order'), n, { qos: 1 })))
    await eventually(() => inbox.length >= sent.length, 'all orders')
    expect(inbox.map(({ payload }) => payload)).toEqual(sent)
    expect(hub.connected).toBe(true)
  })
})

describe('stopping the broker', () => {
  it('cuts its clients and frees the port', async () => {
    at = await testBroker()
    const client = await at.connect(await at.gateway())
    const silent = await at.socket(await at.gateway())
    const closed = [isClosed(client), new Promise((resolve) => silent.once('close', resolve))]
    const from = performance.now()
    await at.broker.stop()
    await Promise.all(closed)
    expect(performance.now() - from).toBeLessThan(2_000)
    at = await testBroker({ port: at.broker.port })
  })
})
