import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { createServer, type Server, type TLSSocket } from 'node:tls'
import { type Clock, downFilters, downTopic, gatewayIdFrom, upTopic, wallClock } from '@wattfleet/protocol'
import { Aedes } from 'aedes'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { mqttLink } from '../../src/adapters/mqtt-link.ts'
import type { Session } from '../../src/ports.ts'
import { p256, testCa } from '../support/certificates.ts'
import { memoryLog } from '../support/fixtures.ts'

const GATEWAY = gatewayIdFrom(new Uint8Array(16).fill(3))

describe('mqttLink', () => {
  const ca = testCa()
  const own = p256()
  let broker: Aedes
  let server: Server
  let sockets: Set<TLSSocket>
  let stop: AbortController
  let running: Promise<void>

  beforeEach(async () => {
    broker = await Aedes.createBroker()
    sockets = new Set()
    await listen(0)
    stop = new AbortController()
  })

  afterEach(async () => {
    stop.abort()
    await running
    hangUp()
    await new Promise((resolve) => server.close(resolve))
    await new Promise<void>((resolve) => broker.close(() => resolve()))
  })

  async function listen(port: number): Promise<void> {
    const { publicKey, keyPem } = p256()
    const identity = { cert: ca.issue('broker', publicKey, { serves: true }), key: keyPem }
    const options = { ...identity, ca: ca.certificatePem, requestCert: true, rejectUnauthorized: true }
    server = createServer(options, (socket) => {
      sockets.add(socket)
      broker.handle(socket)
    })
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }

  function hangUp(): void {
    for (const socket of sockets) socket.destroy()
    sockets.clear()
  }

  function port(): number {
    return (server.address() as AddressInfo).port
  }

  function link(
    certificatePem = ca.issue(GATEWAY, own.publicKey),
    transport: Clock = wallClock(),
    onUp: (ups: number) => void = () => {},
    death?: Uint8Array,
  ) {
    const seen = { ups: [] as Session[], downs: [] as string[], messages: [] as string[] }
    const log = memoryLog()
    const options = {
      brokerUrl: `mqtts://127.0.0.1:${port()}`,
      gateway: GATEWAY,
      caPem: ca.certificatePem,
      certificatePem,
      keyPem: own.keyPem,
    }
    running = mqttLink(options, transport, () => 0, log).run(
      {
        opening: () => death,
        up: (session) => onUp(seen.ups.push(session)),
        down: (reason) => void seen.downs.push(reason),
        message: (kind, payload) => void seen.messages.push(`${kind} ${Buffer.from(payload).toString('utf8')}`),
      },
      stop.signal,
    )
    return { seen, log }
  }

  function tell(topic: string, payload: string): Promise<void> {
    return new Promise((resolve, reject) =>
      broker.publish({ cmd: 'publish', topic, payload, qos: 1, dup: false, retain: false }, (error) =>
        error ? reject(error) : resolve(),
      ),
    )
  }

  it('connects as the gateway with its own certificate, publishes upward and hears what is for it', async () => {
    const published: string[] = []
    broker.on('publish', (packet, client) => {
      if (client) published.push(`${client.id} ${packet.topic} ${packet.qos} ${packet.payload.toString()}`)
    })
    const asked: string[] = []
    broker.on('subscribe', (subscriptions) => asked.push(...subscriptions.map(({ topic }) => topic)))
    const { seen } = link()
    await vi.waitFor(() => expect(seen.ups).toHaveLength(1))
    expect([...sockets][0]?.getPeerCertificate().subject.CN).toBe(GATEWAY)
    seen.ups[0]?.publish('order', Buffer.from('an order'))
    await vi.waitFor(() => expect(published).toEqual([`${GATEWAY} ${upTopic(GATEWAY, 'order')} 1 an order`]))
    expect(asked).toEqual(downFilters(GATEWAY)) // by name: brokers refuse it wildcards
    await tell(downTopic(GATEWAY, 'receipt'), 'a receipt')
    await tell(downTopic(gatewayIdFrom(new Uint8Array(16)), 'receipt'), 'not for us')
    await vi.waitFor(() => expect(seen.messages).toEqual(['receipt a receipt']))
  })

  it('comes back when the broker was away, and is given what it missed', async () => {
    const { seen } = link()
    await vi.waitFor(() => expect(seen.ups).toHaveLength(1))
    const old = port()
    await new Promise((resolve) => {
      server.close(resolve)
      hangUp()
    })
    await vi.waitFor(() => expect(seen.downs).toHaveLength(1))
    await tell(downTopic(GATEWAY, 'trade'), 'while away')
    await listen(old)
    await vi.waitFor(() => expect(seen.ups).toHaveLength(2), 10_000)
    await vi.waitFor(() => expect(seen.messages).toEqual(['trade while away']))
  })

  it('leaves with the broker what it is to say when the connection just ends', async () => {
    const published: string[] = []
    broker.on('publish', (packet, client) => {
      if (client) published.push(`${packet.topic} ${packet.qos} ${packet.retain} ${packet.payload.toString()}`)
    })
    const { seen } = link(undefined, undefined, undefined, Buffer.from('gone'))
    await vi.waitFor(() => expect(seen.ups).toHaveLength(1))
    hangUp()
    await vi.waitFor(() => expect(published).toEqual([`${upTopic(GATEWAY, 'status')} 1 false gone`]))
  })

  it('waits ever longer for a broker that lets go of it at once, and begins anew after one that held', async () => {
    let nowMs = 0
    // a clock on which waiting takes no time: what is asked for is in the log
    const transport = { nowMs: () => nowMs, steadyMs: () => nowMs, until: async () => {} }
    const { log } = link(undefined, transport, (ups) => {
      if (ups === 4) nowMs += 60_000
      hangUp()
    })
    await vi.waitFor(() => expect(log.lines.length).toBeGreaterThanOrEqual(10), 10_000)
    const waits = log.lines.flatMap(({ fields }) => ('waitMs' in fields ? [fields.waitMs] : []))
    expect(waits.slice(0, 5)).toEqual([500, 1_000, 2_000, 250, 500])
  })

  it('keeps trying when the broker refuses it, and stops when asked', async () => {
    broker.authenticate = (_client, _name, _password, done) =>
      done(Object.assign(new Error('no'), { returnCode: 5 }) as never, false)
    const { seen, log } = link()
    await vi.waitFor(() => expect(log.lines.length).toBeGreaterThanOrEqual(2), 10_000)
    const reason = 'not let in: Connection refused: Not authorized'
    expect(log.lines[0]).toMatchObject({ message: 'no connection to the broker', fields: { reason } })
    expect(seen.ups).toEqual([])
  })

  it('does not count a refused subscription as a connection', async () => {
    broker.authorizeSubscribe = (_client, _subscription, done) => done(null, null)
    const { seen, log } = link()
    await vi.waitFor(() => expect(JSON.stringify(log.lines)).toContain('subscription refused'), 10_000)
    expect(seen.ups).toEqual([])
  })

  it('is not let in with a certificate of another authority', async () => {
    const { seen, log } = link(testCa('Another CA').issue(GATEWAY, own.publicKey))
    await vi.waitFor(() => expect(log.lines.length).toBeGreaterThanOrEqual(1), 10_000)
    expect(log.lines[0]?.fields).toMatchObject({ reason: expect.stringMatching(/^not let in: /) })
    expect(seen.ups).toEqual([])
  })

  it('says that it was not let in where the broker hangs up without a word, and not where none is there', async () => {
    broker.preConnect = (_client, _packet, done) => {
      hangUp()
      done(null, false)
    }
    const { log } = link()
    const reasons = () => log.lines.map(({ fields }) => ('reason' in fields ? String(fields.reason) : ''))
    await vi.waitFor(() => expect(reasons()[0]).toMatch(/^not let in: closed right after the handshake/), 10_000)
    await new Promise((resolve) => server.close(resolve))
    await vi.waitFor(() => expect(reasons().at(-1)).toMatch(/ECONNREFUSED/), 10_000)
    expect(reasons().at(-1)).not.toContain('not let in')
  })
})
