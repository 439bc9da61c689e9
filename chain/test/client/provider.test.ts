import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WebSocket as Client, type WebSocket, WebSocketServer } from 'ws'
import { finalizedBlocks } from '../../src/client/blocks.ts'
import { connectChain } from '../../src/client/connection.ts'
import { steadyProvider } from '../../src/client/provider.ts'
import { servedChain } from '../served.ts'

interface Asked {
  readonly id: number
  readonly method: string
}

describe('a question that a broken connection left open', () => {
  let server: WebSocketServer
  let url: string
  const stop = new AbortController()
  const asked: string[] = []
  let answer: (socket: WebSocket, question: Asked, text: string) => void

  beforeEach(async () => {
    // the API's client tells the console of every connection that breaks
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    asked.length = 0
    server = new WebSocketServer({ host: '127.0.0.1', port: 0 })
    await once(server, 'listening')
    url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`
    server.on('connection', (socket) =>
      socket.on('message', (data) => {
        const question = JSON.parse(String(data)) as Asked
        asked.push(question.method)
        answer(socket, question, String(data))
      }),
    )
  })
  afterEach(async () => {
    vi.restoreAllMocks()
    for (const socket of server.clients) socket.terminate()
    await new Promise((done) => server.close(done))
  })

  it('is asked again on the next', async () => {
    answer = (socket, { id }) => {
      if (asked.length <= 2) socket.terminate()
      else socket.send(JSON.stringify({ jsonrpc: '2.0', id, result: 'yes' }))
    }
    const provider = steadyProvider([url], stop.signal)
    await provider.isReady
    expect(await provider.send('state_getStorage', ['0x00', '0x01'], true)).toBe('yes')
    expect(asked).toHaveLength(3)
    await provider.disconnect()
  })

  it('is given up when asked to stop', async () => {
    const giveUp = new AbortController()
    answer = (socket) => {
      giveUp.abort()
      socket.terminate()
    }
    const provider = steadyProvider([url], giveUp.signal)
    await provider.isReady
    await expect(provider.send('chain_getFinalizedHead', [])).rejects.toThrow('disconnected')
    await provider.disconnect()
  })

  it('and an answer that is an error is an answer', async () => {
    answer = (socket, { id }) =>
      socket.send(JSON.stringify({ jsonrpc: '2.0', id, error: { code: 1010, message: 'Invalid Transaction' } }))
    const provider = steadyProvider([url], stop.signal)
    await provider.isReady
    await expect(provider.send('author_submitExtrinsic', ['0x00'])).rejects.toThrow('1010')
    expect(asked).toHaveLength(1)
    await provider.disconnect()
  })

  it('does not keep the follower of blocks from going on', async () => {
    const chain = await servedChain()
    let isCut = false
    const upstreams = new Map<WebSocket, Client>()
    answer = (socket, { method }, text) => {
      const upstream = upstreams.get(socket) ?? new Client(chain.url)
      if (!upstreams.has(socket)) upstream.on('message', (data) => socket.send(String(data)))
      upstreams.set(socket, upstream)
      if (isCut && method === 'state_getStorage') {
        isCut = false
        return socket.terminate()
      }
      if (upstream.readyState === Client.OPEN) upstream.send(text)
      else upstream.once('open', () => upstream.send(text))
    }
    const following = new AbortController()
    const connection = await connectChain([url], following.signal)
    const seen: number[] = []
    const ended = finalizedBlocks(connection).follow(0, ({ number }) => void seen.push(number), following.signal)
    await vi.waitFor(() => expect(seen).toEqual([0]), 5_000)
    isCut = true
    await chain.block()
    await chain.block()
    await vi.waitFor(() => expect(seen).toEqual([0, 1, 2]), 10_000)
    following.abort()
    await ended
    await connection.close()
    for (const upstream of upstreams.values()) upstream.terminate()
    await chain.stop()
  })
})
