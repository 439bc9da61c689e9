import { request } from 'node:http'
import { type ManualClock, manualClock } from '@wattfleet/protocol'
import { onTestFinished } from 'vitest'
import type { GatewayConfigInput } from '../../src/gateway/config.ts'
import type { ExchangeViews } from '../../src/gateway/ports.ts'
import { type Gateway, startGateway } from '../../src/gateway/server.ts'
import { type MemoryViews, memoryViews, SLOT } from './fixture.ts'

export interface Running<V extends ExchangeViews> {
  readonly views: V
  readonly clock: ManualClock
  readonly gateway: Gateway
  readonly url: string
}

/** A gateway on a free port, over memory unless told otherwise, stopped when the test is over. */
export async function running(
  options: { config?: GatewayConfigInput; tickMs?: number } = {},
): Promise<Running<MemoryViews>> {
  return runningOver(memoryViews(), options)
}

export async function runningOver<V extends ExchangeViews>(
  views: V,
  { config, tickMs = 10 }: { config?: GatewayConfigInput; tickMs?: number } = {},
): Promise<Running<V>> {
  const clock = manualClock((SLOT + 90) * 1000)
  const gateway = await startGateway({ config: { ...config, port: 0 }, views, clock, tickMs })
  onTestFinished(() => gateway.stop())
  return { views, clock, gateway, url: `http://127.0.0.1:${gateway.port}` }
}

export interface Answered {
  readonly status: number
  readonly headers: Headers
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies whose shape they check
  readonly body: any
}

export async function get(url: string, init?: RequestInit): Promise<Answered> {
  const response = await fetch(url, init)
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.includes('json') === true
  return { status: response.status, headers: response.headers, body: isJson && text !== '' ? JSON.parse(text) : text }
}

/** A request with a Host header of one's own, which fetch does not allow. */
export function getAs(host: string, url: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const asked = request(url, { headers: { host } }, (response) => {
      response.resume()
      response.once('end', () => resolve(response.statusCode))
    })
    asked.once('error', reject)
    asked.end()
  })
}

export interface Heard {
  readonly event: string
  // biome-ignore lint/suspicious/noExplicitAny: as above
  readonly data: any
}

/** The events of a stream, one after the other, until it ends or the reader leaves. */
export async function* eventsOf(url: string, signal?: AbortSignal): AsyncGenerator<Heard> {
  const response = await fetch(`${url}/v1/events`, signal === undefined ? {} : { signal })
  if (response.body === null) throw new Error('no stream')
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s, 2) as [string, string]),
      )
      text = text.slice(end + 2)
      const [event, data] = [fields.get('event'), fields.get('data')]
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) }
    }
  }
}
