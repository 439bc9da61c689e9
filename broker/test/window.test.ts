import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downFilters, downTopic } from '@wattfleet/protocol'
import type { MqttClient } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import { eventually, type TestBroker, type TestGateway, testBroker } from './fixtures/broker.ts'
import { reluctantOn } from './fixtures/reluctant.ts'

let at: TestBroker
afterEach(() => at.close())

/** Connects to its session and acknowledges a message only when it is told to. */
async function reluctant(as: TestGateway) {
  return reluctantOn(await at.socket(as), as.name)
}

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `${from + n}`)

async function subscribed(as: TestGateway): Promise<void> {
  const client = await at.connect(as, { clean: false })
  await client.subscribeAsync(downFilters(as.name), { qos: 1 })
  await client.endAsync()
}

async function send(hub: MqttClient, to: TestGateway, payloads: readonly string[]): Promise<void> {
  for (const payload of payloads) await hub.publishAsync(downTopic(to.name, 'trade'), payload, { qos: 1 })
}

describe('what comes while a subscription is written down', () => {
  it('does not keep back what comes after it', async () => {
    const stateDir = mkdtempSync(join(tmpdir(), 'wattfleet-window-'))
    at = await testBroker({ stateDir })
    try {
      const hub = await at.connect(await at.hub())
      const gateway = await at.gateway()
      const client = await at.connect(gateway, { clean: false })
      const inbox: string[] = []
      client.on('message', (_topic, payload) => void inbox.push(payload.toString()))
      const subscribing = client.subscribeAsync(downFilters(gateway.name), { qos: 1 })
      await send(hub, gateway, numbers(40)) // some before the broker listens, some after
      await subscribing
      await send(hub, gateway, ['the last'])
      await eventually(() => inbox.at(-1) === 'the last', 'the last')
      await eventually(() => at.broker.stats().queued === 0, 'nothing waits')
    } finally {
      await at.close()
      rmSync(stateDir, { recursive: true })
    }
  })
})

describe('what is on its way to a session', () => {
  it('is never more than the limit, live and from the queue, and keeps its order', async () => {
    at = await testBroker({ limits: { inFlight: 5 } })
    const gateway = await at.gateway()
    await subscribed(gateway)
    const hub = await at.connect(await at.hub())
    await send(hub, gateway, numbers(8)) // it is away
    const { inbox, waiting, acknowledge } = await reluctant(gateway)
    await eventually(() => inbox.length === 5, 'five of the queue')
    await send(hub, gateway, numbers(8, 8)) // it is there, and slow
    await eventually(() => at.broker.stats().held === 8, 'eight held')
    expect(inbox).toEqual(numbers(5))
    for (let sent = 5; sent < 16; sent++) {
      acknowledge()
      await eventually(() => inbox.length === sent + 1, 'the next')
      expect(waiting.length).toBeLessThanOrEqual(5)
    }
    expect(inbox).toEqual(numbers(16))
    acknowledge(5)
    await eventually(() => at.broker.stats().queued === 0, 'nothing waits')
    await send(hub, gateway, ['live'])
    await eventually(() => inbox.length === 17, 'what is sent when nothing waits')
  })

  it('comes again on the next connection, marked, and before what has not been sent yet', async () => {
    at = await testBroker({ limits: { inFlight: 3 } })
    const gateway = await at.gateway()
    await subscribed(gateway)
    const hub = await at.connect(await at.hub())
    await send(hub, gateway, numbers(6))
    const first = await reluctant(gateway)
    await eventually(() => first.inbox.length === 3, 'three')
    first.acknowledge()
    await eventually(() => first.inbox.length === 4, 'one more')
    first.socket.destroy()
    await eventually(() => at.broker.stats().clients === 1, 'it is gone')
    const second = await reluctant(gateway)
    await eventually(() => second.inbox.length === 3, 'what was under way')
    expect(second.inbox).toEqual(['1 again', '2 again', '3 again'])
    second.acknowledge(3)
    await eventually(() => second.inbox.length === 5, 'the others')
    expect(second.inbox.slice(3)).toEqual(['4', '5'])
  })

  it('must be acknowledged in time while more waits, or the connection is cut, and the session stays', async () => {
    at = await testBroker({ limits: { inFlight: 2, drainTimeoutMs: 150 } })
    const gateway = await at.gateway()
    await subscribed(gateway)
    const hub = await at.connect(await at.hub())
    const stuck = await reluctant(gateway)
    await send(hub, gateway, numbers(2))
    await eventually(() => stuck.inbox.length === 2, 'two')
    await new Promise((resolve) => setTimeout(resolve, 300)) // nothing waits: it may take its time
    expect(stuck.socket.destroyed).toBe(false)
    await send(hub, gateway, ['2'])
    await eventually(() => stuck.socket.destroyed, 'it is cut')
    expect(at.broker.stats().refused.drain).toBe(1)
    const { inbox, acknowledge } = await reluctant(gateway)
    await eventually(() => inbox.length === 2, 'what was under way')
    acknowledge(2)
    await eventually(() => inbox.length === 3, 'what waited')
    expect(inbox).toEqual(['0 again', '1 again', '2'])
  })

  it('is bounded for each session alone: one that acknowledges nothing holds up nobody', async () => {
    at = await testBroker({ limits: { inFlight: 2, concurrency: 5 } })
    const [slow, quick] = [await at.gateway(), await at.gateway()]
    await subscribed(slow)
    await subscribed(quick)
    const hub = await at.connect(await at.hub())
    const [stuck, fine] = [await reluctant(slow), await reluctant(quick)]
    await send(hub, slow, numbers(50))
    for (const [n] of numbers(50).entries()) {
      await send(hub, quick, [`${n}`])
      await eventually(() => fine.inbox.length === n + 1, 'the quick one')
      fine.acknowledge()
    }
    expect(stuck.inbox).toEqual(numbers(2))
  })
})
