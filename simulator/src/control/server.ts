import { createHash, timingSafeEqual } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { Fault, messageOf, PROBLEM_TYPE, Refusal } from '@wattfleet/protocol'
import type { FaultBox } from '../faults/box.ts'
import { faultSpec } from '../faults/spec.ts'
import { pointerTo } from './pointer.ts'

export interface ControlOptions {
  readonly faults: FaultBox
  /** What GET /devices lists, taken for each request. */
  readonly devices: () => readonly object[]
  /** 0: any free one. */
  readonly port: number
  /** Asked for as `Authorization: Bearer …` where it is set. */
  readonly token?: string | undefined
  readonly warn: (fields: object, text: string) => void
}

export interface ControlServer {
  readonly port: number
  close(): Promise<void>
}

/** Only this machine: who can give faults can make every reading wrong. */
const HOST = '127.0.0.1'
/** A fault is a few hundred bytes. */
const LONGEST_BODY = 65_536
/** A request that takes longer than this to arrive is nobody's. */
const REQUEST_MS = 10_000
/** Names of this machine that a browser can be at: a page that had its own name point here is not (DNS rebinding). */
const LOCAL_NAMES = /^(127\.0\.0\.1|localhost)(:\d+)?$/

interface Reply {
  readonly status: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * Serves the control endpoint on the loopback interface: GET /devices, GET and POST /faults, GET and DELETE /faults/:id.
 * What is refused is a problem document (RFC 9457). Rejects with Fault `transport` where the port cannot be had.
 */
export async function serveControl(options: ControlOptions): Promise<ControlServer> {
  const server = createServer({ requestTimeout: REQUEST_MS, headersTimeout: REQUEST_MS }, (request, response) => {
    void respond(request, response, options)
  })
  try {
    server.listen({ host: HOST, port: options.port })
    await once(server, 'listening')
  } catch (error) {
    const text = `${HOST}:${options.port} cannot be listened on: ${messageOf(error)}`
    throw new Fault('transport', text, { cause: error })
  }
  const address = server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    close: async () => {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function respond(request: IncomingMessage, response: ServerResponse, options: ControlOptions): Promise<void> {
  let reply: Reply
  try {
    reply = await answer(request, options)
  } catch (error) {
    if (!(error instanceof Refusal)) options.warn({ error: messageOf(error) }, 'the control endpoint broke')
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'Something broke; the log says what.')
    const headers = { ...refusal.headers, 'content-type': PROBLEM_TYPE }
    reply = { status: refusal.problem.status, body: refusal.problem, headers }
  }
  const text = reply.body === undefined ? undefined : JSON.stringify(reply.body)
  response.writeHead(reply.status, {
    ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    'cache-control': 'no-store',
    ...reply.headers,
  })
  response.end(request.method === 'HEAD' ? undefined : text)
}

async function answer(request: IncomingMessage, options: ControlOptions): Promise<Reply> {
  assertAllowed(request, options.token)
  const { method = 'GET' } = request
  const path = (request.url ?? '/').split('?')[0] ?? '/'
  const { faults } = options
  const isRead = method === 'GET' || method === 'HEAD'
  if (path === '/devices') {
    if (isRead) return { status: 200, body: options.devices() }
    throw notAllowed(method, 'GET, HEAD')
  }
  if (path === '/faults') {
    if (isRead) return { status: 200, body: faults.list() }
    if (method === 'POST') return give(await jsonOf(request), faults)
    throw notAllowed(method, 'GET, HEAD, POST')
  }
  const id = /^\/faults\/([A-Za-z0-9]{1,32})$/.exec(path)?.[1]
  if (id === undefined) throw new Refusal(404, 'There are /devices, /faults and /faults/:id.')
  if (isRead) {
    const fault = faults.get(id)
    if (fault !== undefined) return { status: 200, body: fault }
  } else if (method !== 'DELETE') throw notAllowed(method, 'GET, HEAD, DELETE')
  else if (faults.remove(id)) return { status: 204 }
  throw new Refusal(404, `There is no fault ${id}.`)
}

function notAllowed(method: string, allow: string): Refusal {
  return new Refusal(405, `${method} is not possible here.`, { headers: { allow } })
}

function assertAllowed(request: IncomingMessage, token: string | undefined): void {
  if (!LOCAL_NAMES.test(request.headers.host ?? '')) {
    throw new Refusal(421, 'This is 127.0.0.1 or localhost, and no other host.')
  }
  if (token === undefined) return
  const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? ''
  const hash = (text: string) => createHash('sha256').update(text).digest()
  if (!timingSafeEqual(hash(given), hash(token))) {
    throw new Refusal(401, 'This takes "Authorization: Bearer" and the token.', {
      headers: { 'www-authenticate': 'Bearer realm="simulator"' },
    })
  }
}

function give(body: unknown, faults: FaultBox): Reply {
  const parsed = faultSpec.safeParse(body)
  if (!parsed.success) {
    const errors = parsed.error.issues.map(({ path, message }) => ({ pointer: pointerTo(path), detail: message }))
    throw new Refusal(422, 'This is no fault.', { members: { errors } })
  }
  const added = faults.add(parsed.data)
  if (!added.ok) {
    const errors = [{ pointer: added.path === '' ? '' : `/${added.path}`, detail: added.message }]
    throw new Refusal(added.path === '' ? 409 : 422, 'The fault was not taken.', { members: { errors } })
  }
  return { status: 201, body: added.fault, headers: { location: `/faults/${added.fault.id}` } }
}

async function jsonOf(request: IncomingMessage): Promise<unknown> {
  // asked for so that no page of another origin can send one without asking first
  if (!/^application\/json\b/.test(request.headers['content-type'] ?? '')) {
    throw new Refusal(415, 'This takes application/json.')
  }
  const parts: Buffer[] = []
  let bytes = 0
  for await (const part of request) {
    bytes += (part as Buffer).length
    if (bytes > LONGEST_BODY) {
      throw new Refusal(413, `A body has at most ${LONGEST_BODY} bytes.`, { headers: { connection: 'close' } })
    }
    parts.push(part as Buffer)
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch (error) {
    throw new Refusal(400, `The body is not JSON: ${messageOf(error)}`)
  }
}
