import { once } from 'node:events'
import { createServer, type TLSSocket, connect as tlsConnect } from 'node:tls'
import type { EnrolmentGrant } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { reissueClaim } from '../src/claims.ts'
import { CHAIN_ID } from './fixtures/memory-registrar.ts'
import {
  AT_MS,
  csrOf,
  type GatewayKeys,
  gatewayKeys,
  HUB_KEY,
  post,
  setDevices,
  type TestOffice,
  testOffice,
} from './fixtures/office.ts'

let office: TestOffice
let keys: GatewayKeys

beforeEach(async () => {
  office = await testOffice(2)
  keys = await gatewayKeys()
})
afterEach(() => office.close())

const claim = () => office.claim().claim
const siteOf = (n = 0) => office.store.sites()[n]

describe('an enrolment', () => {
  it('answers a grant by the contract and registers the key on the chain', async () => {
    const { status, body } = await office.post(await keys.request(claim()))
    expect(status).toBe(200)
    const site = siteOf()
    expect(body).toMatchObject({
      gateway: site?.gateway,
      caPem: office.authority.caPem,
      chain: CHAIN_ID,
      epoch: 1,
      rules: { community: 1, slotLengthS: 900 },
      brokerUrl: 'mqtts://127.0.0.1:8883',
      hubKey: HUB_KEY,
      capImportWh: 3000,
      capExportWh: 2500,
    })
    expect(office.chain.keys.get(site?.site ?? '')).toEqual({ signingKey: keys.signingKey, epoch: 1 })
    expect(office.store.audit.entries().map(({ event }) => event)).toEqual([
      ...['imported', 'imported', 'claim', 'activate'],
    ])
    expect(office.store.audit.entries().at(-1)).toMatchObject({
      gateway: site?.gateway,
      atMs: AT_MS,
      detail: { fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/), epoch: 1 },
    })
  })

  it('says what the manifest knows of the devices, and nothing where it knows nothing', async () => {
    const [one, other] = [await gatewayKeys('pi-1'), await gatewayKeys('pi-2')]
    setDevices(office, 'pi-1', { meter: 'abb-b23', meterAddress: '/dev/ttyUSB0:9600:E1', meterUnit: 3 })
    const { body } = await office.post(await one.request(claim()))
    const serial = { path: '/dev/ttyUSB0', baudRate: 9_600, parity: 'even', stopBits: 1 }
    expect(body.devices).toEqual({ meter: { model: 'abb-b23', serial, unit: 3 } })
    expect('devices' in (await office.post(await other.request(office.claim(1).claim))).body).toBe(false)
    // to a gateway that asks again, whose grant was of a service of before
    setDevices(office, 'pi-2', { meter: 'sunspec' })
    expect((await office.post(await other.request(office.claim(1).claim))).body.devices).toEqual({
      meter: { model: 'sunspec' },
    })
  })

  it('issues a certificate that a server of this CA admits under the gateway’s name, whatever the request asked for', async () => {
    const { body: grant } = await office.post(await keys.request(claim()))
    const subject = await handshake(grant, keys)
    expect(subject).toEqual({ CN: grant.gateway, OU: 'gateway' })
  })

  it('does not take a foreign key for the certificate', async () => {
    const { body: grant } = await office.post(await keys.request(claim()))
    await expect(handshake(grant, await gatewayKeys())).rejects.toThrow(/key values mismatch/)
  })

  it('is the same again for the same keys, however often and at once', async () => {
    const answers = await Promise.all([1, 2, 3].map(async () => office.post(await keys.request(claim()))))
    const later = await office.post(await keys.request(claim()))
    for (const { status, body } of [...answers, later]) expect([status, body]).toEqual([200, later.body])
    expect(office.store.audit.entries().filter(({ event }) => event === 'activate')).toHaveLength(1)
  })

  it('ends the same when its answer, or the chain’s, was lost on the way', async () => {
    office.chain.away = 'after'
    for (let attempt = 0; attempt < 4; attempt++) {
      expect(await office.post(await keys.request(claim()))).toMatchObject({
        status: 503,
        headers: { 'retry-after': '5' },
        body: { error: 'chain-unavailable' },
      })
    }
    office.chain.away = undefined
    const { status, body } = await office.post(await keys.request(claim()))
    expect([status, body.epoch]).toEqual([200, 1])
  })

  it('waits for the chain to come back', async () => {
    office.chain.away = 'before'
    expect((await office.post(await keys.request(claim()))).body.error).toBe('chain-unavailable')
    expect(office.chain.keys.size).toBe(0)
    office.chain.away = undefined
    expect((await office.post(await keys.request(claim()))).status).toBe(200)
  })

  it('survives the service: the stored grant is answered after a restart', async () => {
    const { body } = await office.post(await keys.request(claim()))
    const second = await office.start()
    const again = await post(second.port, office.authority.caPem, await keys.request(claim()))
    await second.stop()
    expect(again.body).toEqual(body)
  })
})

describe('an enrolment is refused', () => {
  it('with a claim that nobody issued', async () => {
    const { status, body } = await office.post(await keys.request('00'.repeat(32)))
    expect([status, body.error]).toEqual([404, 'unknown-claim'])
  })

  it('with a claim that other keys used', async () => {
    await office.post(await keys.request(claim()))
    const thief = await gatewayKeys()
    expect(await office.post(await thief.request(claim()))).toMatchObject({
      status: 409,
      body: { error: 'claim-used' },
    })
    // the signing key of the first, but another key for the certificate
    const { csrPem } = await thief.request(claim())
    expect((await office.post(await keys.request(claim(), { csrPem }))).body.error).toBe('claim-used')
    expect(office.chain.keys.size).toBe(1)
  })

  it('with a proof by another key, or of another claim', async () => {
    const other = await gatewayKeys()
    for (const proof of [(await other.request(claim())).proof, (await keys.request(office.claim(1).claim)).proof]) {
      expect(await office.post(await keys.request(claim(), { proof }))).toMatchObject({
        status: 403,
        body: { error: 'bad-proof' },
      })
    }
    expect(siteOf()?.signingKey).toBeUndefined()
  })

  it('with a forged certificate request', async () => {
    const honest = (await keys.request(claim())).csrPem
    const der = Buffer.from(honest.split('\n').slice(1, -1).join(''), 'base64')
    der[der.length - 5] = (der[der.length - 5] ?? 0) ^ 1 // inside the signature
    const csrPem = `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----`
    const { status, body } = await office.post(await keys.request(claim(), { csrPem }))
    expect([status, body.error]).toEqual([403, 'bad-proof'])
    expect(siteOf()?.signingKey).toBeUndefined()
  })

  it.each(['rsa', 'P-521'] as const)('with a certificate request for a key of kind %s', async (kind) => {
    const csrPem = await csrOf(kind)
    const { status, body } = await office.post(await keys.request(claim(), { csrPem }))
    expect([status, body.error]).toEqual([400, 'malformed'])
  })

  it.each<[string, unknown, RegExp]>([
    ['no JSON', '{"claim"', /not JSON/],
    ['no object', [], /claim: expected a text/],
    ['a short claim', { claim: 'ab' }, /claim: expected 64 hex digits/],
    ['a signing key that is no hex', { signingKey: 'x'.repeat(64) }, /signingKey: expected 64 hex digits/],
    ['no proof', { proof: undefined }, /proof: expected a text/],
    ['no PEM', { csrPem: 'MIIB' }, /csrPem/],
    [
      'a PEM with rubbish',
      { csrPem: '-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----' },
      /csrPem/,
    ],
  ])('with %s', async (_name, wrong, message) => {
    const isWhole = typeof wrong === 'string' || Array.isArray(wrong)
    const body = isWhole ? wrong : { ...(await keys.request(claim())), ...(wrong as object) }
    const answer = await office.post(body)
    expect([answer.status, answer.body.error]).toEqual([400, 'malformed'])
    expect(answer.body.message).toMatch(message)
  })

  it('with a body that is too long', async () => {
    const answer = await office.post(await keys.request(claim(), { csrPem: 'x'.repeat(20_000) }))
    expect([answer.status, answer.body.error]).toEqual([413, 'malformed'])
  })
})

describe('a claim that is issued again', () => {
  it('replaces the former one and frees the site for other keys', async () => {
    office.chain.away = 'after' // the first keys reach the chain, but their gateway never hears of it
    const former = claim()
    await office.post(await keys.request(former))
    office.chain.away = undefined
    reissueClaim(office.store, office.claims, siteOf()?.site ?? '', { actor: 'operator', atMs: AT_MS })
    expect(claim()).not.toBe(former)
    expect((await office.post(await keys.request(former))).body.error).toBe('unknown-claim')
    const second = await gatewayKeys()
    const { body } = await office.post(await second.request(claim()))
    expect(body.epoch).toBe(office.chain.keys.get(siteOf()?.site ?? '')?.epoch)
    expect(office.chain.keys.get(siteOf()?.site ?? '')?.signingKey).toBe(second.signingKey)
  })

  it('is refused for a site that is enrolled', async () => {
    await office.post(await keys.request(claim()))
    expect(() =>
      reissueClaim(office.store, office.claims, siteOf()?.site ?? '', { actor: 'operator', atMs: AT_MS }),
    ).toThrow(/it is active/)
    expect(() =>
      reissueClaim(office.store, office.claims, '00'.repeat(16), { actor: 'operator', atMs: AT_MS }),
    ).toThrow(/unknown/)
  })
})

/** What a server that trusts only this CA learns of the gateway. */
async function handshake(grant: EnrolmentGrant, as: GatewayKeys): Promise<object> {
  const { authority } = office
  const { publicKey, privateKey } = (await import('node:crypto')).generateKeyPairSync('ec', {
    namedCurve: 'prime256v1',
  })
  const leaf = await authority.issue({
    ...{ commonName: 'server', usage: 'server', hosts: ['127.0.0.1'], validDays: 1 },
    publicKey: publicKey.export({ format: 'der', type: 'spki' }),
  })
  const key = privateKey.export({ format: 'pem', type: 'pkcs8' })
  const server = createServer({ ca: authority.caPem, cert: leaf.certificatePem, key, requestCert: true })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const { port } = server.address() as { port: number }
    const admitted = once(server, 'secureConnection')
    const client = tlsConnect({
      host: '127.0.0.1',
      port,
      ca: grant.caPem,
      cert: grant.certificatePem,
      key: as.tlsPrivateKeyPem,
    })
    const [socket] = (await admitted) as [TLSSocket]
    const { subject } = socket.getPeerCertificate()
    client.destroy()
    socket.destroy()
    return { ...subject }
  } finally {
    server.close()
  }
}
