import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { downFilters, downTopic, upFilter, upTopic } from '@wattfleet/protocol'
import { Redis } from 'ioredis'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts } from '../../../test-support/ports.ts'
import { handOver, listening, type Started, startProcess } from '../acceptance/process.ts'
import { connected, eventually, inboxOf, isClosed, subscribe, type TestGateway } from '../fixtures/broker.ts'
import { type TestAuthority, testAuthority } from '../fixtures/certificates.ts'
import { isRedisThere, type TestRedis, testRedis } from '../fixtures/redis.ts'
import { reluctantOn } from '../fixtures/reluctant.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const required = process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined

const QUEUE = 20
const IN_FLIGHT = 5

const numbers = (count: number, from = 0) => Array.from({ length: count }, (_, n) => `${from + n}`)

let authority: TestAuthority
let redis: TestRedis
let brokers: { process: Started; port: number; statusPort: number }[]
let clients: MqttClient[]
let sockets: TLSSocket[]

beforeEach(async () => {
  if (!isRedisThere) return
  authority = await testAuthority()
  redis = await testRedis()
  clients = []
  sockets = []
  brokers = []
  brokers = [await startBrokerProcess(), await startBrokerProcess()]
})
afterEach(async () => {
  if (!isRedisThere) return
  for (const client of clients) client.end(true)
  for (const socket of sockets) socket.destroy()
  for (const { process } of brokers) await process.end('SIGKILL')
  await redis.close()
})

async function startBrokerProcess() {
  const [port = 0, statusPort = 0] = await freePorts(2)
  const server = await authority.issue({ commonName: 'broker', server: true })
  const write = (name: string, text: string) => {
    writeFileSync(join(redis.folder, `${port}-${name}`), text)
    return join(redis.folder, `${port}-${name}`)
  }
  const config = {
    ...{
      port,
      status: { port: statusPort },
      redis: { url: redis.url },
      limits: { queuedPerClient: QUEUE, inFlight: IN_FLIGHT },
      logLevel: 'warn',
    },
    caPath: write('ca.pem', authority.caPem),
    certPath: write('broker.pem', server.certificatePem),
    keyPath: write('broker.key', server.privateKeyPem),
  }
  const path = write('broker.json', JSON.stringify(config))
  handOver(redis.folder)
  const process = startProcess(
    globalThis.process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, '--config', path],
    redis.folder,
  )
  await listening(port, process)
  return { process, port, statusPort }
}

async function named(name: string, unit: string): Promise<TestGateway> {
  return { name, ...(await authority.issue({ commonName: name, unit })) }
}

function open(at: number, as: TestGateway, options: IClientOptions = {}): MqttClient {
  const client = connect(`mqtts://127.0.0.1:${brokers[at]?.port}`, {
    ...{ ca: authority.caPem, cert: as.certificatePem, key: as.privateKeyPem, clientId: as.name },
    ...{ protocolVersion: 4, reconnectPeriod: 0, clean: false, ...options },
  })
  client.on('error', () => undefined)
  clients.push(client)
  return client
}

/** Connects to its session at this broker and acknowledges a message only when it is told to. */
async function reluctant(at: number, as: TestGateway) {
  const socket = tlsConnect({
    ...{ host: '127.0.0.1', port: brokers[at]?.port, ca: authority.caPem },
    ...{ cert: as.certificatePem, key: as.privateKeyPem },
  })
  sockets.push(socket)
  socket.on('error', () => undefined)
  await once(socket, 'secureConnect')
  return reluctantOn(socket, as.name)
}

/** Resolves when the processes have refused so many messages a place in a queue, all together. */
async function notKept(count: number): Promise<void> {
  let refused = 0
  await eventually(() => {
    void Promise.all(brokers.map(queueRefusals)).then((all) => {
      refused = all.reduce((sum, one) => sum + one, 0)
    })
    return refused === count
  }, `${count} messages not kept`)
}

async function queueRefusals({ statusPort }: { readonly statusPort: number }): Promise<number> {
  const text = await (await fetch(`http://127.0.0.1:${statusPort}/metrics`)).text()
  return Number(/refused_total\{reason="queue"\} (\d+)/.exec(text)?.[1])
}

const GATEWAY = 'a'.repeat(26)

describe.skipIf(!isRedisThere)('two broker processes on one Redis', () => {
  it('carry what a gateway at one says to a hub at the other, and back', async () => {
    const [gateway, hub] = [await named(GATEWAY, 'gateway'), await named('hub', 'hub')]
    const atHub = await connected(open(1, hub))
    await atHub.subscribeAsync(upFilter(), { qos: 1 })
    const atGateway = await connected(open(0, gateway))
    expect(await subscribe(atGateway, downFilters(GATEWAY))).toEqual(downFilters(GATEWAY).map(() => 1))
    const [up, down] = [inboxOf(atHub), inboxOf(atGateway)]

    const orders = Array.from({ length: 200 }, (_, n) => `order ${n}`)
    await Promise.all(orders.map((order) => atGateway.publishAsync(upTopic(GATEWAY, 'order'), order, { qos: 1 })))
    await eventually(() => up.length >= orders.length, 'every order')
    expect(up.map(({ payload }) => payload)).toEqual(orders)
    await atHub.publishAsync(downTopic(GATEWAY, 'receipt'), 'yours', { qos: 1 })
    await eventually(() => down.length > 0, 'the receipt')
    expect(down).toEqual([{ topic: downTopic(GATEWAY, 'receipt'), payload: 'yours' }])
  })

  it('move a session with its queue', async () => {
    const [gateway, hub] = [await named(GATEWAY, 'gateway'), await connected(open(1, await named('hub', 'hub')))]
    const away = await connected(open(0, gateway))
    await subscribe(away, downFilters(GATEWAY))
    await away.endAsync()
    const sent = ['1', '2', '3']
    for (const payload of sent) await hub.publishAsync(downTopic(GATEWAY, 'trade'), payload, { qos: 1 })
    const back = open(1, gateway)
    const inbox = inboxOf(back)
    await eventually(() => inbox.length >= sent.length, 'what waited')
    await hub.publishAsync(downTopic(GATEWAY, 'trade'), '4', { qos: 1 })
    await eventually(() => inbox.length > sent.length, 'what came later')
    expect(inbox.map(({ payload }) => payload)).toEqual([...sent, '4'])
    await back.endAsync()

    const again = open(0, gateway)
    const nothing = inboxOf(again)
    await connected(again)
    await hub.publishAsync(downTopic(GATEWAY, 'trade'), '5', { qos: 1 })
    await eventually(() => nothing.length > 0, 'the last')
    expect(nothing.map(({ payload }) => payload)).toEqual(['5'])
  })

  it('know one connection of an identity between them: the newer takes over', async () => {
    const gateway = await named(GATEWAY, 'gateway')
    const first = await connected(open(0, gateway))
    const closed = isClosed(first)
    const second = await connected(open(1, gateway))
    await closed
    expect(second.connected).toBe(true)
  })

  it('keep what waits when one of them, and then all, are killed', async () => {
    const [gateway, hub] = [await named(GATEWAY, 'gateway'), await named('hub', 'hub')]
    const away = await connected(open(0, gateway))
    await subscribe(away, downFilters(GATEWAY))
    await away.endAsync()
    await brokers[0]?.process.end('SIGKILL')
    const sender = await connected(open(1, hub))
    await sender.publishAsync(downTopic(GATEWAY, 'trade'), 'kept', { qos: 1 })
    // aedes answers before it stores
    const store = new Redis(redis.port, '127.0.0.1')
    let waiting = 0
    await eventually(() => {
      void store.llen(`outgoing:${GATEWAY}`).then((length) => {
        waiting = length
      })
      return waiting > 0
    }, 'the message in Redis')
    store.disconnect()
    await brokers[1]?.process.end('SIGKILL')
    brokers = [await startBrokerProcess()]
    const inbox = inboxOf(open(0, gateway))
    await eventually(() => inbox.length > 0, 'what waited')
    expect(inbox.map(({ payload }) => payload)).toEqual(['kept'])
  })

  it('bound a queue together, and let it fill again when it is empty', async () => {
    const [gateway, hub] = [await named(GATEWAY, 'gateway'), await named('hub', 'hub')]
    const sender = await connected(open(1, hub))
    const away = await connected(open(0, gateway))
    await subscribe(away, downFilters(GATEWAY))
    await away.endAsync()
    for (let round = 0; round < 2; round++) {
      for (let n = 0; n < QUEUE + 5; n++)
        await sender.publishAsync(downTopic(GATEWAY, 'trade'), `${round}-${n}`, { qos: 1 })
      // an acknowledgement comes before the store: what is still on its way would find room when the gateway is back
      await notKept(5 * (round + 1))
      const back = open(round, gateway)
      const inbox = inboxOf(back)
      await eventually(() => inbox.length >= QUEUE, 'what was kept')
      await sender.publishAsync(downTopic(GATEWAY, 'trade'), 'the last', { qos: 1 })
      await eventually(() => inbox.at(-1)?.payload === 'the last', 'the last')
      const kept = inbox.slice(0, -1).map(({ payload }) => payload)
      expect(kept).toEqual(Array.from({ length: QUEUE }, (_, n) => `${round}-${n}`))
      await back.endAsync()
    }
  })

  it('bound a queue to the message, whoever writes to it at the same time', async () => {
    const gateway = await named(GATEWAY, 'gateway')
    const senders = await Promise.all(
      [0, 1, 0, 1].map(async (at, n) => connected(open(at, await named(`hub-${n}`, 'hub')))),
    )
    const away = await connected(open(0, gateway))
    await subscribe(away, downFilters(GATEWAY))
    await away.endAsync()
    const topic = downTopic(GATEWAY, 'trade')
    await Promise.all(senders.flatMap((sender) => numbers(50).map((n) => sender.publishAsync(topic, n, { qos: 1 }))))
    await notKept(200 - QUEUE)
    const store = new Redis(redis.port, '127.0.0.1')
    let [waiting, packets] = [0, 0]
    await eventually(() => {
      void store.llen(`outgoing:${GATEWAY}`).then((length) => {
        waiting = length
      })
      void store.keys('packet:*').then((keys) => {
        packets = keys.length
      })
      return waiting === QUEUE && packets === 2 * QUEUE // each with how many wait for it
    }, 'as many as its limit, and nothing beside them')
    store.disconnect()
    const inbox = inboxOf(open(1, gateway))
    await eventually(() => inbox.length === QUEUE, 'all that was kept')
    await senders[0]?.publishAsync(topic, 'the last', { qos: 1 })
    await eventually(() => inbox.at(-1)?.payload === 'the last', 'the last')
    expect(inbox.length).toBe(QUEUE + 1)
  })

  it('have no more under way to a gateway than its limit, and keep the order over both', async () => {
    const [gateway, hub] = [await named(GATEWAY, 'gateway'), await connected(open(1, await named('hub', 'hub')))]
    const away = await connected(open(0, gateway))
    await subscribe(away, downFilters(GATEWAY))
    await away.endAsync()
    const send = async (payloads: readonly string[]) => {
      for (const payload of payloads) await hub.publishAsync(downTopic(GATEWAY, 'trade'), payload, { qos: 1 })
    }
    await send(numbers(8)) // it is away
    const first = await reluctant(0, gateway)
    await eventually(() => first.inbox.length === IN_FLIGHT, 'the first of the queue')
    await send(numbers(8, 8)) // it is there, and slow
    for (let n = 0; n < 3; n++) {
      first.acknowledge()
      await eventually(() => first.inbox.length === IN_FLIGHT + n + 1, 'the next')
    }
    expect(first.inbox).toEqual(numbers(IN_FLIGHT + 3))
    // the other process takes over while the connection stands: what is under way comes again, and first
    const second = await reluctant(1, gateway)
    await eventually(() => second.inbox.length === IN_FLIGHT, 'what was under way')
    expect(second.inbox).toEqual(numbers(IN_FLIGHT, 3).map((n) => `${n} again`))
    while (second.inbox.length < 13) {
      const { length } = second.inbox
      second.acknowledge()
      await eventually(() => second.inbox.length === length + 1, 'the next')
      expect(second.waiting.length).toBeLessThanOrEqual(IN_FLIGHT)
    }
    expect(second.inbox.slice(IN_FLIGHT)).toEqual(numbers(13 - IN_FLIGHT, 3 + IN_FLIGHT))
    second.acknowledge(IN_FLIGHT)
    await send(['live'])
    await eventually(() => second.inbox.at(-1) === 'live', 'what comes when nothing waits')
    second.acknowledge()
    const store = new Redis(redis.port, '127.0.0.1')
    let left = -1
    await eventually(() => {
      void store.keys('packet:*').then((keys) => {
        left = keys.length
      })
      return left === 0
    }, 'nothing is left in Redis')
    store.disconnect()
  })

  it('refuse a gateway what is not its own, and keep no filter of it', async () => {
    const other = 'b'.repeat(26)
    const client = await connected(open(0, await named(GATEWAY, 'gateway')))
    expect(await subscribe(client, [downTopic(GATEWAY, 'trade'), downTopic(other, 'trade'), '#'])).toEqual([
      1, 128, 128,
    ])
    const inbox = inboxOf(client)
    const hub = await connected(open(1, await named('hub', 'hub')))
    await hub.publishAsync(downTopic(other, 'trade'), 'not yours', { qos: 1 })
    await hub.publishAsync(downTopic(GATEWAY, 'trade'), 'yours', { qos: 1 })
    await eventually(() => inbox.length > 0, 'the own message')
    expect(inbox.map(({ payload }) => payload)).toEqual(['yours'])
  })

  it('serve again when Redis was away', async () => {
    const gateway = await named(GATEWAY, 'gateway')
    const hub = await connected(open(1, await named('hub', 'hub')))
    await hub.subscribeAsync(upFilter(), { qos: 1 })
    await redis.kill()
    await redis.start()
    const inbox = inboxOf(hub)
    const client = await eventuallyConnected(() => open(0, gateway))
    await eventually(
      () => {
        client.publish(upTopic(GATEWAY, 'status'), '{}', { qos: 1 })
        return inbox.length > 0
      },
      'a message through the new Redis',
      20_000,
    )
  })
})

/** Tries until the broker takes the connection. */
async function eventuallyConnected(attempt: () => MqttClient): Promise<MqttClient> {
  for (let n = 0; n < 50; n++) {
    const client = await connected(attempt()).catch(() => undefined)
    if (client !== undefined) return client
  }
  throw new Error(`the broker takes no connection any more: ${brokers.map(({ process }) => process.said()).join('\n')}`)
}

describe.skipIf(!isRedisThere)('a broker whose Redis is not there', () => {
  it('does not start, and says where it looked', async () => {
    await redis.kill()
    const failed = await startBrokerProcess().catch((error: Error) => error.message)
    expect(failed).toContain(`cannot reach Redis at 127.0.0.1:${redis.port}`)
  })
})

it.runIf(!isRedisThere && required)('has redis-server', () => expect.fail('apt-get install redis-server'))
