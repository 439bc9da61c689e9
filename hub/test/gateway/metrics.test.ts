import { REASONS } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { BIG, countersView, memoryViews, totalsView } from './fixture.ts'
import { get, runningOver } from './running.ts'

interface Scraped {
  readonly kinds: Map<string, string>
  readonly values: Map<string, number>
  readonly type: string | null
}

/** The text format 0.0.4, as Prometheus reads it: every sample belongs to a family with HELP and TYPE. */
async function scrape(url: string): Promise<Scraped> {
  const { status, headers, body } = await get(`${url}/metrics`)
  expect(status).toBe(200)
  const kinds = new Map<string, string>()
  const helped = new Set<string>()
  const values = new Map<string, number>()
  for (const line of (body as string).split('\n').filter((each) => each !== '')) {
    const [, what, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.+)$/.exec(line) ?? []
    if (what === 'HELP') helped.add(name)
    else if (what === 'TYPE') kinds.set(name, rest)
    else {
      const [, series = '', value] = /^([a-z_][a-z0-9_]*(?:\{.*\})?) (\S+)$/i.exec(line) ?? []
      const family = series.replace(/\{.*/, '')
      const base = family.replace(/_(bucket|sum|count)$/, '')
      expect([line, kinds.has(family) || kinds.get(base) !== undefined]).toEqual([line, true])
      expect([line, helped.has(family) || helped.has(base)]).toEqual([line, true])
      values.set(series, Number(value))
    }
  }
  return { kinds, values, type: headers.get('content-type') }
}

describe('/metrics', () => {
  it('says what the exchange does, in the names and units of its figures', async () => {
    const views = memoryViews({
      health: { indexedBlock: 7, finalizedBlock: 9, brokerConnected: true },
      counters: countersView({ totals: totalsView({ moneyInNano: 1_500_000_000n, moneyOutNano: 1_500_000_000n }) }),
    })
    const { url } = await runningOver(views)
    const { values, type } = await scrape(url)
    expect(type).toMatch(/^text\/plain; version=0\.0\.4/)
    const expected = {
      'wattfleet_orders{state="open"}': 0,
      'wattfleet_orders{state="partly-filled"}': 1,
      'wattfleet_orders{state="rejected"}': 6,
      'wattfleet_receipts_total{reason="ok"}': 40,
      'wattfleet_receipts_total{reason="signature"}': 2,
      'wattfleet_receipts_total{reason="cap"}': 0,
      wattfleet_orders_entered_total: 42,
      wattfleet_refused_total: 1,
      wattfleet_trades_total: 9,
      wattfleet_trades_settled_total: 6,
      'wattfleet_settled_energy_watthours_total{side="bought"}': 3460,
      'wattfleet_settled_energy_watthours_total{side="sold"}': 3460,
      'wattfleet_settled_money_units_total{direction="in"}': 1.5,
      wattfleet_blocks_followed_total: 120,
      wattfleet_waiting_messages: 3,
      wattfleet_indexed_block: 7,
      wattfleet_finalized_block: 9,
      wattfleet_index_lag_blocks: 2,
      wattfleet_broker_connected: 1,
      wattfleet_healthy: 1,
      wattfleet_balances_add_up: 1,
    }
    expect(Object.fromEntries(Object.keys(expected).map((name) => [name, values.get(name)]))).toEqual(expected)
    for (const reason of REASONS) expect(values.has(`wattfleet_receipts_total{reason="${reason}"}`)).toBe(true)
    expect(values.get('process_resident_memory_bytes')).toBeGreaterThan(1_000_000)
  })

  it('says what nodes push where that is listened for, and nothing where not', async () => {
    const pushes = { received: 12, refused: 3 }
    const { values } = await scrape((await runningOver(memoryViews({ counters: countersView({ pushes }) }))).url)
    expect(values.get('wattfleet_push_received_total')).toBe(12)
    expect(values.get('wattfleet_push_refused_total')).toBe(3)
    const without = await scrape((await runningOver(memoryViews())).url)
    expect(without.values.has('wattfleet_push_received_total')).toBe(false)
  })

  it('says how many gateways are there and how many have gone', async () => {
    const counters = countersView({ gateways: { present: 5, away: 2 } })
    const { values } = await scrape((await runningOver(memoryViews({ counters }))).url)
    expect([values.get('wattfleet_gateways_present'), values.get('wattfleet_gateways_away')]).toEqual([5, 2])
  })

  it('names what only grows with _total, and nothing else so', async () => {
    const { url } = await runningOver(memoryViews())
    const { kinds } = await scrape(url)
    for (const [name, kind] of kinds) {
      if (name.startsWith('wattfleet_')) expect([name, kind === 'counter']).toEqual([name, name.endsWith('_total')])
    }
  })

  it('sees two sums that differ by one nano where floating point does not', async () => {
    const totals = totalsView({ heldNano: BIG, issuedNano: BIG + 1n })
    const { url } = await runningOver(memoryViews({ counters: countersView({ totals }) }))
    const { values } = await scrape(url)
    expect(values.get('wattfleet_balances_units')).toBe(values.get('wattfleet_issued_units'))
    expect(values.get('wattfleet_balances_add_up')).toBe(0)
  })

  it('leaves out what cannot be read instead of calling it zero', async () => {
    const failing = async (): Promise<never> => {
      throw new Error('disk full')
    }
    const views = { ...memoryViews({ health: { brokerConnected: false, storeFault: 'disk full' } }), counters: failing }
    const { url } = await runningOver(views)
    const { values } = await scrape(url)
    expect(values.get('wattfleet_healthy')).toBe(0)
    expect(values.has('wattfleet_trades_total')).toBe(false)
    expect(values.has('wattfleet_index_lag_blocks')).toBe(false)
    expect(values.has('process_resident_memory_bytes')).toBe(true)
  })

  it('counts requests by route and status, whatever path was asked for', async () => {
    const { url } = await runningOver(memoryViews())
    await get(`${url}/v1/orders?limit=1`)
    await get(`${url}/v1/orders?x=1`)
    await get(`${url}/some/path`)
    const { values } = await scrape(url)
    const count = (route: string, status: number) =>
      values.get(`wattfleet_http_request_duration_seconds_count{route="${route}",status="${status}"}`)
    expect([count('/v1/orders', 200), count('/v1/orders', 400), count('unknown', 404)]).toEqual([1, 1, 1])
    expect([...values.keys()].some((name) => name.includes('/some/path'))).toBe(false)
  })
})
