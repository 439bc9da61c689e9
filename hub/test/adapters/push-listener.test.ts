import { connect } from 'node:net'
import { signingKeyFromSeed, toHex } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type PushListener, startPushListener } from '../../src/adapters/push-listener.ts'
import type { Posted, Push } from '../../src/orderbook/push.ts'
import { posted, pushBody } from '../support/pushes.ts'
import { CHAIN_ID, house, quiet, signedOrder, until } from '../support/street.ts'

const node = signingKeyFromSeed(new Uint8Array(32).fill(1))
const nodeKeys = [toHex(node.publicKey)]
const body = pushBody([signedOrder(house('ada'), { sequence: 1, side: 'offer' })])

let listener: PushListener
let pushes: Push[]

beforeEach(async () => {
  pushes = []
  const config = { host: '127.0.0.1', port: 0, nodeKeys }
  listener = await startPushListener({ config, chain: CHAIN_ID, onPush: (push) => pushes.push(push), log: quiet })
})
afterEach(() => listener.stop())

async function post({ key, signature, body: bytes }: Posted, method = 'POST'): Promise<number> {
  const headers = { 'x-wattfleet-key': key, 'x-wattfleet-signature': signature }
  const init = { method, headers, ...(method === 'POST' ? { body: Buffer.from(bytes) } : {}) }
  return (await fetch(`http://127.0.0.1:${listener.port}/orders`, init)).status
}

describe('the listener for what nodes push', () => {
  it('takes what a known node has signed', async () => {
    expect(await post(posted(node, body))).toBe(204)
    expect(pushes).toMatchObject([{ number: 77, orders: [{ position: 0 }] }])
    expect(listener.counts).toEqual({ received: 1, refused: 0 })
  })

  it.each([
    ['of a stranger', 403, posted(signingKeyFromSeed(new Uint8Array(32)), body), 'POST'],
    ['that cannot be read', 400, posted(node, body.subarray(1)), 'POST'],
    ['that are no posts', 405, posted(node, body), 'GET'],
  ])('refuses requests %s', async (_, status, request, method) => {
    expect(await post(request, method)).toBe(status)
    expect(pushes).toEqual([])
    expect(listener.counts).toEqual({ received: 0, refused: 1 })
  })

  it('refuses a body that is larger than any block before it is sent', async () => {
    const socket = connect(listener.port, '127.0.0.1')
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.write('POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999\r\n\r\n')
    await until(() => answer !== '', 'an answer')
    socket.destroy()
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(listener.counts).toEqual({ received: 0, refused: 1 })
  })

  it('gives up on a body of unsaid length that does not end', async () => {
    const socket = connect(listener.port, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('POST /orders HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n')
    const chunk = Buffer.alloc(1024 * 1024)
    for (let sent = 0; sent < 6; sent++)
      socket.write(Buffer.concat([Buffer.from('100000\r\n'), chunk, Buffer.from('\r\n')]))
    await until(() => listener.counts.refused === 1, 'the refusal')
    socket.destroy()
    expect(pushes).toEqual([])
  })

  it('survives who goes away in the middle', async () => {
    const socket = connect(listener.port, '127.0.0.1')
    socket.write('POST /orders HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\nabc')
    await new Promise((resolve) => setTimeout(resolve, 50))
    socket.destroy()
    await until(() => listener.counts.refused === 1, 'the refusal')
    expect(await post(posted(node, body))).toBe(204)
  })

  it('says which port it cannot have', async () => {
    const config = { host: '127.0.0.1', port: listener.port, nodeKeys }
    const second = startPushListener({ config, chain: CHAIN_ID, onPush: () => undefined, log: quiet })
    await expect(second).rejects.toMatchObject({
      code: 'config',
      message: expect.stringContaining(String(listener.port)),
    })
  })
})
