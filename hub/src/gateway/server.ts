import type { Socket } from 'node:net'
import { type Clock, checkConfig, Fault, messageOf, PROBLEM_TYPE, Refusal } from '@wattfleet/protocol'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import { watchChanges } from './changes.ts'
import { type GatewayConfigInput, gatewayConfig, hostNameOf, namesOf } from './config.ts'
import { type Feed, startFeed } from './feed.ts'
import { clockTick, LISTS, readHealth, readStreet, type Sources } from './handlers.ts'
import { SECURITY_HEADERS } from './headers.ts'
import { LIMITS } from './limits.ts'
import { createMetrics, type ServerMetrics } from './metrics.ts'
import { openApiDocument } from './openapi.ts'
import { OPERATIONS, type Operation, type OperationId } from './operations.ts'
import { readPageFiles } from './page-files.ts'
import type { ExchangeViews } from './ports.ts'
import { readQuery, refusalOf } from './problem.ts'

export interface GatewayOptions {
  readonly config?: GatewayConfigInput
  readonly views: ExchangeViews
  /** The one that slots go by: the street's. */
  readonly clock: Clock
  /** Where requests that break something are reported. */
  readonly log?: FastifyBaseLogger
  /** How often pages hear of the street; for tests. */
  readonly tickMs?: number
}

export interface Gateway {
  readonly port: number
  /** Ends every connection and resolves when nothing is left. */
  stop(): Promise<void>
}

type Handler = (request: FastifyRequest, reply: FastifyReply) => unknown

/** Starts the hub's HTTP side. Throws Fault `config` for a wrong configuration, `transport` where it cannot listen. */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const config = checkConfig(options.config ?? {}, gatewayConfig, 'gateway')
  const { views, clock } = options
  const changes = watchChanges(views)
  const sources: Sources = { views, clock, config, changes }
  const app = createServer(options.log)
  const feed = startFeed(
    {
      snapshot: () => readStreet(sources),
      clock: () => clockTick(sources),
      changes,
      onError: (error) => app.log.error({ err: error }, 'the street could not be read for those who follow it'),
    },
    options.tickMs,
  )
  const metrics = createMetrics(feed.clients)
  guardHosts(app, namesOf(config))
  app.addHook('onResponse', async (request, reply) => {
    metrics.answered(request.routeOptions.url ?? 'unknown', reply.statusCode, reply.elapsedTime / 1000)
  })
  addRoutes(app, handlersOf(sources, feed, metrics))
  const stop = async () => {
    changes.stop()
    feed.stop()
    await app.close()
  }
  try {
    await app.listen({ host: config.host, port: config.port })
  } catch (error) {
    await stop()
    throw new Fault('transport', `cannot listen on ${config.host}:${config.port}: ${messageOf(error)}`, {
      cause: error,
    })
  }
  const address = app.server.address()
  return { port: typeof address === 'object' && address !== null ? address.port : config.port, stop }
}

function createServer(log: FastifyBaseLogger | undefined): FastifyInstance {
  const app = fastify({
    ...(log === undefined ? {} : { loggerInstance: log }),
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: LIMITS.requestTimeoutMs,
    handlerTimeout: LIMITS.answerTimeoutMs,
    keepAliveTimeout: LIMITS.keepAliveTimeoutMs,
    bodyLimit: LIMITS.bodyBytes,
    forceCloseConnections: true,
    http: { maxHeaderSize: LIMITS.headerBytes },
    clientErrorHandler: refuseUnreadable,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, error),
  })
  app.server.maxConnections = LIMITS.connections
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(SECURITY_HEADERS)
  })
  app.setErrorHandler((error, request, reply) => {
    if (refusalOf(error).problem.status >= 500 && !(error instanceof Refusal))
      request.log.error({ err: error, route: request.routeOptions.url }, 'a request failed')
    return sendProblem(reply, error)
  })
  return app
}

function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const { problem, headers } = refusalOf(error)
  return reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .headers({ ...headers, ...SECURITY_HEADERS })
    .send(JSON.stringify(problem))
}

/** Bytes that are no HTTP request, or one that came too slowly or is too long. */
function refuseUnreadable(error: { readonly code: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy()
  const statuses: Record<string, number> = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }
  const { problem } = new Refusal(statuses[error.code] ?? 400, 'The request cannot be read.')
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: ${PROBLEM_TYPE}\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}

function guardHosts(app: FastifyInstance, names: ReadonlySet<string>): void {
  app.addHook('onRequest', async (request) => {
    const name = hostNameOf(request.headers.host)
    if (name === undefined || !names.has(name)) {
      throw new Refusal(421, `This server is not ${name ?? 'named by the request'}; allowedHosts names what it is.`)
    }
  })
}

function handlersOf(sources: Sources, feed: Feed, metrics: ServerMetrics): Record<OperationId, Handler> {
  const document = JSON.stringify(openApiDocument())
  return {
    orders: (request) => LISTS.orders(sources, request.query),
    trades: (request) => LISTS.trades(sources, request.query),
    measurements: (request) => LISTS.measurements(sources, request.query),
    markets: (request) => LISTS.markets(sources, request.query),
    street: () => readStreet(sources),
    events: (_request, reply) => followStreet(feed, reply),
    async healthz(_request, reply) {
      const health = await readHealth(sources)
      return reply.code(health.status === 'ok' ? 200 : 503).send(health)
    },
    async metrics(_request, reply) {
      const counters = await sources.views.counters().catch((error: unknown) => {
        reply.log.error({ err: error }, 'the counters could not be read')
        return undefined
      })
      return reply.type(metrics.contentType).send(await metrics.text(await readHealth(sources), counters))
    },
    openapi: (_request, reply) => reply.type('application/json; charset=utf-8').send(document),
  }
}

function followStreet(feed: Feed, reply: FastifyReply): FastifyReply {
  if (feed.clients() >= LIMITS.sseClients) {
    throw new Refusal(503, `${LIMITS.sseClients} are listening already.`, { headers: { 'retry-after': '10' } })
  }
  reply.hijack()
  reply.raw.writeHead(200, { ...SECURITY_HEADERS, 'content-type': 'text/event-stream; charset=utf-8' })
  feed.attach(reply.raw)
  return reply
}

function addRoutes(app: FastifyInstance, handlers: Record<OperationId, Handler>): void {
  for (const id of Object.keys(OPERATIONS) as OperationId[]) {
    const operation: Operation = OPERATIONS[id]
    app.get(operation.path, { exposeHeadRoute: id !== 'events' }, (request, reply) => {
      // the lists read theirs themselves
      if (operation.parameters.length === 0) readQuery(operation, request.query)
      return handlers[id](request, reply)
    })
  }
  for (const { path, type, body } of readPageFiles()) {
    app.get(path, (_request, reply) => reply.type(type).header('cache-control', 'no-cache').send(body))
  }
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0] ?? '/'
    if (app.hasRoute({ method: 'GET', url: path })) {
      throw new Refusal(405, `${path} can only be read.`, { headers: { allow: 'GET, HEAD' } })
    }
    throw new Refusal(404, `There is nothing at ${path}; /openapi.json says what there is.`)
  })
}
