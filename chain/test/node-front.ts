import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { WebSocket, WebSocketServer } from 'ws'

interface Asked {
  readonly id?: number
  readonly method: string
  readonly params: readonly unknown[]
}

interface Told {
  readonly id?: number
  result?: unknown
  readonly method?: string
  readonly params?: { result: unknown }
}

/**
 * A node of a chain that the embedded one plays: what asks it is passed on, and what it answers can be bent. `answer`
 * yields what to answer instead of asking; undefined passes the question on. `bend` changes a result on its way back, and what
 * it tells of.
 */
export interface NodeFront {
  readonly url: string
  /** Methods asked of it so far. */
  readonly asked: string[]
  /** Takes connections and questions, and answers nothing. */
  silent: boolean
  answer: (method: string, params: readonly unknown[]) => { readonly result: unknown } | undefined
  bend: (method: string, result: unknown) => unknown
  /** Whether it tells of finalized heads. */
  tells: boolean
  /** Breaks all connections and takes no more. */
  die(): Promise<void>
  /** Comes back on its port. */
  rise(): Promise<void>
}

export async function nodeFront(upstreamUrl: string): Promise<NodeFront> {
  let server: WebSocketServer | undefined
  let port = 0
  const rise = async () => {
    server = new WebSocketServer({ host: '127.0.0.1', port })
    await once(server, 'listening')
    port = (server.address() as AddressInfo).port
    server.on('connection', (socket) => pass(front, upstreamUrl, socket))
  }
  const front: NodeFront = {
    get url() {
      return `ws://127.0.0.1:${port}`
    },
    asked: [],
    silent: false,
    answer: () => undefined,
    bend: (_, result) => result,
    tells: true,
    rise,
    async die() {
      const dying = server
      server = undefined
      if (dying === undefined) return
      for (const socket of dying.clients) socket.terminate()
      await new Promise((resolve) => dying.close(resolve))
    },
  }
  await rise()
  return front
}

function pass(front: NodeFront, upstreamUrl: string, socket: WebSocket): void {
  const upstream = new WebSocket(upstreamUrl)
  const methods = new Map<number, string>()
  const waiting: string[] = []
  upstream.on('open', () => {
    for (const text of waiting.splice(0)) upstream.send(text)
  })
  upstream.on('error', () => socket.terminate())
  upstream.on('close', () => socket.terminate())
  socket.on('close', () => upstream.terminate())
  socket.on('message', (data) => {
    if (front.silent) return
    const { id, method, params } = JSON.parse(String(data)) as Asked
    front.asked.push(method)
    const own = front.answer(method, params)
    if (own !== undefined) return socket.send(JSON.stringify({ jsonrpc: '2.0', id, ...own }))
    if (id !== undefined) methods.set(id, method)
    if (upstream.readyState === WebSocket.OPEN) upstream.send(String(data))
    else waiting.push(String(data))
  })
  upstream.on('message', (data) => {
    if (front.silent) return
    const message = JSON.parse(String(data)) as Told
    if (message.method !== undefined) {
      if (!front.tells && message.method === 'chain_finalizedHead') return
      if (message.params) message.params.result = front.bend(message.method, message.params.result)
      return socket.send(JSON.stringify(message))
    }
    const method = methods.get(message.id ?? -1) ?? ''
    if ('result' in message) message.result = front.bend(method, message.result)
    socket.send(JSON.stringify(message))
  })
}
