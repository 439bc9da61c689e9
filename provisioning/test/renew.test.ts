import { X509Certificate } from 'node:crypto'
import { type EnrolmentGrant, RENEWAL_REFUSALS } from '@wattfleet/protocol'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openRequest } from '../src/authority/request.ts'
import { gatewayOf, type OperatorEvent, take } from '../src/fleet.ts'
import {
  AT_MS,
  csrOf,
  type GatewayKeys,
  gatewayKeys,
  serialIn,
  setDevices,
  type TestOffice,
  testOffice,
} from './fixtures/office.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS
let office: TestOffice
let keys: GatewayKeys
let first: EnrolmentGrant
beforeEach(async () => {
  office = await testOffice(2)
  keys = await gatewayKeys('pi-1')
  first = (await office.post(await keys.request(office.claim().claim))).body
  office.time.nowMs += 60 * DAY_MS
})
afterEach(() => office.close())

const renew = (body: unknown) => office.post(body, '/v1/renew')
const prove = (grant: EnrolmentGrant) => office.post(keys.provenWord(grant), '/v1/renew/proven')
const site = () => gatewayOf(office.store, 'pi-1')
const say = (event: OperatorEvent) => take(office.store, 'pi-1', event, { actor: 'operator', atMs: AT_MS })
const fingerprint = ({ certificatePem }: EnrolmentGrant) =>
  new X509Certificate(certificatePem).fingerprint256.replaceAll(':', '').toLowerCase()
const refused = () => office.store.refusedCertificates(Date.now())
const events = () => office.store.audit.entries().map(({ event }) => event)

describe('a renewal', () => {
  it('brings a certificate for the new key, and what may have changed since; the former works on', async () => {
    const request = await keys.renewal(first)
    const { status, body } = await renew(request)
    expect(status).toBe(200)
    const leaf = new X509Certificate(body.certificatePem)
    expect(leaf.subject).toBe(`CN=${first.gateway}\nOU=gateway`)
    expect({ ...body, certificatePem: '' }).toEqual({ ...first, certificatePem: '' })
    expect(leaf.publicKey.equals(new X509Certificate(first.certificatePem).publicKey)).toBe(false)
    expect(refused()).toEqual([])
    expect(events().slice(-2)).toEqual(['activate', 'renew'])
    expect(office.store.audit.entries().at(-1)).toMatchObject({
      actor: 'gateway',
      detail: { serial: serialIn(body), replaces: serialIn(first) },
    })
  })

  it('brings what the manifest knows of the devices, also to a gateway whose grant is of before, and takes back what it knew', async () => {
    setDevices(office, 'pi-1', { meter: 'abb-b23', meterAddress: '192.168.1.20' })
    const { body: next } = await renew(await keys.renewal(first))
    expect(first.devices).toBeUndefined()
    expect(next.devices).toEqual({ meter: { model: 'abb-b23', host: '192.168.1.20', port: 502 } })
    await prove(next)
    office.time.nowMs += 60 * DAY_MS
    setDevices(office, 'pi-1', {})
    const { body: last } = await renew(await keys.renewal(next))
    expect('devices' in last).toBe(false)
  })

  it('is the same again for the same request, however often, at once, and after a restart', async () => {
    const request = await keys.renewal(first)
    const answers = await Promise.all([1, 2, 3].map(() => renew(request)))
    const second = await office.start()
    answers.push(await renew(request))
    await second.stop()
    for (const { status, body } of answers) expect([status, body]).toEqual([200, answers[0]?.body])
    expect(events().filter((event) => event === 'renew')).toHaveLength(1)
  })

  it('puts the former out of force once the new one has worked, and says so once', async () => {
    const { body: next } = await renew(await keys.renewal(first))
    for (let again = 0; again < 3; again++) expect((await prove(next)).status).toBe(200)
    expect(refused()).toEqual([fingerprint(first)])
    expect(site().grant).toEqual(next)
    expect(events().filter((event) => event === 'proven')).toHaveLength(1)
    // and the next one starts from it
    office.time.nowMs += 60 * DAY_MS
    expect((await renew(await keys.renewal(first))).body.error).toBe('unknown-certificate')
    expect((await renew(await keys.renewal(next))).status).toBe(200)
  })

  it('takes a renewal of the new certificate for the word that it works', async () => {
    const { body: next } = await renew(await keys.renewal(first))
    office.time.nowMs += 60 * DAY_MS
    expect((await renew(await keys.renewal(next))).status).toBe(200)
    expect(refused()).toEqual([fingerprint(first)])
  })

  it('works for a certificate that has been over for a year', async () => {
    office.time.nowMs += 500 * DAY_MS
    expect((await renew(await keys.renewal(first))).status).toBe(200)
  })

  it('does not wait for a chain that is away', async () => {
    office.chain.away = 'before'
    const { status, body } = await renew(await keys.renewal(first))
    expect([status, body.rules]).toEqual([200, first.rules])
  })

  it('for another key replaces the one that was not proven, which can never come back', async () => {
    const lost = await keys.renewal(first)
    const { body: lostGrant } = await renew(lost)
    expect((await renew(await keys.renewal(first))).status).toBe(429)
    office.time.nowMs += HOUR_MS
    const { body: next } = await renew(await keys.renewal(first))
    expect(refused()).toEqual([fingerprint(lostGrant)])
    expect((await renew(lost)).body.error).toBe('key-used')
    expect((await prove(lostGrant)).body.error).toBe('unknown-certificate')
    expect((await prove(next)).status).toBe(200)
    expect(refused()).toEqual([fingerprint(first), fingerprint(lostGrant)].sort())
  })

  it('of one that is suspended is answered, and none of its certificates is let in', async () => {
    say('suspend')
    const { body: next } = await renew(await keys.renewal(first))
    expect(refused()).toEqual([fingerprint(first), fingerprint(next)].sort())
    say('resume')
    expect(refused()).toEqual([])
  })

  it('dies with its gateway', async () => {
    const request = await keys.renewal(first)
    const { body: next } = await renew(request)
    say('revoke')
    expect(refused()).toEqual([fingerprint(first), fingerprint(next)].sort())
    expect((await renew(request)).body.error).toBe('revoked')
    expect((await prove(next)).body.error).toBe('revoked')
  })

  it('is not taken while its gateway is stopped, at whatever moment', async () => {
    const issue = office.authority.issue
    // between what was looked up and what is stored
    Object.assign(office.authority, {
      issue: async (request: Parameters<typeof issue>[0]) => {
        const leaf = await issue(request)
        say('revoke')
        return leaf
      },
    })
    expect((await renew(await keys.renewal(first))).body.error).toBe('unknown-certificate')
    expect(office.store.certificatesOf(site().site).every(({ isInForce }) => !isInForce)).toBe(true)
  })
})

describe('a renewal is refused', () => {
  it.each<[string, OperatorEvent, number, string]>([
    ['revoked', 'revoke', 403, 'revoked'],
    ['retired', 'retire', 403, 'retired'],
  ])('to one that is %s', async (_state, event, status, error) => {
    const request = await keys.renewal(first)
    say(event)
    expect(await renew(request)).toMatchObject({ status, body: { error } })
  })

  it('to one that is quarantined', async () => {
    office.store.move(site().site, 'conflict', { actor: 'gateway', atMs: AT_MS })
    expect(await renew(await keys.renewal(first))).toMatchObject({ status: 403, body: { error: 'quarantined' } })
  })

  it('to a stranger, for another gateway, and for another certificate', async () => {
    const stranger = await gatewayKeys('pi-2')
    expect((await renew(await stranger.renewal(first))).body.error).toBe('bad-proof')
    const { gateway } = gatewayOf(office.store, 'pi-2')
    expect((await renew(await keys.renewal(first, { gateway }))).body.error).toBe('bad-proof')
    expect((await renew(await keys.renewal(first, { gateway: 'a'.repeat(26) }))).body.error).toBe('unknown-gateway')
    expect((await renew(await keys.renewal(first, { certificate: '00'.repeat(16) }))).body.error).toBe(
      'unknown-certificate',
    )
  })

  it('where anything that was signed was changed', async () => {
    const { csrPem } = await keys.renewal(first)
    const request = await keys.renewal(first)
    expect((await renew({ ...request, csrPem })).body.error).toBe('bad-proof')
    expect((await renew({ ...request, certificate: '4242' })).body.error).toBe('bad-proof')
    const word = keys.provenWord(first)
    expect((await office.post({ ...word, certificate: '4242' }, '/v1/renew/proven')).body.error).toBe('bad-proof')
    // a signature for the one is none for the other
    expect((await renew({ ...request, proof: word.proof })).body.error).toBe('bad-proof')
  })

  it('for the key of the certificate that it has, and for keys of another kind', async () => {
    const { csrPem } = await keys.request(office.claim().claim)
    expect(await renew(await keys.renewal(first, { csrPem }))).toMatchObject({
      status: 409,
      body: { error: 'key-used' },
    })
    expect((await renew(await keys.renewal(first, { csrPem: await csrOf('rsa') }))).body.error).toBe('malformed')
  })

  it('within an hour after a certificate was issued', async () => {
    const { body: next } = await renew(await keys.renewal(first))
    await prove(next)
    office.time.nowMs += HOUR_MS - 1
    expect(await renew(await keys.renewal(next))).toMatchObject({
      status: 429,
      headers: { 'retry-after': '3600' },
      body: { error: 'too-soon' },
    })
    office.time.nowMs += 1
    expect((await renew(await keys.renewal(next))).status).toBe(200)
  })
})

describe('whatever is sent', () => {
  it('to the renewal gets an answer of the contract, and nothing changes', { timeout: 60_000 }, async () => {
    const good = await keys.renewal(first)
    const before = office.store.version()
    const odd = fc.oneof(
      fc.json(),
      fc.string(),
      fc.record({ gateway: fc.anything(), certificate: fc.anything(), csrPem: fc.anything(), proof: fc.anything() }),
      fc
        .tuple(fc.constantFrom('gateway', 'certificate', 'csrPem', 'proof'), fc.oneof(fc.string(), fc.constant(null)))
        .map(([field, value]) => ({ ...good, [field]: value })),
    )
    await fc.assert(
      fc.asyncProperty(odd, fc.constantFrom('/v1/renew', '/v1/renew/proven'), async (body, path) => {
        const { status, body: said } = await office.post(typeof body === 'string' ? body : safely(body), path)
        expect([400, 403, 404]).toContain(status)
        expect(RENEWAL_REFUSALS).toContain(said.error)
      }),
      { numRuns: 150 },
    )
    expect(office.store.version()).toBe(before)
  })

  it('as a certificate request is opened or refused, never a crash', { timeout: 60_000 }, async () => {
    const { csrPem } = await keys.renewal(first)
    const bytes = Buffer.from(csrPem.replace(/-----[^-]+-----/g, ''), 'base64')
    const pem = (der: Uint8Array) =>
      `-----BEGIN CERTIFICATE REQUEST-----\n${Buffer.from(der).toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`
    expect((await openRequest(pem(bytes))).ok).toBe(true)
    const bent = fc.oneof(
      fc.uint8Array({ maxLength: 600 }),
      // one byte another
      fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })).map(([at, by]) => {
        const copy = Uint8Array.from(bytes)
        copy[at] = (copy[at] ?? 0) ^ by
        return copy
      }),
      // cut, or doubled
      fc.nat(bytes.length - 1).map((length) => bytes.subarray(0, length)),
      fc.nat(bytes.length).map((at) => Buffer.concat([bytes.subarray(0, at), bytes])),
    )
    await fc.assert(
      fc.asyncProperty(bent, async (der) => {
        const opened = await openRequest(pem(der))
        // whatever still opens is signed by its own key
        if (opened.ok) expect(opened.publicKey.length).toBeGreaterThan(80)
        else expect(['malformed', 'bad-proof']).toContain(opened.error)
      }),
      { numRuns: 1_500 },
    )
    await fc.assert(
      fc.asyncProperty(fc.string({ maxLength: 9_000, size: 'max' }), async (text) => {
        expect((await openRequest(text)).ok).toBe(false)
      }),
      { numRuns: 200 },
    )
  })
})

/** JSON of what fast-check made, which may hold what JSON cannot. */
function safely(value: unknown): string {
  try {
    return JSON.stringify(value, (_key, one) => (typeof one === 'bigint' ? Number(one) : one)) ?? 'null'
  } catch {
    return '{}'
  }
}
