import { once } from 'node:events'
import { connect as tlsConnect } from 'node:tls'
import { upTopic } from '@wattfleet/protocol'
import { connectAsync } from 'mqtt'
import { afterEach, describe, expect, it } from 'vitest'
import type { Refusal } from '../src/index.ts'
import { eventually, isClosed, type TestBroker, testBroker } from './fixtures/broker.ts'
import { type Leaf, testAuthority } from './fixtures/certificates.ts'

let at: TestBroker
afterEach(() => at.close())

const refused = (reason: Refusal) => at.broker.stats().refused[reason]

/** Resolves when the broker has closed this bare TLS connection, with the bytes that came before. */
async function knock(leaf: Partial<Leaf>): Promise<Buffer> {
  const socket = tlsConnect({
    host: '127.0.0.1',
    port: at.broker.port,
    ca: at.authority.caPem,
    cert: leaf.certificatePem,
    key: leaf.privateKeyPem,
  })
  const bytes: Buffer[] = []
  socket.on('error', () => undefined)
  socket.on('data', (chunk) => bytes.push(chunk))
  await new Promise((resolve) => socket.once('close', resolve))
  return Buffer.concat(bytes)
}

describe('the handshake', () => {
  it('refuses whoever shows no certificate', async () => {
    at = await testBroker()
    await knock({})
    expect(refused('handshake')).toBe(1)
  })

  it('refuses certificates of another CA, also one of the same name', async () => {
    at = await testBroker()
    const { name } = await at.gateway()
    for (const foreign of [await testAuthority('another CA'), await testAuthority()]) {
      await knock(await foreign.issue({ commonName: name, unit: 'gateway' }))
    }
    expect(refused('handshake')).toBe(2)
  })

  it('refuses certificates that have expired', async () => {
    at = await testBroker()
    const { name } = await at.gateway()
    await knock(await at.authority.issue({ commonName: name, unit: 'gateway', notAfterMs: -1_000 }))
    expect(refused('handshake')).toBe(1)
  })

  it('refuses a certificate that was issued to a server', async () => {
    at = await testBroker()
    await knock(await at.authority.issue({ commonName: 'hub', unit: 'hub', server: true }))
    expect(refused('handshake')).toBe(1)
  })

  it('refuses certificates that name neither a gateway nor a hub', async () => {
    at = await testBroker()
    await knock(await at.authority.issue({ commonName: 'somebody', unit: 'gateway' }))
    await knock(await at.authority.issue({ commonName: 'hub' }))
    expect(refused('identity')).toBe(2)
  })

  it('ends when nothing comes', async () => {
    at = await testBroker({ limits: { connectTimeoutMs: 50 } })
    const gateway = await at.gateway()
    await knock(gateway)
    expect(refused('timeout')).toBe(1)
  })
})

describe('other certificates', () => {
  it('count from the next handshake on; whoever is connected stays', async () => {
    at = await testBroker()
    const [gateway, client] = [await at.gateway(), await at.connect(await at.gateway())]
    const other = await testAuthority('the next CA')
    const server = await other.issue({ commonName: 'broker', server: true })
    at.broker.setKeys({ ...server, caPem: `${at.authority.caPem}\n${other.caPem}` })
    const moved = await at.connect(gateway, { ca: other.caPem })
    const { certificatePem: cert, privateKeyPem: key } = await other.issue({
      commonName: gateway.name,
      unit: 'gateway',
    })
    await at.connect(gateway, { ca: other.caPem, cert, key })
    await isClosed(moved) // one session for one name, whatever its certificate
    at.broker.setKeys({ ...server, caPem: other.caPem })
    await expect(at.connect(gateway, { ca: other.caPem })).rejects.toThrow()
    expect(refused('handshake')).toBe(1)
    expect(client.connected).toBe(true)
  })

  it('that cannot be used are refused, and those before stay', async () => {
    at = await testBroker()
    const [one, other] = [
      await at.authority.issue({ commonName: 'broker' }),
      await at.authority.issue({ commonName: 'x' }),
    ]
    const { caPem } = at.authority
    const { privateKeyPem } = other
    for (const keys of [
      { ...one, privateKeyPem, caPem },
      { ...one, certificatePem: 'none', caPem },
    ]) {
      expect(() => at.broker.setKeys(keys)).toThrow(/certificate or key cannot be used/)
    }
    await at.connect(await at.gateway())
  })
})

describe('revocation', () => {
  it('refuses a revoked certificate and cuts it off when it is connected', async () => {
    const revoked = new Set<string>()
    at = await testBroker({ isRevoked: (fingerprint) => revoked.has(fingerprint), limits: { revocationSweepMs: 20 } })
    const gateway = await at.gateway()
    const other = await at.connect(await at.gateway())
    const client = await at.connect(gateway)
    revoked.add(gateway.fingerprint)
    await isClosed(client)
    await knock(gateway)
    expect(refused('revoked')).toBe(2)
    expect(other.connected).toBe(true)
  })
})

describe('a registry', () => {
  it('lets in only the gateways whose certificate it knows, whoever signed the others', async () => {
    const known = new Set<string>()
    at = await testBroker({ isKnown: (fingerprint) => known.has(fingerprint), limits: { revocationSweepMs: 20 } })
    const [listed, unlisted] = [await at.gateway(), await at.gateway()]
    known.add(listed.fingerprint)
    await knock(unlisted)
    const client = await at.connect(listed)
    // a second certificate of the same gateway is another one
    await knock(await at.authority.issue({ commonName: listed.name, unit: 'gateway' }))
    expect(refused('unknown')).toBe(2)
    known.delete(listed.fingerprint)
    await isClosed(client)
    expect(refused('unknown')).toBe(3)
  })

  it('is not asked about hubs and utilities', async () => {
    at = await testBroker({ isKnown: () => false })
    await at.connect(await at.hub())
    await at.connect({ name: 'utility', ...(await at.authority.issue({ commonName: 'utility', unit: 'utility' })) })
    expect(at.broker.stats().clients).toBe(2)
  })
})

describe('a certificate that is not welcome any more', () => {
  it.each(['revoked', 'unknown'] as const)('publishes nothing more, before any sweep: %s', async (reason) => {
    let isWelcome = true
    at = await testBroker({
      ...{ isRevoked: () => reason === 'revoked' && !isWelcome, isKnown: () => reason === 'revoked' || isWelcome },
      limits: { revocationSweepMs: 60_000 },
    })
    const gateway = await at.gateway()
    const client = await at.connect(gateway)
    await client.publishAsync(upTopic(gateway.name, 'order'), 'before', { qos: 1 })
    isWelcome = false
    const closed = isClosed(client)
    client.publish(upTopic(gateway.name, 'order'), 'after', { qos: 1 })
    await closed
    expect(refused(reason)).toBe(1)
    expect(at.broker.stats().published).toBe(1)
  })

  it('publishes nothing that waited for its rate, nor its will', async () => {
    let isRevoked = false
    at = await testBroker({
      isRevoked: () => isRevoked,
      limits: { messagesPerSecond: 4, messageBurst: 1, revocationSweepMs: 60_000 },
    })
    const gateway = await at.gateway()
    const topic = upTopic(gateway.name, 'order')
    const client = await at.connect(gateway, { will: { topic, payload: Buffer.from('gone'), qos: 1, retain: false } })
    const closed = isClosed(client)
    for (let n = 0; n < 3; n++) client.publish(topic, `${n}`, { qos: 1 })
    await eventually(() => at.broker.stats().published === 1 && at.broker.stats().paced > 0, 'one, the others wait')
    isRevoked = true
    await closed
    expect(refused('revoked')).toBeGreaterThan(0)
    expect(at.broker.stats().published).toBe(1)
  })
})

describe('CONNECT', () => {
  it('refuses a client id that is not the common name', async () => {
    at = await testBroker()
    const [gateway, victim] = [await at.gateway(), await at.gateway()]
    for (const clientId of [victim.name, 'hub', '']) {
      await expect(at.connect(gateway, { clientId, clean: true })).rejects.toThrow(/Identifier rejected/)
    }
    expect(refused('client-id')).toBe(3)
    expect(at.broker.stats().clients).toBe(0)
  })

  it('lets the newest connection of a certificate take over', async () => {
    at = await testBroker()
    const gateway = await at.gateway()
    const first = await at.connect(gateway)
    const closed = isClosed(first)
    const second = await at.connect(gateway)
    await closed
    await second.publishAsync(upTopic(gateway.name, 'status'), '{}', { qos: 1 })
    expect(at.broker.stats()).toMatchObject({ clients: 1, published: 1 })
  })

  it('cuts the oldest of too many connections of one certificate', async () => {
    at = await testBroker({ limits: { connectionsPerClient: 2 } })
    const gateway = await at.gateway()
    const sockets = [await at.socket(gateway), await at.socket(gateway)]
    const closed = once(sockets[0] as NodeJS.EventEmitter, 'close')
    await at.socket(gateway)
    await closed
    expect(sockets[1]?.destroyed).toBe(false)
    expect(refused('connections')).toBe(1)
  })

  it('refuses a connection that need never be alive', async () => {
    at = await testBroker()
    const gateway = await at.gateway()
    await expect(at.connect(gateway, { keepalive: 0 })).rejects.toThrow()
    expect(refused('keepalive')).toBe(1)
  })

  it('answers MQTT 5 with the code for a version that is not served', async () => {
    at = await testBroker()
    const { certificatePem, privateKeyPem, name } = await at.gateway()
    const attempt = connectAsync(`mqtts://127.0.0.1:${at.broker.port}`, {
      ...{ ca: at.authority.caPem, cert: certificatePem, key: privateKeyPem, clientId: name },
      ...{ protocolVersion: 5, reconnectPeriod: 0 },
    })
    await expect(attempt).rejects.toThrow()
    await eventually(() => refused('malformed') === 1, 'the refusal is counted')
  })

  it('cuts what is not MQTT', async () => {
    at = await testBroker()
    const socket = await at.socket(await at.gateway())
    const closed = once(socket, 'close')
    socket.write('GET / HTTP/1.1\r\nhost: broker\r\n\r\n')
    await closed
    expect(refused('malformed')).toBe(1)
  })
})
