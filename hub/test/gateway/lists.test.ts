import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../src/gateway/limits.ts'
import { gateway, L, marketView, measurementView, memoryViews, orderView, SLOT, site, tradeView } from './fixture.ts'
import { type Answered, get, running, runningOver } from './running.ts'

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)
const bigViews = () =>
  memoryViews({
    orders: [
      orderView(1, { gateway: gateway(1), state: 'open', tradedWh: 0, slotStart: SLOT }),
      orderView(2, { gateway: gateway(2), state: 'filled', tradedWh: 500, slotStart: SLOT + L, side: 'bid' }),
      orderView(3, { gateway: gateway(2), state: 'cancelled', slotStart: SLOT + 2 * L, community: 2 }),
      orderView(4, { gateway: gateway(3), state: 'partly-filled', slotStart: SLOT + 2 * L, kind: 'post' }),
    ],
    trades: [
      tradeView(1),
      tradeView(2, { buyerSite: site(3), slotStart: SLOT + L }),
      tradeView(3, { sellerSite: site(3), community: 2 }),
    ],
    measurements: [
      measurementView(1),
      measurementView(2, { site: site(2), gateway: gateway(2) }),
      measurementView(3, { slotStart: SLOT + L }),
    ],
    markets: [
      marketView({ slotStart: SLOT }),
      marketView({ slotStart: SLOT, kind: 'post' }),
      marketView({ slotStart: SLOT + L, community: 2 }),
    ],
  })

const sequences = (answer: Answered): number[] => answer.body.items.map((item: { sequence: number }) => item.sequence)
const trades = (answer: Answered): number[] => answer.body.items.map((item: { trade: number }) => item.trade)
const markets = (answer: Answered): string[] =>
  answer.body.items.map((m: { slotStart: number; community: number; kind: string }) =>
    [(m.slotStart - SLOT) / L, m.community, m.kind].join('/'),
  )

describe('filters', () => {
  it.each([
    ['/v1/orders', sequences, [4, 3, 2, 1]],
    [`/v1/orders?gateway=${gateway(2)}`, sequences, [3, 2]],
    ['/v1/orders?state=open', sequences, [1]],
    ['/v1/orders?side=bid', sequences, [2]],
    ['/v1/orders?community=2', sequences, [3]],
    ['/v1/orders?kind=post', sequences, [4]],
    [`/v1/orders?slotStartFrom=${SLOT + L}`, sequences, [4, 3, 2]],
    [`/v1/orders?slotStartTo=${SLOT + L}`, sequences, [2, 1]],
    [`/v1/orders?slotStartFrom=${SLOT + L}&slotStartTo=${SLOT + L}`, sequences, [2]],
    [`/v1/orders?gateway=${gateway(2)}&community=2&kind=spot&state=cancelled`, sequences, [3]],
    [`/v1/orders?gateway=${gateway(9)}`, sequences, []],
    ['/v1/trades', trades, [3, 2, 1]],
    [`/v1/trades?site=${site(3)}`, trades, [3, 2]],
    [`/v1/trades?slotStart=${SLOT + L}`, trades, [2]],
    ['/v1/trades?community=2', trades, [3]],
    ['/v1/measurements', sequences, [3, 2, 1]],
    [`/v1/measurements?site=${site(2)}`, sequences, [2]],
    [`/v1/measurements?gateway=${gateway(1)}&slotStartTo=${SLOT}`, sequences, [1]],
    [`/v1/measurements?slotStartFrom=${SLOT + 1}`, sequences, [3]],
    ['/v1/markets', markets, ['1/2/spot', '0/1/spot', '0/1/post']],
    ['/v1/markets?kind=post', markets, ['0/1/post']],
    ['/v1/markets?community=2', markets, ['1/2/spot']],
    [`/v1/markets?slotStartTo=${SLOT}`, markets, ['0/1/spot', '0/1/post']],
  ] as const)('%s', async (path, namesOf, expected) => {
    const { url } = await runningOver(bigViews())
    const answer = await get(url + path)
    expect(answer.status).toBe(200)
    expect(namesOf(answer)).toEqual(expected)
  })
})

describe('paging', () => {
  it.each([
    ['/v1/orders', sequences],
    ['/v1/trades', trades],
    ['/v1/measurements', sequences],
    ['/v1/markets', markets],
  ] as const)('%s: pages together are the list, each item once', async (path, namesOf) => {
    const views = memoryViews({
      orders: range(1, 7).map((n) => orderView(n)),
      trades: range(1, 7).map((n) => tradeView(n)),
      measurements: range(1, 7).map((n) => measurementView(n)),
      markets: range(1, 7).map((n) =>
        marketView({ slotStart: SLOT + (n >> 2) * L, community: (n >> 1) & 1, kind: n & 1 ? 'spot' : 'post' }),
      ),
    })
    const { url } = await runningOver(views)
    const whole = await get(`${url}${path}`)
    expect(whole.body.items).toHaveLength(7)
    expect(whole.body.next).toBeNull()
    const seen: unknown[] = []
    let next: string | null = ''
    for (let pages = 0; next !== null; pages++) {
      expect(pages).toBeLessThan(4)
      const page: Answered = await get(`${url}${path}?limit=2${next === '' ? '' : `&cursor=${next}`}`)
      expect(page.status).toBe(200)
      seen.push(...namesOf(page))
      next = page.body.next
    }
    expect(seen).toEqual(namesOf(whole))
  })

  it('has a default and a maximum, both named', async () => {
    const { url } = await runningOver(memoryViews({ orders: range(1, 600).map((n) => orderView(n)) }))
    expect((await get(`${url}/v1/orders`)).body.items).toHaveLength(LIMITS.pageDefault)
    expect((await get(`${url}/v1/orders?limit=${LIMITS.pageMax}`)).body.items).toHaveLength(LIMITS.pageMax)
    expect((await get(`${url}/v1/orders?limit=${LIMITS.pageMax + 1}`)).status).toBe(400)
  })
})

describe('what a query may not be', () => {
  it.each([
    ['/v1/orders?color=red', 'color', /unknown: this route takes gateway, state/],
    ['/v1/orders?limit=0', 'limit', />=1/],
    ['/v1/orders?limit=-1', 'limit', /whole number/],
    ['/v1/orders?limit=1e2', 'limit', /whole number/],
    ['/v1/orders?limit=', 'limit', /whole number/],
    ['/v1/orders?limit=1&limit=2', 'limit', /one value/],
    [`/v1/orders?gateway=${gateway(1).toUpperCase()}`, 'gateway', /64 lower-case hex/],
    ['/v1/orders?gateway=0xab', 'gateway', /64 lower-case hex/],
    ['/v1/orders?state=executed', 'state', /"open"/],
    ['/v1/orders?kind=futures', 'kind', /"spot"/],
    ['/v1/orders?community=4294967296', 'community', /4294967295/],
    ['/v1/orders?slotStartFrom=2&slotStartTo=1', 'slotStartTo', /not before/],
    ['/v1/orders?cursor=trades-1', 'cursor', /page of this list/],
    ['/v1/orders?cursor=orders-', 'cursor', /page of this list/],
    ['/v1/trades?site=ab', 'site', /32 lower-case hex/],
    ['/v1/trades?slotStart=ten', 'slotStart', /whole number/],
    ['/v1/trades?gateway=1', 'gateway', /unknown/],
    ['/v1/measurements?cursor=orders-1', 'cursor', /page of this list/],
    ['/v1/markets?cursor=markets-1-1-futures', 'cursor', /page of this list/],
    ['/v1/street?x=1', 'x', /takes no parameters/],
    ['/v1/events?x=1', 'x', /takes no parameters/],
    ['/healthz?x=1', 'x', /takes no parameters/],
    ['/metrics?x=1', 'x', /takes no parameters/],
    ['/openapi.json?x=1', 'x', /takes no parameters/],
  ])('%s', async (path, parameter, expectation) => {
    const { url } = await running()
    const { status, headers, body } = await get(url + path)
    expect(status).toBe(400)
    expect(headers.get('content-type')).toBe('application/problem+json; charset=utf-8')
    expect(body).toMatchObject({ type: 'about:blank', title: 'Bad Request', status: 400 })
    expect(body.errors).toEqual([{ parameter, detail: expect.stringMatching(expectation) }])
  })

  it('names every mistake at once', async () => {
    const { url } = await running()
    const { body } = await get(`${url}/v1/orders?limit=x&state=y&z=1`)
    expect(body.errors.map((error: { parameter: string }) => error.parameter).sort()).toEqual(['limit', 'state', 'z'])
  })
})
