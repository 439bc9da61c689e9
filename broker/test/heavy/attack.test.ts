import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type Socket, connect as tcpConnect } from 'node:net'
import { type TLSSocket, connect as tlsConnect } from 'node:tls'
import { downFilters, downTopic, gatewayIdFrom, upFilter, upTopic } from '@wattfleet/protocol'
import { connectAsync, type MqttClient } from 'mqtt'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually } from '../fixtures/broker.ts'
import { type BrokerProcess, brokerProcess } from '../fixtures/broker-process.ts'
import type { Leaf } from '../fixtures/certificates.ts'
import { connectPacket, publishPacket } from '../fixtures/packets.ts'

/*
 * The broker with its default limits, in a process of its own, against those who mean it ill.
 */

type Named = Leaf & { readonly name: string }
const MB = 1024 * 1024

let broker: BrokerProcess
const clients: MqttClient[] = []
const sockets: Socket[] = []

beforeEach(async () => {
  broker = await brokerProcess()
  await broker.start()
})
afterEach(async () => {
  for (const client of clients.splice(0)) client.end(true)
  for (const socket of sockets.splice(0)) socket.destroy()
  await broker.close()
})

const named = async (name: string, unit: string): Promise<Named> => ({
  name,
  ...(await broker.authority.issue({ commonName: name, unit })),
})
const gateway = () => named(gatewayIdFrom(randomBytes(16)), 'gateway')

async function dial({ name, certificatePem, privateKeyPem }: Named, clean = false): Promise<MqttClient> {
  const client = await connectAsync(`mqtts://127.0.0.1:${broker.port}`, {
    ...{ ca: broker.authority.caPem, cert: certificatePem, key: privateKeyPem, clientId: name },
    ...{ protocolVersion: 4, clean, keepalive: 30, reconnectPeriod: 0 },
  })
  clients.push(client)
  return client
}

/** A bare TLS connection. */
async function shake({ certificatePem, privateKeyPem }: Leaf): Promise<TLSSocket> {
  const socket = tlsConnect({
    ...{ host: '127.0.0.1', port: broker.port, ca: broker.authority.caPem },
    ...{ cert: certificatePem, key: privateKeyPem },
  })
  socket.on('error', () => undefined)
  sockets.push(socket)
  await once(socket, 'secureConnect')
  return socket
}

/** The most memory that the broker has while this goes on, beyond what it had, bytes. */
async function growthDuring(work: () => Promise<void>): Promise<number> {
  const before = broker.rssBytes()
  expect(before).toBeGreaterThan(20 * MB) // it is really read
  let most = before
  const look = setInterval(() => {
    most = Math.max(most, broker.rssBytes())
  }, 5)
  await work()
  clearInterval(look)
  return Math.max(most, broker.rssBytes()) - before
}

/** Writes so many bytes, or as many as are taken before the connection ends. */
async function pour(socket: Socket, bytes: number): Promise<void> {
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  const chunk = Buffer.alloc(MB, 0x78)
  for (let sent = 0; sent < bytes && !socket.destroyed; sent += chunk.length) {
    if (!socket.write(chunk)) await Promise.race([once(socket, 'drain').catch(() => undefined), closed])
  }
  socket.end()
  await closed
}

describe('a packet of 256 MB before the login', () => {
  const head = Buffer.from([0x10, 0xff, 0xff, 0xff, 0x7f])

  beforeEach(async () => {
    // what honest use costs is not the attack's
    for (let n = 0; n < 10; n++) {
      const as = await gateway()
      const client = await dial(as, true)
      await client.publishAsync(upTopic(as.name, 'status'), 'x'.repeat(1_000), { qos: 1 })
      await client.endAsync()
    }
  })

  it('costs at most 16 MiB of memory, with a certificate', async () => {
    const socket = await shake(await gateway())
    const growth = await growthDuring(async () => {
      socket.write(head)
      await pour(socket, 256 * MB)
    })
    process.stdout.write(`grew by ${(growth / MB).toFixed(1)} MiB\n`)
    expect(growth).toBeLessThan(16 * MB)
    expect(await broker.metric('wattfleet_broker_refused_total{reason="packet-size"}')).toBe(1)
  })

  it('and without one, in the place of a handshake', async () => {
    const socket = tcpConnect(broker.port, '127.0.0.1')
    socket.on('error', () => undefined)
    sockets.push(socket)
    await once(socket, 'connect')
    const growth = await growthDuring(async () => {
      socket.write(head)
      await pour(socket, 256 * MB)
    })
    process.stdout.write(`grew by ${(growth / MB).toFixed(1)} MiB\n`)
    expect(growth).toBeLessThan(16 * MB)
    expect(await broker.metric('wattfleet_broker_refused_total{reason="handshake"}')).toBe(1)
  })
})

/** Honest gateways that publish now and then; how long each message took to the hub, ms. */
async function honestFleet(hub: MqttClient, count: number) {
  const tookMs: number[] = []
  let sent = 0
  hub.on('message', (topic, payload) => {
    const atMs = Number(/^at (.+)$/.exec(payload.toString())?.[1])
    if (topic.endsWith('/order') && Number.isFinite(atMs)) tookMs.push(performance.now() - atMs)
  })
  const fleet = await Promise.all(
    Array.from({ length: count }, async () => {
      const as = await gateway()
      return { name: as.name, client: await dial(as) }
    }),
  )
  const timers = fleet.map(({ name, client }) =>
    setInterval(() => {
      sent += 1
      client.publish(upTopic(name, 'order'), `at ${performance.now()}`, { qos: 1 })
    }, 500),
  )
  return {
    tookMs,
    sent: () => sent,
    stop: () => timers.forEach(clearInterval),
  }
}

/** Sends more than allowed for as long as it lasts, and comes back when it is cut. */
async function flood(as: Named, until: () => boolean): Promise<void> {
  while (!until()) {
    const socket = await shake(as)
    socket.resume()
    socket.write(connectPacket(as.name, { clean: true }))
    while (!socket.destroyed && !until()) {
      for (let n = 0; n < 50; n++) socket.write(publishPacket(upTopic(as.name, 'energy'), 'x'.repeat(300), n + 1))
      await new Promise((resolve) => setTimeout(resolve, 100)) // 500 a second
    }
    socket.destroy()
  }
}

/** Subscribes, and then takes nothing any more. */
async function freeze(as: Named, keepaliveS: number): Promise<void> {
  const client = await dial(as)
  await client.subscribeAsync(downFilters(as.name), { qos: 1 })
  await client.endAsync()
  const socket = await shake(as)
  socket.write(connectPacket(as.name, { keepaliveS }))
  await once(socket, 'data')
  socket.pause()
}

describe('idle sockets, a flood, frozen readers and half-open links', () => {
  it('leave the others below a second, and lose nothing of theirs', { timeout: 120_000 }, async () => {
    const hub = await dial(await named('hub', 'hub'))
    await hub.subscribeAsync(upFilter(), { qos: 1 })
    const fleet = await honestFleet(hub, 20)
    let isOver = false
    const flooder = await gateway()
    const frozen = await Promise.all(Array.from({ length: 8 }, gateway))
    const halfOpen = await Promise.all(Array.from({ length: 8 }, gateway))
    // half-open: nothing comes any more, not even a ping
    for (const as of halfOpen) await freeze(as, 2)
    for (const as of frozen) await freeze(as, 300)
    const flooding = flood(flooder, () => isOver).catch(() => undefined)
    const feeding = (async () => {
      for (let n = 0; !isOver; n++) {
        const to = frozen[n % frozen.length] as Named
        await hub.publishAsync(downTopic(to.name, 'market'), 'x'.repeat(60_000), { qos: 1 })
        await new Promise((resolve) => setTimeout(resolve, 20))
      }
    })()
    for (let n = 0; n < 2_000; n++) {
      const socket = tcpConnect(broker.port, '127.0.0.1')
      socket.on('error', () => undefined)
      sockets.push(socket)
    }
    await new Promise((resolve) => setTimeout(resolve, 20_000)) // the attack lasts, that is what is tested
    fleet.stop()
    await eventually(() => fleet.tookMs.length >= fleet.sent(), 'everything of the honest', 10_000)
    isOver = true
    await Promise.all([flooding, feeding])
    const sorted = [...fleet.tookMs].sort((a, b) => a - b)
    const p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? Number.POSITIVE_INFINITY
    const refused = (reason: string) => broker.metric(`wattfleet_broker_refused_total{reason="${reason}"}`)
    const figures = {
      messages: fleet.sent(),
      p50Ms: Math.round(sorted[Math.floor(sorted.length / 2)] ?? 0),
      p99Ms: Math.round(p99Ms),
      slowestMs: Math.round(sorted.at(-1) ?? 0),
      drain: await refused('drain'),
      timeout: await refused('timeout'),
      handshakeRate: await refused('handshake-rate'),
      rate: await refused('rate'),
      rssMiB: Math.round(broker.rssBytes() / MB),
    }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
    expect(fleet.tookMs.length).toBe(fleet.sent())
    expect(p99Ms).toBeLessThan(1_000)
    expect(await refused('drain')).toBeGreaterThan(0)
    expect(await refused('timeout')).toBeGreaterThanOrEqual(halfOpen.length)
    expect(await refused('handshake-rate')).toBeGreaterThan(0)
  })
})
