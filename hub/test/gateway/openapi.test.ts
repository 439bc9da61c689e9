import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { openApiDocument } from '../../src/gateway/openapi.ts'
import type { ExchangeViews } from '../../src/gateway/ports.ts'
import {
  amount,
  BIG,
  gateway,
  marketView,
  measurementView,
  memoryViews,
  orderView,
  SLOT,
  site,
  siteView,
  streetView,
  tradeView,
} from './fixture.ts'
import { eventsOf, get, getAs, runningOver } from './running.ts'

type Json = Record<string, unknown>
interface Described {
  paths: Record<
    string,
    {
      get: {
        operationId: string
        summary: string
        description: string
        parameters: Parameter[]
        responses: Record<string, Response>
      }
    }
  >
  components: { schemas: Record<string, Json> }
}
interface Parameter {
  name: string
  in: string
  description: string
  schema: Json
}
interface Response {
  description: string
  content: Record<string, { schema: Json }>
}

const document = JSON.parse(JSON.stringify(openApiDocument())) as Described
const operations = Object.entries(document.paths).map(([path, { get: operation }]) => ({ path, ...operation }))

/** A validator made from the published document alone. */
function validatorOf(schema: Json): z.ZodType {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas })
  return z.fromJSONSchema(JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')))
}

/** Checks an answer against what the document says of its path, status and media type. */
function expectDescribed(path: string, status: number, type: string | null, body: unknown): void {
  const response = document.paths[path]?.get.responses[String(status)]
  expect(response, `${path} does not describe ${status}`).toBeDefined()
  const media = response?.content[type?.split(';')[0] ?? '']
  expect(media, `${path} ${status} does not describe ${type}`).toBeDefined()
  if (media === undefined) return
  expect(validatorOf(media.schema).safeParse(body).error?.issues ?? []).toEqual([])
}

/** Everything that can be absent is absent once and there once. */
function variedViews(): ExchangeViews {
  const execution = { allocatedWh: 190, paidNano: BIG, receivedNano: 5n, feeNano: 0n, block: 9 }
  const { site: _, block: __, ...rejected } = orderView(3, { state: 'rejected', reason: 'collateral' })
  const { name: _n, status: _s, gateway: _g, lastTrade: _l, ...silent } = siteView(3)
  const {
    bestBidMicro: _b,
    bestOfferMicro: _o,
    ...empty
  } = marketView({ openBids: amount(0, 0), openOffers: amount(0, 0) })
  return memoryViews({
    orders: [orderView(1), orderView(2, { state: 'filled', tradedWh: 500 }), rejected],
    trades: [tradeView(1), tradeView(2, { execution })],
    measurements: [measurementView(1), measurementView(2, { quality: 'missing', grade: 'billing' })],
    markets: [marketView(), empty, marketView({ kind: 'post' }), marketView({ community: 9 })],
    street: streetView({ sites: [siteView(1), silent], markets: [marketView(), empty] }),
  })
}

describe('the document', () => {
  it('is what the server hands out', async () => {
    const { url } = await runningOver(variedViews())
    expect((await get(`${url}/openapi.json`)).body).toEqual(document)
  })

  it('describes every operation, parameter, answer and property, and every reference leads somewhere', () => {
    expect(operations.length).toBe(9)
    for (const { path, summary, description, parameters, responses } of operations) {
      expect([path, summary.length > 0, description.length > 0]).toEqual([path, true, true])
      for (const each of parameters)
        expect([path, each.name, each.in, typeof each.description]).toEqual([path, each.name, 'query', 'string'])
      for (const each of Object.values(responses)) expect(each.description.length).toBeGreaterThan(10)
    }
    for (const [name, schema] of Object.entries(document.components.schemas)) expectDescribedProperties(name, schema)
    for (const [, name] of JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(Object.keys(document.components.schemas)).toContain(name)
    }
  })

  it('closes every object, so that a field nobody described cannot slip out', () => {
    const ClockTick = validatorOf({ $ref: '#/components/schemas/ClockTick' })
    expect(ClockTick.safeParse({ clockS: 1, unchangedForS: 0 }).success).toBe(true)
    expect(ClockTick.safeParse({ clockS: 1, unchangedForS: 0, more: 1 }).success).toBe(false)
    expect(ClockTick.safeParse({ clockS: -1, unchangedForS: 0 }).success).toBe(false)
  })
})

function expectDescribedProperties(path: string, schema: Json): void {
  for (const [name, property] of Object.entries((schema.properties ?? {}) as Record<string, Json>)) {
    expect([`${path}.${name}`, typeof property.description]).toEqual([`${path}.${name}`, 'string'])
    expectDescribedProperties(`${path}.${name}`, property)
  }
  for (const inner of [schema.items, ...((schema.anyOf ?? []) as Json[])]) {
    if (inner !== undefined) expectDescribedProperties(`${path}[]`, inner as Json)
  }
}

/** A value that each described parameter takes, by its name. */
const GOOD: Record<string, string> = {
  gateway: gateway(1),
  site: site(1),
  state: 'open',
  side: 'bid',
  community: '1',
  kind: 'spot',
  slotStart: String(SLOT),
  slotStartFrom: String(SLOT),
  slotStartTo: String(SLOT),
  limit: '5',
}
const CURSORS: Record<string, string> = {
  orders: 'orders-2',
  trades: 'trades-2',
  measurements: 'measurements-2',
  markets: `markets-${SLOT}-1-spot`,
}

describe('the real answers are the described ones', () => {
  for (const { path, operationId, parameters } of operations.filter((each) => each.operationId !== 'events')) {
    it(`${path}: plain, with each parameter, with a wrong one, for another host`, async () => {
      const { url } = await runningOver(variedViews())
      const values = (name: string) => (name === 'cursor' ? CURSORS[operationId] : GOOD[name])
      const queries = ['', ...parameters.map(({ name }) => `?${name}=${values(name)}`)]
      for (const query of queries) {
        const { status, headers, body } = await get(url + path + query)
        expect([query, status]).toEqual([query, 200])
        expectDescribed(path, status, headers.get('content-type'), body)
      }
      for (const query of ['?nobody-knows-this=1', ...parameters.map(({ name }) => `?${name}=%20`)]) {
        const { status, headers, body } = await get(url + path + query)
        expect([query, status]).toEqual([query, 400])
        expectDescribed(path, status, headers.get('content-type'), body)
      }
      expect(await getAs('elsewhere.example', url + path)).toBe(421)
    })
  }

  it('/v1/events: each event is a Street or a ClockTick', async () => {
    const { url } = await runningOver(variedViews())
    const leave = new AbortController()
    const seen = new Set<string>()
    const validators: Record<string, z.ZodType> = {
      street: validatorOf({ $ref: '#/components/schemas/Street' }),
      clock: validatorOf({ $ref: '#/components/schemas/ClockTick' }),
    }
    for await (const { event, data } of eventsOf(url, leave.signal)) {
      expect(validators[event]?.safeParse(data).error?.issues ?? []).toEqual([])
      seen.add(event)
      if (seen.size === 2) break
    }
    leave.abort()
    expect([...seen].sort()).toEqual(['clock', 'street'])
  })

  it.each(['/v1/orders', '/v1/trades', '/v1/measurements', '/v1/markets', '/v1/street'])(
    '%s: what breaks inside is a described 500 that tells nothing',
    async (path) => {
      const views = memoryViews()
      const broken = {
        ...views,
        chain: fail,
        orders: fail,
        trades: fail,
        measurements: fail,
        markets: fail,
        street: fail,
      }
      const { url } = await runningOver(broken)
      const { status, headers, body } = await get(url + path)
      expect(status).toBe(500)
      expectDescribed(path, status, headers.get('content-type'), body)
      expect(JSON.stringify(body)).not.toContain('secret')
    },
  )

  it('/healthz: 503 is a Health', async () => {
    const { url } = await runningOver(memoryViews({ health: { brokerConnected: false } }))
    const { status, headers, body } = await get(`${url}/healthz`)
    expect(status).toBe(503)
    expectDescribed('/healthz', status, headers.get('content-type'), body)
  })
})

async function fail(): Promise<never> {
  throw new Error('secret detail')
}
