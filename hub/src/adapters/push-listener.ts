import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Fault, messageOf } from '@wattfleet/protocol'
import type { PushConfig } from '../config.ts'
import { decidePush, type Push, type PushCounts, type PushDecision } from '../orderbook/push.ts'
import type { Log } from '../ports.ts'

/** What a block can hold: none pushes more than that. */
const MAX_BODY_BYTES = 5 * 1024 * 1024
/** A node waits three seconds for its answer; what takes longer than this is none. */
const REQUEST_MS = 5_000
/** More nodes than a chain has that push to one hub. */
const MAX_CONNECTIONS = 128

const STATUS: Readonly<Record<Refusal, number>> = {
  'unknown-key': 403,
  signature: 403,
  malformed: 400,
  'wrong-chain': 400,
  method: 405,
  'too-large': 413,
}
type Refusal = Extract<PushDecision, { ok: false }>['reason'] | 'method' | 'too-large'

export interface PushListener {
  readonly port: number
  readonly counts: PushCounts
  stop(): Promise<void>
}

export interface PushListenerOptions {
  readonly config: PushConfig
  /** The chain's id, 32 bytes. */
  readonly chain: Uint8Array
  readonly onPush: (push: Push) => void
  readonly log: Log
}

/** The body; undefined where it is too large. Rejects where the sender goes away before its end. */
function bodyOf(request: IncomingMessage): Promise<Uint8Array | undefined> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return Promise.resolve(undefined)
  const chunks: Buffer[] = []
  let bytes = 0
  return new Promise((resolve, reject) => {
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length
      if (bytes <= MAX_BODY_BYTES) chunks.push(chunk)
      else {
        // the rest stays where it is: the connection ends with the answer
        request.pause()
        resolve(undefined)
      }
    })
    request.on('end', () => resolve(Buffer.concat(chunks)))
    request.on('error', reject)
  })
}

/** Takes the hints that nodes post. Rejects with Fault `config` where the port cannot be had. */
export async function startPushListener({ config, chain, onPush, log }: PushListenerOptions): Promise<PushListener> {
  const trusted = { chain, nodeKeys: new Set(config.nodeKeys) }
  const counts = { received: 0, refused: 0 }
  const header = ({ headers }: IncomingMessage, name: string) => String(headers[`x-wattfleet-${name}`] ?? '')

  const decide = async (request: IncomingMessage): Promise<Refusal | Push> => {
    if (request.method !== 'POST') return 'method'
    const body = await bodyOf(request)
    if (body === undefined) return 'too-large'
    const posted = { key: header(request, 'key'), signature: header(request, 'signature'), body }
    const decision = decidePush(posted, trusted)
    return decision.ok ? decision.push : decision.reason
  }
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, async (request, response) => {
    try {
      const decided = await decide(request)
      if (typeof decided === 'string') {
        counts.refused++
        log.warn({ reason: decided, from: request.socket.remoteAddress }, 'a push was refused')
        response.writeHead(STATUS[decided], { connection: 'close' }).end()
        return
      }
      counts.received++
      response.writeHead(204).end()
      onPush(decided)
    } catch (error) {
      // it went away, or took too long
      counts.refused++
      log.warn({ fault: messageOf(error) }, 'a push was not heard to its end')
      response.destroy()
    }
  })
  server.maxConnections = MAX_CONNECTIONS
  try {
    server.listen(config.port, config.host)
    await once(server, 'listening')
  } catch (cause) {
    throw new Fault('config', `push: cannot listen on ${config.host}:${config.port}: ${messageOf(cause)}`, { cause })
  }
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
