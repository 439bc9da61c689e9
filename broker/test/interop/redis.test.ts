import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downFilters, downTopic, upFilter, upTopic } from '@wattfleet/protocol'
import { Redis } from 'ioredis'
import { connect, type IClientOptions, type MqttClient } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts } from '../../../test-support/ports.ts'
import { handOver, isInstalled, listening, type Started, startProcess } from '../acceptance/process.ts'
import { connected, eventually, inboxOf, isClosed, subscribe, type TestGateway } from '../fixtures/broker.ts'
import { type TestAuthority, testAuthority } from '../fixtures/certificates.ts'

const MAIN = join(import.meta.dirname, '../../src/main.ts')
const isThere = isInstalled('redis-server', ['--version'])
const required = process.env.CI !== undefined || process.env.WATTFLEET_REQUIRE_INTEROP !== undefined
if (!isThere) process.stderr.write('skipped: no redis-server: apt-get install redis-server\n')

const QUEUE = 20

let authority: TestAuthority
let folder: string
let redis: Started
let redisPort: number
let brokers: { process: Started; port: number }[]
let clients: MqttClient[]

beforeEach(async () => {
  if (!isThere) return
  authority = await testAuthority()
  folder = mkdtempSync(join(tmpdir(), 'wattfleet-redis-'))
  clients = []
  brokers = []
  ;[redisPort = 0] = await freePorts(1)
  await startRedis()
  brokers = [await startBrokerProcess(), await startBrokerProcess()]
})
afterEach(async () => {
  if (!isThere) return
  for (const client of clients) client.end(true)
  for (const { process } of brokers) await process.end('SIGKILL')
  await redis.end('SIGKILL')
  rmSync(folder, { recursive: true })
})

async function startRedis(): Promise<void> {
  handOver(folder)
  const args = ['--port', `${redisPort}`, '--bind', '127.0.0.1', '--dir', folder, '--appendonly', 'yes']
  redis = startProcess('redis-server', args, folder)
  await listening(redisPort, redis)
}

async function startBrokerProcess() {
  const [port = 0] = await freePorts(1)
  const server = await authority.issue({ commonName: 'broker', server: true })
  const write = (name: string, text: string) => {
    writeFileSync(join(folder, `${port}-${name}`), text)
    return join(folder, `${port}-${name}`)
  }
  const config = {
    ...{ port, redis: { url: `redis://127.0.0.1:${redisPort}` }, limits: { queuedPerClient: QUEUE }, logLevel: 'warn' },
    caPath: write('ca.pem', authority.caPem),
    certPath: write('broker.pem', server.certificatePem),
    keyPath: write('broker.key', server.privateKeyPem),
  }
  const path = write('broker.json', JSON.stringify(config))
  handOver(folder)
  const process = startProcess(
    globalThis.process.execPath,
    ['--disable-warning=ExperimentalWarning', MAIN, '--config', path],
    folder,
  )
  await listening(port, process)
  return { process, port }
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

const GATEWAY = 'a'.repeat(26)

describe.skipIf(!isThere)('two broker processes on one Redis', () => {
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
    const store = new Redis(redisPort, '127.0.0.1')
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
      const back = open(round, gateway)
      const inbox = inboxOf(back)
      await eventually(() => inbox.length >= QUEUE, 'what was kept')
      await sender.publishAsync(downTopic(GATEWAY, 'trade'), 'the last', { qos: 1 })
      await eventually(() => inbox.at(-1)?.payload === 'the last', 'the last')
      const kept = inbox.slice(0, -1).map(({ payload }) => payload)
      // processes count what is stored: what is under way at that moment comes on top
      expect(kept.length).toBeLessThan(QUEUE + 5)
      expect(kept).toEqual(kept.map((_, n) => `${round}-${n}`))
      await back.endAsync()
    }
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
    await redis.end('SIGKILL')
    await startRedis()
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

describe.skipIf(!isThere)('a broker whose Redis is not there', () => {
  it('does not start, and says where it looked', async () => {
    await redis.end('SIGKILL')
    const failed = await startBrokerProcess().catch((error: Error) => error.message)
    expect(failed).toContain(`cannot reach Redis at 127.0.0.1:${redisPort}`)
  })
})

it.runIf(!isThere && required)('has redis-server', () => expect.fail('apt-get install redis-server'))
