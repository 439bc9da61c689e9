import { downFilters, downTopic, upFilter, upTopic } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, inboxOf, type TestBroker, testBroker } from './fixtures/broker.ts'

describe('a broker', () => {
  let at: TestBroker

  beforeEach(async () => {
    at = await testBroker()
  })
  afterEach(() => at.close())

  it('carries up messages to the hub and down messages to their gateway', async () => {
    const gateway = await at.gateway()
    const hub = await at.connect(await at.hub())
    const agent = await at.connect(gateway)
    const [atHub, atAgent] = [inboxOf(hub), inboxOf(agent)]
    await hub.subscribeAsync(upFilter(), { qos: 1 })
    await agent.subscribeAsync(downFilters(gateway.name), { qos: 1 })

    await agent.publishAsync(upTopic(gateway.name, 'order'), 'an order', { qos: 1 })
    await hub.publishAsync(downTopic(gateway.name, 'receipt'), 'a receipt', { qos: 1 })

    await eventually(() => atHub.length > 0 && atAgent.length > 0, 'both messages')
    expect(atHub).toEqual([{ topic: upTopic(gateway.name, 'order'), payload: 'an order' }])
    expect(atAgent).toEqual([{ topic: downTopic(gateway.name, 'receipt'), payload: 'a receipt' }])
    expect(at.broker.stats()).toMatchObject({ clients: 2, published: 2 })
  })
})
