import { once } from 'node:events'
import { request } from 'node:http'
import { describe, expect, it } from 'vitest'
import { serveControl } from '../../src/control/server.ts'
import { bench, closing, deviceOf } from '../served.ts'

async function endpoint(token?: string) {
  const made = bench([deviceOf()], 'modbus-tcp')
  const devices = () => [{ name: 'meter' }]
  const server = await serveControl({ faults: made.faults, devices, port: 0, token, warn: made.wire.warn })
  closing.push(() => server.close())
  const ask = async (path: string, init: RequestInit = {}) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, init)
    const text = await answer.text()
    return {
      status: answer.status,
      type: answer.headers.get('content-type'),
      headers: answer.headers,
      body: text === '' ? undefined : JSON.parse(text),
    }
  }
  const post = (body: unknown, type = 'application/json') =>
    ask('/faults', {
      method: 'POST',
      headers: { 'content-type': type },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  return { ...made, port: server.port, ask, post }
}

const SILENCE = { kind: 'silence', device: 'meter' }

describe('the control endpoint', () => {
  it('lists devices and faults, gives faults and takes them back', async () => {
    const { ask, post, faults } = await endpoint()
    expect(await ask('/devices')).toMatchObject({ status: 200, type: 'application/json', body: [{ name: 'meter' }] })
    expect((await ask('/faults')).body).toEqual([])
    const given = await post(SILENCE)
    expect(given).toMatchObject({ status: 201, body: { id: 'f1', hits: 0, inTime: true, spec: SILENCE } })
    expect(given.headers.get('location')).toBe('/faults/f1')
    expect(faults.rule('meter').silent).toBe(true)
    expect((await ask('/faults')).body).toMatchObject([{ id: 'f1', hits: 1 }])
    expect((await ask('/faults/f1')).body).toMatchObject({ id: 'f1' })
    expect(await ask('/faults/f1', { method: 'DELETE' })).toMatchObject({ status: 204, body: undefined })
    expect((await ask('/faults')).body).toEqual([])
  })

  it('says what is wrong as a problem document', async () => {
    const { ask, post } = await endpoint()
    const problem = 'application/problem+json'
    expect(await post('{')).toMatchObject({ status: 400, type: problem, body: { status: 400, type: 'about:blank' } })
    expect(await post({ kind: 'silence', device: 'meter', every: 0 })).toMatchObject({
      status: 422,
      type: problem,
      body: { title: 'Unprocessable Entity', errors: [{ pointer: '/every' }] },
    })
    expect(await post({ kind: 'silence', device: 'other' })).toMatchObject({
      status: 422,
      body: { errors: [{ pointer: '/device', detail: 'there is no device "other"' }] },
    })
    expect(await post(SILENCE, 'text/plain')).toMatchObject({ status: 415, type: problem })
    expect(await post(`"${'x'.repeat(70_000)}"`)).toMatchObject({ status: 413, type: problem })
    expect(await ask('/faults/f9')).toMatchObject({ status: 404, type: problem })
    expect(await ask('/faults/f9', { method: 'DELETE' })).toMatchObject({ status: 404 })
    expect(await ask('/')).toMatchObject({ status: 404, type: problem })
    const wrong = await ask('/devices', { method: 'PUT' })
    expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
    expect((await ask('/faults', { method: 'DELETE' })).headers.get('allow')).toBe('GET, HEAD, POST')
    expect(await ask('/devices', { method: 'HEAD' })).toMatchObject({ status: 200, body: undefined })
  })

  it('asks for its token where it has one', async () => {
    const { ask } = await endpoint('correct horse')
    const without = await ask('/faults')
    expect([without.status, without.headers.get('www-authenticate')]).toEqual([401, 'Bearer realm="simulator"'])
    expect((await ask('/faults', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)
    expect((await ask('/faults', { headers: { authorization: 'Bearer correct horse' } })).status).toBe(200)
  })

  it('is not for a page whose name was made to point here', async () => {
    const { port } = await endpoint()
    const asked = request({ host: '127.0.0.1', port, path: '/faults', headers: { host: 'example.org' } }).end()
    const [answer] = await once(asked, 'response')
    answer.resume()
    expect(answer.statusCode).toBe(421)
  })
})
