import type { AddressInfo } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { EmbeddedChain } from './chain.ts'
import { openConnection } from './rpc/connection.ts'

/** Holds a runtime upgrade as hex with room to spare. A longer request ends its connection with 1009, "message too big". */
const MAX_REQUEST_BYTES = 16 * 1024 * 1024
/** Clients at once: the project's own few, and some people looking on. */
const MAX_CLIENTS = 64
/** Messages of one client that are worked on at once; what else it sends waits unread. */
const MAX_UNDER_WAY = 256
/** What may wait for a client that does not read: several times the largest answer, the runtime's code. */
const MAX_UNREAD_BYTES = 64 * 1024 * 1024
/** Pages that may connect from a browser: local ones, and the explorer most people use. */
const ALLOWED_ORIGIN = /^(https?:\/\/(localhost|127\.0\.0\.1)(:\d+)?|https:\/\/polkadot\.js\.org)$/

function serve(chain: EmbeddedChain, name: string, socket: WebSocket): void {
  const connection = openConnection(chain, name, (message) => {
    if (socket.readyState !== socket.OPEN) return
    if (socket.bufferedAmount > MAX_UNREAD_BYTES) return socket.terminate()
    try {
      socket.send(JSON.stringify(message))
    } catch {
      socket.terminate()
    }
  })
  let underWay = 0
  socket.on('message', async (data) => {
    underWay += 1
    if (underWay >= MAX_UNDER_WAY) socket.pause()
    // what cannot even be written down (an answer longer than a text can be) ends this client, not the chain
    await connection.receive(String(data)).catch(() => socket.terminate())
    underWay -= 1
    if (underWay < MAX_UNDER_WAY) socket.resume()
  })
  socket.on('close', () => connection.close())
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
    verifyClient: ({ origin }: { origin?: string }, decide) => {
      if (origin === undefined || ALLOWED_ORIGIN.test(origin)) decide(true)
      else decide(false, 403, 'Origin not allowed')
    },
  })
  server.on('connection', (socket) => {
    // ws itself tells the client why and closes; without a listener the error would end the process
    socket.on('error', () => {})
    if (server.clients.size > MAX_CLIENTS) return socket.close(1013, 'too many clients')
    serve(chain, options.name, socket)
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
