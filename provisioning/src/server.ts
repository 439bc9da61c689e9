import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type EnrolmentRefusal, Fault, messageOf, type RenewalRefusal } from '@wattfleet/protocol'
import type { pino } from 'pino'
import type { Enrol } from './enrol.ts'
import type { Renewer } from './renew.ts'

/** A request is a claim, two keys, a signature and a PEM of at most 8 KiB. */
const MAX_BODY_BYTES = 16 * 1024
/** A whole request must be there within this time. */
const REQUEST_TIMEOUT_MS = 10_000
/** Strangers can open connections: this many at once. */
const MAX_CONNECTIONS = 256
/** What a gateway waits before it asks again when the chain or the utility's own system is away, or nobody has approved it, s. */
const RETRY_AFTER_S = 5

type Refusal = EnrolmentRefusal | RenewalRefusal
const STATUS: Record<Refusal['error'], number> = {
  malformed: 400,
  'bad-proof': 403,
  'unknown-claim': 404,
  'claim-expired': 410,
  'claim-used': 409,
  quarantined: 403,
  // RFC 7030, 4.2.3: accepted, to be asked for again
  'awaiting-approval': 202,
  'chain-unavailable': 503,
  'refused-by-utility': 403,
  'utility-unavailable': 503,
  'unknown-gateway': 404,
  'unknown-certificate': 409,
  'key-used': 409,
  // RFC 6585, 4
  'too-soon': 429,
  revoked: 403,
  retired: 403,
}
/** Of these the same request may be well later. */
const LATER: Partial<Record<Refusal['error'], number>> = {
  'chain-unavailable': RETRY_AFTER_S,
  'awaiting-approval': RETRY_AFTER_S,
  'utility-unavailable': RETRY_AFTER_S,
  'too-soon': 3_600,
}

export interface ServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** What gateways trust, PEM: shown to whoever asks, for those whose claim has only its fingerprint. */
  readonly caPem: () => string
  readonly enrol: Enrol
  readonly renewer: Renewer
  readonly log: pino.Logger
}

export interface EnrolmentServer {
  readonly port: number
  /** Shows another certificate from the next connection on; those that are open stay. */
  setIdentity(identity: { readonly certificatePem: string; readonly privateKeyPem: string }): void
  /** Ends running requests with 503 and closes the port. */
  stop(): Promise<void>
}

/** Serves `POST /v1/enrol`, `/v1/renew`, `/v1/renew/proven`, `GET /v1/ca` and `GET /healthz` over HTTPS. Throws Fault `transport` when the port cannot be bound. */
export async function startServer(options: ServerOptions): Promise<EnrolmentServer> {
  const stopping = new AbortController()
  const server = createServer({
    cert: options.certificatePem,
    key: options.privateKeyPem,
    requestTimeout: REQUEST_TIMEOUT_MS,
    headersTimeout: REQUEST_TIMEOUT_MS,
    handshakeTimeout: REQUEST_TIMEOUT_MS,
    maxHeaderSize: 8 * 1024,
  })
  server.maxConnections = MAX_CONNECTIONS
  const running = new Set<Promise<void>>()
  server.on('request', (request, response) => {
    const work = handle(options, request, response, stopping.signal).finally(() => running.delete(work))
    running.add(work)
  })
  try {
    server.listen(options.port, options.host)
    await once(server, 'listening')
  } catch (error) {
    const text = `cannot listen on ${options.host}:${options.port}: ${messageOf(error)}`
    throw new Fault('transport', text, { cause: error })
  }
  return {
    port: (server.address() as AddressInfo).port,
    setIdentity: ({ certificatePem, privateKeyPem }) =>
      server.setSecureContext({ cert: certificatePem, key: privateKeyPem }),
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      stopping.abort()
      server.closeIdleConnections()
      await Promise.all(running)
      server.closeAllConnections()
      await closed
    },
  }
}

/** What one path answers: the status 200 and a body, or a refusal. `told` goes into the log. */
type Answer =
  | { readonly ok: true; readonly body: object; readonly told: object }
  | { readonly ok: false; readonly refusal: Refusal }
type Path = (body: string, signal: AbortSignal) => Promise<Answer>

function pathsOf({ enrol, renewer }: ServerOptions): Readonly<Record<string, Path>> {
  return {
    '/v1/enrol': async (body, signal) => {
      const answer = await enrol(body, signal)
      if (!answer.ok) return answer
      const { gateway, epoch } = answer.grant
      return { ok: true, body: answer.grant, told: { gateway, epoch } }
    },
    '/v1/renew': async (body, signal) => {
      const answer = await renewer.renew(body, signal)
      return answer.ok ? { ok: true, body: answer.grant, told: { gateway: answer.grant.gateway } } : answer
    },
    '/v1/renew/proven': async (body) => {
      const answer = renewer.proven(body)
      return answer.ok ? { ok: true, body: { ok: true }, told: { gateway: answer.gateway } } : answer
    },
  }
}

async function handle(
  options: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const { log } = options
  try {
    if (request.method === 'GET' && request.url === '/healthz') return reply(response, 200, { ok: true })
    if (request.method === 'GET' && request.url === '/v1/ca') return replyPem(response, options.caPem())
    const paths = pathsOf(options)
    const path = request.url ?? ''
    const answerTo = request.method === 'POST' && Object.hasOwn(paths, path) ? paths[path] : undefined
    if (answerTo === undefined) {
      const message = `expected POST ${Object.keys(paths).join(', ')}`
      return reply(response, 404, { error: 'malformed', message })
    }
    const body = await readBody(request, signal)
    if (body === undefined) {
      response.setHeader('connection', 'close')
      return reply(response, 413, { error: 'malformed', message: `the body is longer than ${MAX_BODY_BYTES} bytes` })
    }
    const answer = await answerTo(body, signal)
    logAnswer(log, answer, path, request)
    if (answer.ok) return reply(response, 200, answer.body)
    const { error } = answer.refusal
    const later = LATER[error]
    if (later !== undefined) response.setHeader('retry-after', later)
    reply(response, STATUS[error], answer.refusal)
  } catch (error) {
    if (request.destroyed && !request.complete) return // the sender is gone
    log.error({ error: messageOf(error) }, 'a request failed')
    reply(response, 500, { message: 'a fault of the service; ask again later' })
  }
}

/** The whole body; undefined when it is too long. Throws when the sender goes away. */
async function readBody(request: IncomingMessage, signal: AbortSignal): Promise<string | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  const onAbort = () => request.destroy()
  signal.addEventListener('abort', onAbort, { once: true })
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      length += chunk.length
      if (length > MAX_BODY_BYTES) return undefined
      chunks.push(chunk)
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function reply(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

const DONE: Readonly<Record<string, string>> = {
  '/v1/enrol': 'enrolled',
  '/v1/renew': 'renewed',
  '/v1/renew/proven': 'its new certificate works',
}

function logAnswer(log: pino.Logger, answer: Answer, path: string, request: IncomingMessage): void {
  const from = request.socket.remoteAddress
  if (answer.ok) log.info({ ...answer.told, from }, DONE[path] ?? path)
  // the words of the utility's own system may be about people
  else if (answer.refusal.error === 'refused-by-utility')
    log.warn({ error: answer.refusal.error, path, from }, 'refused')
  else log.warn({ ...answer.refusal, path, from }, 'refused')
}

function replyPem(response: ServerResponse, pem: string): void {
  if (response.destroyed) return
  response.writeHead(200, { 'content-type': 'application/x-pem-file' }).end(pem)
}
