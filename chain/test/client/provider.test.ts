import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { NodeError, nodeProvider } from '../../src/client/provider.ts'

const servers: WebSocketServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    for (const socket of server.clients) socket.terminate()
    await new Promise((resolve) => server.close(resolve))
  }
})

/** A node that does this with what it is asked, and a connection to it. */
async function node(onText: (socket: WebSocket, text: string) => void, onOpen: (socket: WebSocket) => void = () => {}) {
  const server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
  servers.push(server)
  server.on('connection', (socket) => {
    onOpen(socket)
    socket.on('message', (data) => onText(socket, data.toString()))
  })
  await once(server, 'listening')
  const provider = nodeProvider(`ws://127.0.0.1:${(server.address() as AddressInfo).port}`)
  const connected = new Promise((resolve) => provider.on('connected', () => resolve(undefined)))
  await provider.connect()
  await connected
  return provider
}
const answering = (answer: object) => (socket: WebSocket, text: string) => {
  const { id } = JSON.parse(text) as { id: number }
  socket.send(JSON.stringify({ id, jsonrpc: '2.0', ...answer }))
}

describe('a connection to a node', () => {
  it('tells what the node answers, and its errors by their code', async () => {
    const good = await node(answering({ result: [1, 2] }))
    expect(await good.send('a', [])).toEqual([1, 2])
    const bad = await node(answering({ error: { code: 1010, message: 'Invalid Transaction', data: 'Payment' } }))
    const error = await bad.send('a', []).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(NodeError)
    expect(error).toMatchObject({ code: 1010, message: '1010: Invalid Transaction: Payment' })
    good.end()
    bad.end()
  })

  it('ends at once, whatever a peer does that does not answer any more: who waits is told', async () => {
    const provider = await node(
      () => {},
      (socket) => socket.pause(),
    )
    let ends = 0
    provider.on('disconnected', () => {
      ends++
    })
    const asked = provider.send('a', [])
    provider.end()
    await expect(asked).rejects.toThrow('disconnected from ws://127.0.0.1')
    await expect(provider.send('a', [])).rejects.toThrow('not connected to')
    provider.end()
    expect([ends, provider.isConnected]).toEqual([1, false])
  })

  it('is told when the node goes', async () => {
    const provider = await node((socket) => socket.terminate())
    await expect(provider.send('a', [])).rejects.toThrow('disconnected')
  })

  it('loses no news that come before the answer which names their subscription', async () => {
    const provider = await node((socket, text) => {
      const { id } = JSON.parse(text) as { id: number }
      const news = (result: number) => ({ method: 'told', params: { subscription: 'x', result } })
      for (const said of [news(1), news(2), { id, result: 'x' }, news(3)]) socket.send(JSON.stringify(said))
    })
    const heard: unknown[] = []
    await new Promise<void>((resolve) => {
      void provider.subscribe('told', 'ask', [], (_, result) => {
        heard.push(result)
        if (heard.length === 3) resolve()
      })
    })
    expect(heard).toEqual([1, 2, 3])
    provider.end()
  })

  it('passes over what is no JSON', async () => {
    const provider = await node((socket, text) => {
      socket.send('{')
      answering({ result: 7 })(socket, text)
    })
    expect(await provider.send('a', [])).toBe(7)
    provider.end()
  })
})
