import { connect } from 'node:net'
import { Fault, manualClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { hostNameOf, isLoopback, namesOf } from '../../src/gateway/config.ts'
import { LIMITS } from '../../src/gateway/limits.ts'
import { refusalOf } from '../../src/gateway/problem.ts'
import { startGateway } from '../../src/gateway/server.ts'
import { memoryViews } from './fixture.ts'
import { get, getAs, running, runningOver } from './running.ts'

/** What the server answers to bytes that fetch would not send. */
function answerTo(port: number, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes))
    socket.setEncoding('utf8')
    socket.on('data', (chunk) => {
      text += chunk
    })
    socket.once('close', () => resolve(text))
    socket.once('error', reject)
  })
}

describe('what every answer carries', () => {
  it.each(['/', '/app.js', '/app.css', '/v1/orders', '/v1/orders?x=1', '/nothing', '/metrics', '/v1/events'])(
    '%s',
    async (path) => {
      const { url } = await running()
      const leave = new AbortController()
      const { headers } = await fetch(url + path, { signal: leave.signal })
      leave.abort()
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/)
      expect(headers.get('content-security-policy')).not.toContain('unsafe')
      expect(headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      expect(headers.get('x-content-type-options')).toBe('nosniff')
      expect(headers.get('referrer-policy')).toBe('no-referrer')
      expect(headers.get('cross-origin-resource-policy')).toBe('same-origin')
      expect(headers.get('access-control-allow-origin')).toBeNull()
      expect(headers.get('cache-control')).toMatch(/^no-(store|cache)$/)
    },
  )
})

describe('requests that are not for this server', () => {
  it.each([
    ['127.0.0.1', 200],
    ['127.0.0.1:9999', 200],
    ['localhost:80', 200],
    ['LOCALHOST', 200],
    ['[::1]:8080', 200],
    ['street.example', 200],
    ['street.example:443', 200],
    ['elsewhere.example', 421],
    ['127.0.0.1.elsewhere.example', 421],
    ['localhost@elsewhere.example', 421],
    ['localhost/..', 421],
  ])('Host %s gets %d', async (host, status) => {
    const { url } = await running({ config: { allowedHosts: ['Street.example'] } })
    expect(await getAs(host, `${url}/healthz`)).toBe(status)
  })

  it('knows what it may be called', () => {
    expect([...namesOf({ host: '192.168.1.5', allowedHosts: ['hub.lan'] })]).toEqual(['192.168.1.5', 'hub.lan'])
    expect([...namesOf({ host: '::1', allowedHosts: [] })]).toEqual(['[::1]', 'localhost', '127.0.0.1'])
    expect(hostNameOf(undefined)).toBeUndefined()
  })
})

describe('paths and methods', () => {
  it('404 for what is not there', async () => {
    const { url } = await running()
    for (const path of ['/nothing', '/v1/orders/', '/page/app.js', '/..%2fserver.ts', '/index.html']) {
      const { status, headers, body } = await get(url + path)
      expect([path, status, headers.get('content-type')]).toEqual([
        path,
        404,
        'application/problem+json; charset=utf-8',
      ])
      expect(body.title).toBe('Not Found')
    }
  })

  it.each(['POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('405 for %s', async (method) => {
    const { url } = await running()
    const { status, headers, body } = await get(`${url}/v1/orders`, { method })
    expect(status).toBe(405)
    expect(headers.get('allow')).toBe('GET, HEAD')
    expect(body.status).toBe(405)
  })

  it('answers HEAD without a body, and not for the stream', async () => {
    const { url } = await running()
    expect(await get(`${url}/v1/orders`, { method: 'HEAD' })).toMatchObject({ status: 200, body: '' })
    expect((await get(`${url}/v1/events`, { method: 'HEAD' })).status).toBe(405)
  })

  it('refuses a body', async () => {
    const { url } = await running()
    const { status, body } = await get(`${url}/v1/orders`, { method: 'POST', body: '{"a":1}' })
    expect(status).toBe(413)
    expect(body.status).toBe(413)
  })
})

describe('bytes that are no good request', () => {
  it.each([
    ['no host', 'GET / HTTP/1.0\r\n\r\n', 421],
    ['garbage', 'hello\r\n\r\n', 400],
    ['a bad path', 'GET /%zz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n', 400],
    ['headers too long', `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(LIMITS.headerBytes)}\r\n\r\n`, 431],
  ])('%s', async (_, bytes, status) => {
    const { gateway, url } = await running()
    const text = await answerTo(gateway.port, bytes)
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(text).toContain('content-type: application/problem+json')
    expect(JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4))).toMatchObject({ status })
    expect((await get(`${url}/healthz`)).status).toBe(200)
  })
})

describe('a store that fails', () => {
  it('is 503, and the page and the health check still answer', async () => {
    const broken = async (): Promise<never> => {
      throw new Fault('store', 'disk full at /var/lib')
    }
    const { url } = await runningOver({ ...memoryViews(), orders: broken, street: broken, counters: broken })
    const { status, body } = await get(`${url}/v1/orders`)
    expect(status).toBe(503)
    expect(body.detail).toBe('The store cannot be read at the moment.')
    expect((await get(`${url}/v1/street`)).status).toBe(503)
    expect((await get(`${url}/`)).status).toBe(200)
    expect((await get(`${url}/healthz`)).status).toBe(200)
  })

  it.each([
    [{ statusCode: 503 }, 503],
    [Object.assign(new Error('too large'), { statusCode: 413 }), 413],
    [new Error('secret'), 500],
    ['thrown text', 500],
    [null, 500],
  ])('%o becomes %d', (error, status) => {
    expect(refusalOf(error).problem).toMatchObject({ status })
    expect(JSON.stringify(refusalOf(error).problem)).not.toContain('secret')
  })
})

describe('configuration', () => {
  const start = (config: object) => startGateway({ config, views: memoryViews(), clock: manualClock(0) })

  it.each([
    [{ host: '0.0.0.0' }, /gateway: host: .*personalDataBeyondLoopback/],
    [{ host: '192.168.1.5', personalDataBeyondLoopback: false }, /personalDataBeyondLoopback/],
    [{ port: 70_000 }, /gateway: port: .*65535/],
    [{ colour: 'red' }, /colour/],
    [{ currency: '' }, /gateway: currency/],
  ])('%o is refused', async (config, message) => {
    await expect(start(config)).rejects.toMatchObject({
      name: 'Fault',
      code: 'config',
      message: expect.stringMatching(message),
    })
  })

  it('listens beyond loopback only where that is said', async () => {
    const gateway = await start({
      host: '0.0.0.0',
      port: 0,
      personalDataBeyondLoopback: true,
      allowedHosts: ['127.0.0.1'],
    })
    expect((await get(`http://127.0.0.1:${gateway.port}/v1/measurements`)).status).toBe(200)
    expect(await getAs('localhost', `http://127.0.0.1:${gateway.port}/v1/measurements`)).toBe(421)
    await gateway.stop()
  })

  it.each([
    ['127.0.0.1', true],
    ['127.8.9.1', true],
    ['localhost', true],
    ['::1', true],
    ['0.0.0.0', false],
    ['::', false],
    ['127.0.0.1.example', false],
    ['192.168.1.5', false],
  ])('%s is loopback: %s', (host, expected) => {
    expect(isLoopback(host)).toBe(expected)
  })

  it('says when its port is taken, and leaves nothing listening to the views', async () => {
    const { gateway } = await running()
    const views = memoryViews()
    await expect(startGateway({ config: { port: gateway.port }, views, clock: manualClock(0) })).rejects.toMatchObject({
      code: 'transport',
      message: expect.stringContaining(`127.0.0.1:${gateway.port}`),
    })
    expect(views.listeners()).toBe(0)
  })

  it('stops at once although connections are kept alive', async () => {
    const { gateway, url } = await running()
    await get(`${url}/healthz`)
    await gateway.stop()
    await expect(get(`${url}/healthz`)).rejects.toThrow()
  })
})
