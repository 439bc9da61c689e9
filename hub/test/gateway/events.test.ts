import { connect } from 'node:net'
import { Fault } from '@wattfleet/protocol'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { LIMITS } from '../../src/gateway/limits.ts'
import { memoryViews, SLOT, siteView, streetView } from './fixture.ts'
import { eventsOf, get, type Heard, running, runningOver } from './running.ts'

/** A listener that leaves when the test is over. */
function listen(url: string): AsyncGenerator<Heard> {
  const leave = new AbortController()
  onTestFinished(() => leave.abort())
  return eventsOf(url, leave.signal)
}

async function next(events: AsyncGenerator<Heard>, event: string): Promise<Heard['data']> {
  for (;;) {
    const { value, done } = await events.next()
    if (done) throw new Error('the stream ended')
    if (value.event === event) return value.data
  }
}

async function clientsOf(url: string): Promise<number> {
  const { body } = await get(`${url}/metrics`)
  return Number(/^wattfleet_http_event_clients (\d+)$/m.exec(body)?.[1])
}

describe('the stream', () => {
  it('greets with the street as /v1/street has it', async () => {
    const { url } = await running()
    const events = listen(url)
    expect(await next(events, 'street')).toEqual((await get(`${url}/v1/street`)).body)
  })

  it('pushes the street when something changed, and the time when the clock moved', async () => {
    const { url, views, clock } = await running()
    const events = listen(url)
    expect(await next(events, 'street')).toMatchObject({ houseCount: 2, clockS: SLOT + 90 })
    expect(await next(events, 'clock')).toEqual({ clockS: SLOT + 90, unchangedForS: 0 })
    await clock.advance(30_000)
    await vi.waitFor(async () => expect(await next(events, 'clock')).toMatchObject({ clockS: SLOT + 120 }))
    views.data.street = streetView({ sites: [siteView(1)], siteCount: 1 })
    views.tell()
    expect(await next(events, 'street')).toMatchObject({ houseCount: 1, clockS: SLOT + 120 })
  })

  it('makes one push of many changes between two ticks', async () => {
    const { url, views } = await running({ tickMs: 50 })
    const events = listen(url)
    await next(events, 'street')
    await next(events, 'clock')
    for (let i = 0; i < 100; i++) views.tell()
    const heard: string[] = []
    while (heard.filter((event) => event === 'clock').length < 3) heard.push((await events.next()).value?.event)
    expect(heard.filter((event) => event === 'street')).toHaveLength(1)
  })

  it('keeps a failing store from those who listen, and catches up when it is back', async () => {
    const views = memoryViews()
    let failing = true
    const flaky = {
      ...views,
      street: (query: Parameters<typeof views.street>[0]) =>
        failing ? Promise.reject(new Fault('store', 'disk full')) : views.street(query),
    }
    const { url } = await runningOver(flaky)
    const events = listen(url)
    // nothing but the time for as long as nothing can be read
    expect((await events.next()).value?.event).toBe('clock')
    expect((await events.next()).value?.event).toBe('clock')
    failing = false
    expect(await next(events, 'street')).toMatchObject({ houseCount: 2 })
    failing = true
    views.tell()
    await next(events, 'clock')
    await next(events, 'clock')
    failing = false
    expect(await next(events, 'street')).toMatchObject({ houseCount: 2 })
  })

  it('ends when the server stops, and lets the views go', async () => {
    const { url, views, gateway } = await running()
    const events = listen(url)
    await next(events, 'street')
    expect(views.listeners()).toBe(1)
    await gateway.stop()
    await expect(
      (async () => {
        for await (const _ of events);
      })(),
    ).resolves.toBeUndefined()
    expect(views.listeners()).toBe(0)
  })
})

describe('its limits', () => {
  it('refuses one listener too many, and takes it when another left', async () => {
    const { url } = await running()
    const leave = new AbortController()
    const first = eventsOf(url, leave.signal)
    await next(first, 'street')
    const others = Array.from({ length: LIMITS.sseClients - 1 }, () => listen(url))
    await Promise.all(others.map((events) => next(events, 'street')))
    const refused = await get(`${url}/v1/events`)
    expect(refused.status).toBe(503)
    expect(refused.headers.get('retry-after')).toBe('10')
    expect(refused.body).toMatchObject({ status: 503, detail: `${LIMITS.sseClients} are listening already.` })
    leave.abort()
    await vi.waitFor(async () => expect(await clientsOf(url)).toBe(LIMITS.sseClients - 1))
    expect(await next(listen(url), 'street')).toMatchObject({ houseCount: 2 })
  })

  it('cuts a listener that does not read, while another goes on', async () => {
    const { url, views, gateway } = await running({ tickMs: 2 })
    const sites = Array.from({ length: LIMITS.streetSites }, (_, i) => siteView(i, { name: 'x'.repeat(2_000) }))
    views.data.street = streetView({ sites, siteCount: sites.length })
    const reader = listen(url)
    await next(reader, 'street')
    const deaf = connect(gateway.port, '127.0.0.1')
    onTestFinished(() => void deaf.destroy())
    deaf.on('error', () => undefined)
    deaf.pause()
    deaf.write(`GET /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n`)
    await vi.waitFor(async () => expect(await clientsOf(url)).toBe(2))
    await vi.waitFor(
      async () => {
        views.tell()
        await next(reader, 'street')
        expect(await clientsOf(url)).toBe(1)
      },
      { timeout: 20_000, interval: 1 },
    )
    views.tell()
    expect(await next(reader, 'street')).toMatchObject({ houseCount: LIMITS.streetSites })
  })
})
