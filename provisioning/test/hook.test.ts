import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts } from '../../test-support/ports.ts'
import { openGatekeeper, signatureOf } from '../src/adapters/gatekeeper.ts'
import type { GateAnswer, Told } from '../src/admission.ts'
import { issueServerCertificate } from '../src/authority/identities.ts'
import { reissueClaim } from '../src/claims.ts'
import { ABANDONED_AFTER_MS, abandonStale, gatewayOf } from '../src/fleet.ts'
import { AT_MS, gatewayKeys, type TestOffice, testOffice } from './fixtures/office.ts'

/** For tests alone. */
const SECRET = Buffer.from('5ec7e7'.repeat(8))
/** Machines are slow: only what never comes takes this long. */
const TIMEOUT_MS = 5_000
const SHORT_MS = 150

/** The utility's own system: a real server that keeps what it was told and answers as a test likes. */
let server: Server
let told: { readonly body: string; readonly headers: IncomingMessage['headers']; readonly method?: string }[]
let answer: (response: ServerResponse, request: IncomingMessage) => void
let unavailable: string[]
let time: { monotonicMs: number }

beforeEach(async () => {
  told = []
  unavailable = []
  time = { monotonicMs: 0 }
  answer = say(200, { allow: true })
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const { headers, method = '' } = request
    told.push({ body: Buffer.concat(chunks).toString('utf8'), headers, method })
    answer(response, request)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterEach(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
})

const say =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  (response: ServerResponse) => {
    response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
const urlOf = (of: { address(): unknown } = server) => `http://127.0.0.1:${(of.address() as AddressInfo).port}/gateways`
const gatekeeper = (url = urlOf(), timeoutMs = TIMEOUT_MS) =>
  openGatekeeper({
    ...{ url, secret: SECRET, timeoutMs, nowMs: () => AT_MS, monotonicMs: () => time.monotonicMs },
    onUnavailable: (why) => unavailable.push(why),
  })
const question = (requestId = 'r-1'): Told => ({
  ...{ event: 'enrolling', requestId, serial: 'pi-1', household: 'House 1', site: 's', gateway: 'g', atMs: AT_MS },
})
const signal = new AbortController().signal

describe('the utility’s own system', () => {
  it('is told who wants in, signed with the time', async () => {
    expect(await gatekeeper().ask(question(), signal)).toEqual({ answer: 'allowed' })
    const [{ body, headers, method } = { body: '', headers: {} }] = told
    expect([method, JSON.parse(body)]).toEqual(['POST', question()])
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'wattfleet-request-id': 'r-1',
      'wattfleet-timestamp': String(AT_MS / 1000),
      'wattfleet-signature': `v1=${signatureOf(SECRET, AT_MS / 1000, body)}`,
    })
    // RFC 4231 has no vector for this text: an independent computation (openssl dgst -sha256 -hmac)
    expect(signatureOf(Buffer.from('key'), 1, '{}')).toBe(
      '1ba6b8171186efc613e8bcc0cbdab2748f24984d7c5a84faa2637afa0e40d224',
    )
  })

  it.each<[string, unknown, GateAnswer]>([
    ['lets in', { allow: true, reason: 'of no interest' }, { answer: 'allowed' }],
    ['refuses', { allow: false, reason: 'no contract' }, { answer: 'refused', reason: 'no contract' }],
    ['refuses without a reason', { allow: false }, { answer: 'refused', reason: '' }],
    ['refuses at length', { allow: false, reason: 'x'.repeat(900) }, { answer: 'refused', reason: 'x'.repeat(200) }],
  ])('%s', async (_, body, expected) => {
    answer = say(200, body)
    expect(await gatekeeper().ask(question(), signal)).toEqual(expected)
    expect(unavailable).toEqual([])
  })

  it.each<[string, typeof answer, RegExp]>([
    ['a fault', say(500, { allow: true }), /answered 500/],
    ['that it is busy', say(503, { allow: true }), /answered 503/],
    ['that it does not know us', say(401, { allow: false }), /answered 401/],
    ['another success', say(201, { allow: true }), /answered 201/],
    ['nothing', say(204, ''), /answered 204/],
    ['an empty text', say(200, ''), /not JSON/],
    ['no JSON', say(200, '<html>allow: true</html>'), /not JSON/],
    [
      'half of it',
      (response) => response.writeHead(200, { 'content-length': '40' }).write('{"allow":'),
      /no answer within/,
    ],
    ['no object', say(200, 'true'), /no "allow"/],
    ['null', say(200, 'null'), /no "allow"/],
    ['a list', say(200, [{ allow: true }]), /no "allow"/],
    ['a word for yes', say(200, { allow: 'true' }), /no "allow"/],
    ['a number for yes', say(200, { allow: 1 }), /no "allow"/],
    ['nothing of it', say(200, { ok: true }), /no "allow"/],
    ['too much', say(200, { allow: true, padding: 'x'.repeat(8_192) }), /longer than 4096 bytes/],
    ['without an end', (response) => forever(response, 1), /longer than 4096 bytes/],
    ['in a trickle', (response) => forever(response, 20), /no answer within/],
    ['not at all', () => undefined, /no answer within/],
    ['by hanging up', (response) => response.socket?.destroy(), /hang up|ECONNRESET/],
    ['garbage instead of HTTP', (response) => response.socket?.end('allow: true\r\n\r\n'), /Parse Error/],
  ])('lets nobody in when it answers %s', async (_, misbehaviour, why) => {
    answer = misbehaviour
    const timeoutMs = why.source.startsWith('no answer') ? SHORT_MS : TIMEOUT_MS
    const begunMs = performance.now()
    expect(await gatekeeper(urlOf(), timeoutMs).ask(question(), signal)).toMatchObject({ answer: 'unavailable' })
    expect(performance.now() - begunMs).toBeLessThan(TIMEOUT_MS)
    expect(unavailable).toEqual([expect.stringMatching(why)])
  })

  it('is not followed to where it sends on', async () => {
    answer = (response, request) =>
      request.url === '/elsewhere'
        ? say(200, { allow: true })(response)
        : say(302, '', { location: `${urlOf().replace('/gateways', '')}/elsewhere` })(response)
    for (let n = 0; n < 2; n++) {
      expect(await gatekeeper().ask(question(), signal)).toEqual({ answer: 'unavailable', why: 'answered 302' })
    }
    expect(told).toHaveLength(2)
  })

  it('lets nobody in when nobody is there, or nobody who is trusted', async () => {
    const [nobody = 0] = await freePorts(1)
    expect(await gatekeeper(`http://127.0.0.1:${nobody}/`).ask(question(), signal)).toMatchObject({
      ...{ answer: 'unavailable', why: expect.stringContaining('ECONNREFUSED') },
    })
    const office = await testOffice()
    const { certificatePem, privateKeyPem } = await issueServerCertificate(office.authority, { commonName: 'hook' })
    // an authority that this computer does not trust
    const https = createHttpsServer({ cert: certificatePem, key: privateKeyPem }, (_, response) =>
      say(200, { allow: true })(response),
    )
    https.listen(0, '127.0.0.1')
    await once(https, 'listening')
    const url = urlOf(https).replace('http:', 'https:')
    expect(await gatekeeper(url).ask(question(), signal)).toMatchObject({
      ...{ answer: 'unavailable', why: expect.stringMatching(/certificate/) },
    })
    https.closeAllConnections()
    await new Promise((resolve) => https.close(resolve))
    await office.close()
  })

  it('lets nobody in when a stranger takes the connection and says nothing', async () => {
    const silent = createTcpServer((socket) => socket.on('error', () => undefined).resume())
    silent.listen(0, '127.0.0.1')
    await once(silent, 'listening')
    expect(await gatekeeper(urlOf(silent), SHORT_MS).ask(question(), signal)).toMatchObject({
      why: 'no answer within 150 ms',
    })
    await new Promise((resolve) => silent.close(resolve))
  })

  it('is left alone for a while after no answer, by this enrolment and not by others', async () => {
    const gate = gatekeeper()
    answer = say(500, '')
    for (let n = 0; n < 5; n++) expect(await gate.ask(question(), signal)).toMatchObject({ why: 'answered 500' })
    expect([told.length, unavailable.length]).toEqual([1, 1])
    answer = say(200, { allow: true })
    expect(await gate.ask(question('r-2'), signal)).toEqual({ answer: 'allowed' })
    time.monotonicMs += 9_999
    expect(await gate.ask(question(), signal)).toMatchObject({ answer: 'unavailable' })
    time.monotonicMs += 1
    expect(await gate.ask(question(), signal)).toEqual({ answer: 'allowed' })
  })

  it('is told what has happened, and has heard it when it says so', async () => {
    for (const status of [200, 202, 204]) {
      answer = say(status, '')
      expect(await gatekeeper().tell({ ...question(), event: 'suspend' }, signal)).toBeUndefined()
    }
    expect(JSON.parse(told[2]?.body ?? '')).toMatchObject({ event: 'suspend', household: 'House 1' })
    for (const status of [301, 400, 500]) {
      answer = say(status, '')
      expect(await gatekeeper().tell(question(), signal)).toBe(`answered ${status}`)
    }
  })

  it('is asked so many things at once, and no more', async () => {
    const gate = gatekeeper(urlOf(), 1_000)
    answer = () => undefined
    const asked = Array.from({ length: 20 }, (_, n) => gate.ask(question(`r-${n}`), signal))
    const whys = (await Promise.all(asked)).map((one) => (one.answer === 'unavailable' ? one.why : one.answer))
    expect(whys.filter((why) => why === 'too many questions are under way')).toHaveLength(4)
    expect(told).toHaveLength(16)
  })
})

/** Bytes without an end, some every so many milliseconds. */
function forever(response: ServerResponse, everyMs: number): void {
  response.writeHead(200)
  const timer = setInterval(() => response.write(everyMs === 1 ? 'x'.repeat(600) : ' '), everyMs)
  response.on('close', () => clearInterval(timer))
}

describe('an enrolment that the utility’s own system is asked about', () => {
  let office: TestOffice
  const start = async (settings: { approval?: boolean } = {}) => {
    office = await testOffice(2, { ...settings, gatekeeper: gatekeeper() })
    return gatewayKeys('pi-1')
  }
  const ask = async (keys: Awaited<ReturnType<typeof gatewayKeys>>) =>
    office.post(await keys.request(office.claim().claim))
  const events = () => office.store.audit.entries().map(({ actor, event }) => `${actor} ${event}`)
  afterEach(() => office.close())

  it('goes on when it is let in, asked once, however long the chain is away', async () => {
    const keys = await start()
    office.chain.away = 'before'
    for (let n = 0; n < 3; n++) expect((await ask(keys)).body.error).toBe('chain-unavailable')
    office.chain.away = undefined
    expect((await ask(keys)).status).toBe(200)
    expect((await ask(keys)).status).toBe(200)
    expect(told).toHaveLength(1)
    const { serial, household, site, gateway } = gatewayOf(office.store, 'pi-1')
    expect(JSON.parse(told[0]?.body ?? '')).toMatchObject({ event: 'enrolling', serial, household, site, gateway })
    expect(events().slice(-3)).toEqual(['gateway claim', 'utility utility-allowed', 'service activate'])
  })

  it('is refused for good, with the reason, which is in no log; another claim asks again', async () => {
    const keys = await start()
    answer = say(200, { allow: false, reason: 'Mrs. Smith has no contract' })
    for (let n = 0; n < 3; n++) {
      expect(await ask(keys)).toMatchObject({
        status: 403,
        body: { error: 'refused-by-utility', message: 'Mrs. Smith has no contract' },
      })
    }
    expect([told.length, office.chain.keys.size, gatewayOf(office.store, 'pi-1').state]).toEqual([1, 0, 'claimed'])
    expect(JSON.stringify(office.store.audit.entries())).not.toContain('Smith')
    expect(events().at(-1)).toBe('utility utility-refused')
    answer = say(200, { allow: true })
    reissueClaim(office.store, office.claims, gatewayOf(office.store, 'pi-1').site, { actor: 'operator', atMs: AT_MS })
    expect((await ask(keys)).status).toBe(200)
    const ids = told.map(({ headers }) => headers['wattfleet-request-id'])
    expect(new Set(ids).size).toBe(2)
  })

  it('waits while there is no answer, asks again with the same id, and nobody hammers', async () => {
    const keys = await start()
    answer = say(500, { allow: true })
    for (let n = 0; n < 3; n++) {
      expect(await ask(keys)).toMatchObject({
        status: 503,
        headers: { 'retry-after': '5' },
        body: { error: 'utility-unavailable' },
      })
    }
    expect([told.length, office.chain.keys.size]).toEqual([1, 0])
    answer = say(200, { allow: true })
    time.monotonicMs += 10_000
    expect((await ask(keys)).status).toBe(200)
    const ids = told.map(({ headers }) => headers['wattfleet-request-id'])
    expect([ids.length, new Set(ids).size]).toEqual([2, 1])
  })

  it('is not asked about before somebody has approved it, nor about a gateway that was given up', async () => {
    const keys = await start({ approval: true })
    expect((await ask(keys)).body.error).toBe('awaiting-approval')
    expect(told).toHaveLength(0)
    await office.close()
    const other = await start()
    answer = say(200, { allow: false })
    await ask(other)
    abandonStale(office.store, AT_MS + ABANDONED_AFTER_MS)
    // other keys of the freed claim are another enrolment
    answer = say(200, { allow: true })
    expect((await ask(await gatewayKeys('pi-1'))).status).toBe(200)
    expect(told).toHaveLength(2)
  })

  it('is not let in by an answer to a question of before', async () => {
    const keys = await start()
    answer = (response) => {
      reissueClaim(office.store, office.claims, gatewayOf(office.store, 'pi-1').site, {
        actor: 'operator',
        atMs: AT_MS,
      })
      say(200, { allow: true })(response)
    }
    expect((await ask(keys)).body.error).toBe('unknown-claim')
    expect(gatewayOf(office.store, 'pi-1')).toMatchObject({ state: 'expected', admission: undefined })
    expect(office.chain.keys.size).toBe(0)
  })
})
