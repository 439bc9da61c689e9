import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { type EnrolmentRefusal, Fault, messageOf } from '@wattfleet/protocol'
import type { pino } from 'pino'
import type { Enrol, EnrolmentAnswer } from './enrol.ts'

/** A request is a claim, two keys, a signature and a PEM of at most 8 KiB. */
const MAX_BODY_BYTES = 16 * 1024
/** A whole request must be there within this time. */
const REQUEST_TIMEOUT_MS = 10_000
/** Strangers can open connections: this many at once. */
const MAX_CONNECTIONS = 256
/** What a gateway waits before it asks again when the chain is away or nobody has approved it, s. */
const RETRY_AFTER_S = 5

const STATUS: Record<EnrolmentRefusal['error'], number> = {
  malformed: 400,
  'bad-proof': 403,
  'unknown-claim': 404,
  'claim-expired': 410,
  'claim-used': 409,
  quarantined: 403,
  // RFC 7030, 4.2.3: accepted, to be asked for again
  'awaiting-approval': 202,
  'chain-unavailable': 503,
}

export interface ServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** What gateways trust, PEM: shown to whoever asks, for those whose claim has only its fingerprint. */
  readonly caPem: string
  readonly enrol: Enrol
  readonly log: pino.Logger
}

export interface EnrolmentServer {
  readonly port: number
  /** Ends running requests with 503 and closes the port. */
  stop(): Promise<void>
}

/** Serves `POST /v1/enrol`, `GET /v1/ca` and `GET /healthz` over HTTPS. Throws Fault `transport` when the port cannot be bound. */
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

async function handle(
  { enrol, caPem, log }: ServerOptions,
  request: IncomingMessage,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  try {
    if (request.method === 'GET' && request.url === '/healthz') return reply(response, 200, { ok: true })
    if (request.method === 'GET' && request.url === '/v1/ca') return replyPem(response, caPem)
    if (request.method !== 'POST' || request.url !== '/v1/enrol') {
      return reply(response, 404, { error: 'malformed', message: 'expected POST /v1/enrol' })
    }
    const body = await readBody(request, signal)
    if (body === undefined) {
      response.setHeader('connection', 'close')
      return reply(response, 413, { error: 'malformed', message: `the body is longer than ${MAX_BODY_BYTES} bytes` })
    }
    const answer = await enrol(body, signal)
    logAnswer(log, answer, request)
    if (answer.ok) return reply(response, 200, answer.grant)
    const { error } = answer.refusal
    if (error === 'chain-unavailable' || error === 'awaiting-approval') response.setHeader('retry-after', RETRY_AFTER_S)
    reply(response, STATUS[answer.refusal.error], answer.refusal)
  } catch (error) {
    if (request.destroyed && !request.complete) return // the sender is gone
    log.error({ error: messageOf(error) }, 'enrolment failed')
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

function replyPem(response: ServerResponse, pem: string): void {
  if (response.destroyed) return
  response.writeHead(200, { 'content-type': 'application/x-pem-file' }).end(pem)
}

function logAnswer(log: pino.Logger, answer: EnrolmentAnswer, request: IncomingMessage): void {
  const from = request.socket.remoteAddress
  if (answer.ok) log.info({ gateway: answer.grant.gateway, epoch: answer.grant.epoch, from }, 'enrolled')
  else log.warn({ ...answer.refusal, from }, 'enrolment refused')
}
