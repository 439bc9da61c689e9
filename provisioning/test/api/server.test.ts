import { request as httpsRequest, type RequestOptions } from 'node:https'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { OPERATIONS, type Operation } from '../../src/api/operations.ts'
import { mayDo, ROLE_NAMES, type Role } from '../../src/core/roles.ts'
import { type TestApi, testApi } from '../fixtures/api.ts'
import { AT_MS, gatewayKeys, setDevices, type TestOffice, testOffice } from '../fixtures/office.ts'

let office: TestOffice
let api: TestApi
beforeEach(async () => {
  office = await testOffice(3, { approval: true })
  api = await testApi(office)
})
afterEach(async () => {
  await api.stop()
  await office.close()
})

// biome-ignore lint/suspicious/noExplicitAny: whatever the API answered is what the test looks at
type Answer = { status: number; headers: Record<string, unknown>; body: any }

function call(
  method: string,
  path: string,
  role?: Role | { token: string },
  body?: unknown,
  type = 'application/json',
): Promise<Answer> {
  const token = typeof role === 'string' ? api.tokenOf(role) : role?.token
  const options: RequestOptions = {
    ...{ host: '127.0.0.1', port: api.port, ca: office.authority.caPem, method, path, agent: false },
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': type }),
    },
  }
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8')
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: JSON.parse(text) })
      })
    })
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body))
  })
}
const get = (path: string, role: Role = 'admin') => call('GET', path, role)
const post = (path: string, body?: unknown, role: Role = 'admin') => call('POST', path, role, body)

/** The n-th house's gateway enrolled, and let in. */
async function enrolled(n = 0) {
  const serial = `pi-${n + 1}`
  const keys = await gatewayKeys(serial)
  const { claim } = office.claim(n)
  await office.post(await keys.request(claim))
  await post(`/v1/gateways/${serial}/approve`)
  expect((await office.post(await keys.request(claim))).status).toBe(200)
  return office.store.siteBySerial(serial) ?? expect.fail('it is gone')
}

describe('who may call', () => {
  it.each(Object.entries(OPERATIONS).filter(([, { right }]) => right !== undefined) as [string, Operation][])(
    '%s: roles with its right, and nobody else',
    async (_id, { method, path, right }) => {
      const at = path.replace('{id}', 'nobody')
      expect((await call(method, at)).status).toBe(401)
      expect((await call(method, at, { token: `wftoken_${'A'.repeat(43)}` })).status).toBe(401)
      for (const role of ROLE_NAMES) {
        const { status } = await call(method, at, role)
        const isLetIn = right === 'any-token' || (right !== undefined && mayDo(role, right))
        if (isLetIn) expect(status, role).not.toBe(403)
        else expect(status, role).toBe(403)
      }
    },
  )

  it('nobody whose token is over or was revoked, from that moment on', async () => {
    const token = { token: api.tokenOf('viewer') }
    expect((await call('GET', '/v1/fleet', token)).status).toBe(200)
    office.time.nowMs = AT_MS + 30 * 86_400_000
    expect((await call('GET', '/v1/fleet', token)).status).toBe(401)
    office.time.nowMs = AT_MS
    const revoked = await post('/v1/tokens/the-viewer/revoke', { reason: 'left' })
    expect(revoked.body.items.find(({ name }: { name: string }) => name === 'the-viewer').isRevoked).toBe(true)
    const after = await call('GET', '/v1/fleet', token)
    expect(after.status).toBe(401)
    expect(after.headers['www-authenticate']).toBe('Bearer realm="wattfleet"')
  })

  it('an admin makes tokens, whose secret nobody sees again; a name is given once', async () => {
    const created = await post('/v1/tokens', { name: 'noc', role: 'operator', days: 7 })
    expect(created).toMatchObject({ status: 200, body: { name: 'noc', role: 'operator' } })
    expect(created.headers['cache-control']).toBe('no-store')
    expect((await call('GET', '/v1/whoami', created.body)).body).toMatchObject({
      name: 'noc',
      rights: ['read', 'households', 'audit', 'operate'],
    })
    expect(JSON.stringify((await get('/v1/tokens')).body)).not.toContain(created.body.token)
    await post('/v1/tokens/noc/revoke')
    expect((await post('/v1/tokens', { name: 'noc', role: 'viewer' })).status).toBe(409)
    expect((await post('/v1/tokens/the-admin/revoke')).status).toBe(409)
    expect((await post('/v1/tokens/nobody/revoke')).status).toBe(404)
    expect((await post('/v1/tokens', { name: 'No Caps', role: 'king' })).body.errors).toHaveLength(2)
  })
})

describe('the fleet', () => {
  it('in figures', async () => {
    const { gateway } = await enrolled()
    office.store.statuses.put([
      {
        ...{ gateway, receivedMs: AT_MS - 1_000, epoch: 1, version: '0.1.0', config: 0, clock: 'trusted' },
        ...{ clockOffsetMs: 3, meter: 'missing', findings: [], isAway: false },
        devices: { meter: 'none', inverter: 'none', reason: 'grant: meter: expected a port' },
      },
    ])
    const { body } = await get('/v1/fleet', 'viewer')
    expect(body).toMatchObject({
      ...{ gateways: 3, well: 0, versions: [{ version: '0.1.0', gateways: 1 }] },
      states: { expected: 2, active: 1, retired: 0 },
      concerns: { 'meter-missing': 1, 'device-not-configured': 1 },
      lastSeen: { minutes5: 1, never: 0 },
    })
    setDevices(office, 'pi-1', { meter: 'abb-b23', meterAddress: '192.168.1.20', meterUnit: 3 })
    const { body: page } = await get('/v1/gateways?concern=device-not-configured', 'viewer')
    expect(page.items).toEqual([
      expect.objectContaining({
        ...{ serial: 'pi-1', meter: 'abb-b23', meterAddress: '192.168.1.20', meterUnit: 3, inverter: null },
        seen: expect.objectContaining({
          devices: { meter: 'none', inverter: 'none', reason: 'grant: meter: expected a port' },
        }),
      }),
    ])
  })

  it('a page at a time, without households for who may not know them', async () => {
    office.store.tags.tag(office.store.sites()[0]?.site ?? '', 'pilot', { actor: 'operator', atMs: AT_MS })
    const first = await get('/v1/gateways?limit=2', 'operator')
    expect(first.body).toMatchObject({
      total: 3,
      next: expect.stringMatching(/^pi-2 /),
      items: [
        { serial: 'pi-1', household: 'House 1', state: 'expected', tags: ['pilot'], seen: null },
        { serial: 'pi-2', household: 'House 2' },
      ],
    })
    const second = await get(`/v1/gateways?limit=2&after=${encodeURIComponent(first.body.next)}`, 'viewer')
    expect(second.body).toMatchObject({ next: null, items: [{ serial: 'pi-3' }] })
    expect(JSON.stringify(second.body)).not.toContain('House')
    expect((await get('/v1/gateways?text=house%202', 'support')).body.total).toBe(1)
    expect((await get('/v1/gateways?text=house%202', 'auditor')).body.total).toBe(0)
    expect((await get('/v1/gateways?tag=pilot')).body.total).toBe(1)
  })

  it('refuses a query that it does not know, and names what is wrong', async () => {
    const { status, headers, body } = await get('/v1/gateways?state=happy&limit=0&colour=red')
    expect(status).toBe(400)
    expect(headers['content-type']).toContain('application/problem+json')
    expect(body.errors.map(({ field }: { field: string }) => field).sort()).toEqual(['colour', 'limit', 'state'])
  })

  it('tells a gateway’s story, from the manifest to its last trade', async () => {
    const { site } = await enrolled()
    api.trades = async (of) => ({
      trades: [{ atMs: AT_MS, clock: 'market', event: 'sold', detail: { site: of, energyWh: 12 } }],
      isCut: true,
    })
    const { body } = await get('/v1/gateways/pi-1/story', 'auditor')
    expect(body.life.map(({ event, actor }: { event: string; actor: string }) => `${actor} ${event}`)).toEqual([
      ...['operator imported', 'gateway claim', 'api/the-admin approve', 'service activate'],
    ])
    expect(body.market).toMatchObject({ isCut: true, trades: [{ event: 'sold', detail: { site, energyWh: 12 } }] })
    expect(JSON.stringify(body)).not.toContain('House')
    api.trades = () => Promise.reject(new Error('it is asleep'))
    expect((await get(`/v1/gateways/${site}/story`)).body.market).toEqual({ unavailable: 'it is asleep' })
    expect((await get('/v1/gateways/pi-9/story')).status).toBe(404)
  })
})

describe('what an operator does', () => {
  it('is in the log with name and reason, and at the broker at once', async () => {
    const { site } = await enrolled()
    const { body } = await post('/v1/gateways/pi-1/suspend', { reason: 'moving house' }, 'operator')
    expect(body).toMatchObject({ serial: 'pi-1', state: 'suspended' })
    expect(office.store.refusedCertificates(AT_MS)).toHaveLength(1)
    expect(office.store.audit.entriesOf(site).at(-1)).toMatchObject({
      ...{ actor: 'api/the-operator', event: 'suspend', detail: { reason: 'moving house' } },
    })
    expect((await post('/v1/gateways/pi-1/suspend', undefined, 'operator')).status).toBe(200) // said again
    expect(await post('/v1/gateways/pi-2/resume', undefined, 'operator')).toMatchObject({
      status: 409,
      body: { detail: expect.stringContaining('it is expected') },
    })
  })

  it('gives a new claim to whoever asks for it, this once', async () => {
    const before = office.claim()
    const { body } = await post('/v1/gateways/pi-1/reissue', undefined, 'operator')
    expect(body).toEqual({ serial: 'pi-1', claim: office.claim() })
    expect(body.claim.claim).not.toBe(before.claim)
  })

  it('to many is shown first, and done as it was shown or not at all', async () => {
    await enrolled(0)
    await enrolled(1)
    const select = { text: 'pi-' }
    const preview = await post('/v1/bulk/preview', { event: 'suspend', select }, 'operator')
    expect(preview.body).toMatchObject({
      will: [
        { serial: 'pi-1', from: 'active', to: 'suspended' },
        { serial: 'pi-2', from: 'active', to: 'suspended' },
      ],
      refused: [{ serial: 'pi-3', reason: expect.stringContaining('it is expected') }],
    })
    const ask = { event: 'suspend', select, digest: preview.body.digest, reason: 'storm' }
    await post('/v1/gateways/pi-2/revoke')
    const stale = await post('/v1/bulk', ask, 'operator')
    expect(stale).toMatchObject({ status: 409, body: { plan: { will: [{ serial: 'pi-1' }] } } })
    expect(office.store.siteBySerial('pi-1')?.state).toBe('active')
    const { digest } = stale.body.plan
    expect((await post('/v1/bulk', { ...ask, digest }, 'operator')).body).toEqual({ done: ['pi-1'], failed: [] })
    expect(office.store.siteBySerial('pi-1')?.state).toBe('suspended')
    // said again, nothing is left to do; its preview says so
    const again = await post('/v1/bulk/preview', { event: 'suspend', select: { serials: ['pi-1'] } })
    expect(again.body).toMatchObject({ will: [], already: ['pi-1'] })
  })

  it('to many takes the right that it takes to one, and a selection that means something', async () => {
    const select = { state: 'expected' }
    const { digest } = (await post('/v1/bulk/preview', { event: 'retire', select })).body
    expect((await post('/v1/bulk', { event: 'retire', select, digest }, 'operator')).status).toBe(403)
    expect((await post('/v1/bulk', { event: 'retire', select: {}, digest })).status).toBe(400)
    expect((await post('/v1/bulk/preview', { event: 'retire', select: { serials: ['pi-1', 'pi-8'] } })).status).toBe(
      404,
    )
    expect((await post('/v1/bulk', { event: 'retire', select, digest })).body.done).toEqual(['pi-1', 'pi-2', 'pi-3'])
  })

  it('lets many in that wait', async () => {
    for (const n of [0, 1]) await office.post(await (await gatewayKeys(`pi-${n + 1}`)).request(office.claim(n).claim))
    const select = { concern: 'awaiting-approval' }
    const { digest, will } = (await post('/v1/bulk/preview', { event: 'approve', select }, 'operator')).body
    expect(will).toHaveLength(2)
    expect((await post('/v1/bulk', { event: 'approve', select, digest }, 'operator')).body.done).toHaveLength(2)
    expect((await get('/v1/fleet')).body.concerns).toEqual({})
  })
})

describe('what comes in, comes back and leaves', () => {
  const rows = (...lines: string[]) =>
    ['serial,household,site,member,zone,capImportWh,capExportWh', ...lines, ''].join('\n')
  const send = (text: string, query = '', type = 'text/csv') =>
    call('POST', `/v1/manifest${query}`, 'operator', text, type)

  it('takes a manifest as the command line does: looked at, refused by rows, or all of it', async () => {
    const list = rows(`pi-7,House 7,,${'7'.repeat(64)},1,3000,2500`)
    expect((await send(list, '?dryRun=true')).body).toEqual({ added: 1, known: 0, left: 0 })
    expect(office.store.siteBySerial('pi-7')).toBeUndefined()
    expect((await send(list)).body).toEqual({ added: 1, known: 0, left: 0 })
    expect((await send(list)).body).toEqual({ added: 0, known: 1, left: 0 })
    const bad = await send(rows('pi-8,=cmd(),,xx,1,3000,2500'))
    expect(bad).toMatchObject({ status: 422, body: { detail: expect.stringMatching(/manifest\.csv:2: .*\n/) } })
    expect((await send(list, '', 'text/plain')).status).toBe(415)
    expect((await send(list, '', 'application/json')).status).toBe(400)
    expect((await call('POST', '/v1/manifest', 'viewer', list, 'text/csv')).status).toBe(403)
  })

  it('lets a gateway back in that was reset, by the keys that an operator names', async () => {
    await office.close()
    await api.stop()
    office = await testOffice(1, { reset: 'approve' })
    api = await testApi(office)
    const claim = office.claim().claim
    await office.post(await (await gatewayKeys('pi-1')).request(claim))
    const others = await gatewayKeys('pi-1')
    expect((await office.post(await others.request(claim))).status).toBe(202)
    expect((await get('/v1/fleet')).body.concerns['reset-asked']).toBe(1)
    const [waiting] = (await get('/v1/resets', 'viewer')).body.items
    expect(waiting).toMatchObject({ serial: 'pi-1', signingKey: others.signingKey })
    expect((await post('/v1/gateways/pi-1/reset/approve', { key: '00'.repeat(32) })).status).toBe(409)
    expect((await post('/v1/gateways/pi-1/reset/approve', { key: others.signingKey })).status).toBe(200)
    expect((await office.post(await others.request(claim))).status).toBe(200)
    expect((await get('/v1/resets')).body.items).toEqual([])
    expect((await post('/v1/gateways/pi-1/reset/refuse')).status).toBe(409)
  })

  it('takes a gateway to another household, and keeps what it was in the former', async () => {
    const { site } = await enrolled()
    const home = { household: 'House 9', member: '9'.repeat(64) }
    expect((await post('/v1/gateways/pi-1/transfer', home, 'operator')).status).toBe(403)
    expect((await post('/v1/gateways/pi-1/transfer', { household: '=1+1', member: 'x' })).body.errors).toHaveLength(2)
    const { body } = await post('/v1/gateways/pi-1/transfer', { ...home, reason: 'sold' })
    expect(body).toMatchObject({
      from: { site, state: 'retired', movedOn: true },
      to: { serial: 'pi-1', household: 'House 9', state: 'expected', movedOn: false },
      claim: { claim: office.claim(3).claim },
    })
    expect((await get('/v1/gateways/pi-1')).body.site).toBe(body.to.site)
    const pages = (await get('/v1/gateways?text=pi-1')).body
    expect(pages.items.map((one: { movedOn: boolean }) => one.movedOn).sort()).toEqual([false, true])
    expect((await get(`/v1/gateways/${site}/story`)).body.life.at(-1).event).toBe('transfer')
    expect((await post(`/v1/gateways/${site}/forget`)).body.household).toBe('')
    expect((await post(`/v1/gateways/pi-2/forget`)).status).toBe(409)
  })

  it('puts words on gateways, and takes them off', async () => {
    expect((await post('/v1/gateways/pi-2/tag', { tag: 'north' }, 'operator')).body.tags).toEqual(['north'])
    expect((await get('/v1/gateways?tag=north')).body.total).toBe(1)
    expect((await post('/v1/gateways/pi-2/untag', { tag: 'north' })).body.tags).toEqual([])
    expect((await post('/v1/gateways/pi-2/tag', { tag: 'No Such Word' })).status).toBe(400)
  })
})

describe('roll-outs', () => {
  it('are looked at first, made, stopped and gone on with', async () => {
    await office.close()
    await api.stop()
    office = await testOffice(2, { utilityKey: 'cd'.repeat(32) })
    api = await testApi(office)
    for (const n of [0, 1]) await office.post(await (await gatewayKeys(`pi-${n + 1}`)).request(office.claim(n).claim))
    const order = { bring: { settings: { pollS: 60 } }, stages: '1,100%' }
    const seen = await post('/v1/rollouts', { ...order, dryRun: true }, 'operator')
    expect(seen.body).toMatchObject({ kind: 'config', leftOut: [] })
    expect(seen.body.stages.flat().sort()).toEqual(['pi-1', 'pi-2'])
    expect((await get('/v1/rollouts')).body.items).toEqual([])
    const made = await post('/v1/rollouts', order, 'operator')
    expect(made).toMatchObject({
      status: 200,
      body: { id: 1, state: 'running', stages: [{ waiting: 1 }, { waiting: 1 }] },
    })
    expect((await post('/v1/rollouts', order, 'operator')).status).toBe(409)
    expect((await post('/v1/rollouts/1/resume')).status).toBe(409)
    expect((await post('/v1/rollouts/1/stop', { reason: 'wait' })).body.state).toBe('stopped')
    expect((await get('/v1/rollouts/1', 'viewer')).body.targets).toHaveLength(2)
    expect((await post('/v1/rollouts/1/abort')).body.state).toBe('aborted')
    expect((await get('/v1/rollouts/7')).status).toBe(404)
    expect((await post('/v1/rollouts', { ...order, tags: ['nobody'] })).status).toBe(422)
    const wrong = { bring: { settings: { operatorSeed: 1 } }, soakS: -1 }
    expect((await post('/v1/rollouts', wrong)).body.errors).toHaveLength(2)
    expect((await call('POST', '/v1/rollouts', 'support', order)).status).toBe(403)
  })
})

describe('the log', () => {
  it('is read a page at a time, with its signed end, and whether it is whole', async () => {
    const first = await get('/v1/audit?limit=2', 'auditor')
    expect(first.body.items.map(({ number }: { number: number }) => number)).toEqual([1, 2])
    const second = await get(`/v1/audit?from=${first.body.next}`, 'auditor')
    const last = second.body.items.at(-1)
    expect(last).toMatchObject({ event: 'token-created', detail: { token: 'the-auditor', role: 'auditor' } })
    expect((await get('/v1/audit/head', 'auditor')).body).toMatchObject({ number: last.number, hash: last.hash })
    expect((await get('/v1/audit/verify', 'auditor')).body).toEqual({ ok: true, entries: last.number })
  })
})

describe('whoever asks', () => {
  it('gets health, and a document that names every operation', async () => {
    expect((await call('GET', '/healthz')).body).toEqual({ ok: true })
    const { body } = await call('GET', '/openapi.json')
    const named = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods as object).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(named.sort()).toEqual(
      Object.values(OPERATIONS)
        .map(({ method, path }) => `${method} ${path}`)
        .sort(),
    )
  })

  it.each([
    ['POST', '/v1/bulk', 'not json', 400],
    ['POST', '/v1/bulk', 'x'.repeat(600_000), 413],
    ['GET', '/v1/nothing', undefined, 404],
    ['DELETE', '/v1/gateways/pi-1', undefined, 405],
    ['GET', `/v1/gateways/${'x'.repeat(300)}`, undefined, 404],
    ['GET', '/v1/gateways/%ff', undefined, 400],
  ])('%s %s is answered, not dropped', async (method, path, body, status) => {
    const answer = await call(method, path, 'admin', body)
    expect(answer).toMatchObject({ status, body: { status } })
  })
})
