import { once } from 'node:events'
import { connect as tlsConnect } from 'node:tls'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gatewayKeys, post, type TestOffice, testOffice } from './fixtures/office.ts'

let office: TestOffice
beforeEach(async () => {
  office = await testOffice()
})
afterEach(() => office.close())

const ask = (method: string, path: string) => post(office.server.port, office.authority.caPem, '', method, path)

describe('the enrolment server', () => {
  it('says that it is there', async () => {
    expect(await ask('GET', '/healthz')).toMatchObject({ status: 200, body: { ok: true } })
  })

  it.each([
    ['GET', '/v1/enrol'],
    ['POST', '/'],
    ['POST', '/v1/enrol/../../etc'],
  ])('knows no %s %s', async (method, path) => {
    expect((await ask(method, path)).status).toBe(404)
  })

  it('is not believed by whoever trusts another CA', async () => {
    const { caPem } = await (await import('../src/index.ts')).createAuthority(`${office.dir}/other`)
    await expect(post(office.server.port, caPem, {})).rejects.toThrow(/certificate/)
  })

  it('ends a running enrolment and an unfinished request when it stops', async () => {
    office.chain.enrol = () => new Promise(() => {})
    const keys = await gatewayKeys()
    const running = office.post(await keys.request(office.claim().claim))
    const unfinished = tlsConnect({ host: '127.0.0.1', port: office.server.port, ca: office.authority.caPem })
    await once(unfinished, 'secureConnect')
    unfinished.on('error', () => undefined)
    unfinished.write('POST /v1/enrol HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\n{')
    while (office.store.sites()[0]?.signingKey === undefined) await new Promise((resolve) => setTimeout(resolve, 5))
    const from = performance.now()
    await office.server.stop()
    expect(performance.now() - from).toBeLessThan(1_500)
    expect(await running).toMatchObject({ status: 503, body: { error: 'chain-unavailable' } })
    office.server.stop = async () => {}
  })
})
