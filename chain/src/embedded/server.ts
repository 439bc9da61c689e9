import { randomBytes } from 'node:crypto'
import type { AddressInfo } from 'node:net'
import { messageOf } from '@wattfleet/protocol'
import { type WebSocket, WebSocketServer } from 'ws'
import type { EmbeddedChain } from './chain.ts'
import { authorMethods } from './rpc/author.ts'
import { chainMethods } from './rpc/chain.ts'
import type { Methods, Subscriber } from './rpc/context.ts'
import { METHOD_NOT_FOUND, RpcFault } from './rpc/fault.ts'
import { stateMethods } from './rpc/state.ts'
import { systemMethods } from './rpc/system.ts'

/** Holds a runtime upgrade as hex with room to spare. */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024
/** Clients at once: the project's own few, and some people looking on. */
const MAX_CLIENTS = 64
/** Subscriptions of one client. */
const MAX_SUBSCRIPTIONS = 128
/** Pages that may connect from a browser: local ones, and the explorer most people use. */
const ALLOWED_ORIGIN = /^(https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?|https:\/\/polkadot\.js\.org)$/

const METHODS: Methods = {
  ...authorMethods,
  ...chainMethods,
  ...stateMethods,
  ...systemMethods,
  rpc_methods: () => ({ version: 1, methods: Object.keys(METHODS).sort() }),
}

interface Request {
  readonly id?: unknown
  readonly method?: unknown
  readonly params?: unknown
}

function subscriberOf(socket: WebSocket): Subscriber & { close(): void } {
  const subscriptions = new Map<string, () => void>()
  return {
    subscribe(method, start) {
      if (subscriptions.size >= MAX_SUBSCRIPTIONS) throw new RpcFault(-32006, 'Too many subscriptions')
      const subscription = randomBytes(8).toString('hex')
      // the answer with the id goes out before the first message of the subscription
      setImmediate(() => {
        const end = start((result) =>
          socket.send(JSON.stringify({ jsonrpc: '2.0', method, params: { subscription, result } })),
        )
        if (subscriptions.has(subscription)) subscriptions.set(subscription, end)
        else end()
      })
      subscriptions.set(subscription, () => {})
      return subscription
    },
    unsubscribe(id) {
      subscriptions.get(id)?.()
      return subscriptions.delete(id)
    },
    close() {
      for (const end of subscriptions.values()) end()
      subscriptions.clear()
    },
  }
}

async function answer(chain: EmbeddedChain, name: string, client: Subscriber, request: Request): Promise<object> {
  const id = request.id ?? null
  try {
    const method = typeof request.method === 'string' ? METHODS[request.method] : undefined
    if (method === undefined) throw new RpcFault(METHOD_NOT_FOUND, `Method not found: ${String(request.method)}`)
    const params = Array.isArray(request.params) ? request.params : []
    return { jsonrpc: '2.0', id, result: (await method({ chain, name, client }, params)) ?? null }
  } catch (error) {
    const { code, data } = error instanceof RpcFault ? error : { code: -32603, data: undefined }
    return { jsonrpc: '2.0', id, error: { code, message: messageOf(error), ...(data === undefined ? {} : { data }) } }
  }
}

async function answerText(chain: EmbeddedChain, name: string, client: Subscriber, text: string): Promise<string> {
  let request: unknown
  try {
    request = JSON.parse(text)
  } catch {
    return JSON.stringify({ jsonrpc: '2.0', id: null, error: { code: -32700, message: 'Parse error' } })
  }
  const all = Array.isArray(request) ? request : [request]
  const answers = await Promise.all(all.map((one) => answer(chain, name, client, (one ?? {}) as Request)))
  return JSON.stringify(Array.isArray(request) ? answers : answers[0])
}

/** Serves Substrate's JSON-RPC over WebSocket, so that any Substrate client can talk to the embedded chain. */
export async function serveRpc(
  chain: EmbeddedChain,
  options: { host: string; port: number; name: string },
): Promise<{ port: number; stop(): Promise<void> }> {
  const server = new WebSocketServer({
    host: options.host,
    port: options.port,
    maxPayload: MAX_REQUEST_BYTES,
    verifyClient: ({ origin }: { origin?: string }) => origin === undefined || ALLOWED_ORIGIN.test(origin),
  })
  server.on('connection', (socket) => {
    if (server.clients.size > MAX_CLIENTS) return socket.close(1013, 'too many clients')
    const client = subscriberOf(socket)
    socket.on('close', () => client.close())
    socket.on('error', () => socket.terminate())
    socket.on('message', async (data) => {
      const text = await answerText(chain, options.name, client, String(data))
      if (socket.readyState === socket.OPEN) socket.send(text)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('listening', resolve)
    server.once('error', reject)
  })
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        for (const socket of server.clients) socket.terminate()
        server.close(() => resolve())
      }),
  }
}
