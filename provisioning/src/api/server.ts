import type { Server as TlsServer } from 'node:tls'
import { Fault, messageOf } from '@wattfleet/protocol'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import packageFile from '../../package.json' with { type: 'json' }
import { mayDo, type Right } from '../core/roles.ts'
import type { ApiToken } from '../core/token.ts'
import { callerOf } from '../tokens.ts'
import { type ApiParts, type Call, handlersOf } from './handlers.ts'
import { LIMITS } from './limits.ts'
import { OPERATIONS, type Operation, type OperationId, openApiDocument } from './operations.ts'
import { ApiProblem, PROBLEM_TYPE, problemOf, readAs } from './problem.ts'
import { nothing } from './schemas.ts'

export interface ApiOptions extends ApiParts {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly certificatePem: string
  readonly privateKeyPem: string
  readonly log: FastifyBaseLogger
}

export interface ApiServer {
  readonly port: number
  /** Shows another certificate from the next connection on. */
  setIdentity(identity: Pick<ApiOptions, 'certificatePem' | 'privateKeyPem'>): void
  stop(): Promise<void>
}

const HEADERS = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
} as const

/** Serves the API over HTTPS. Throws Fault `transport` when the port cannot be bound. */
export async function startApi(options: ApiOptions): Promise<ApiServer> {
  const app = createApp(options)
  addRoutes(app, options)
  try {
    await app.listen({ host: options.host, port: options.port })
  } catch (error) {
    await app.close()
    throw new Fault('transport', `cannot listen on ${options.host}:${options.port}: ${messageOf(error)}`, {
      cause: error,
    })
  }
  const address = app.server.address()
  return {
    port: typeof address === 'object' && address !== null ? address.port : options.port,
    setIdentity({ certificatePem: cert, privateKeyPem: key }) {
      const server = app.server as unknown as TlsServer
      server.setSecureContext({ cert, key, minVersion: 'TLSv1.2' })
    },
    stop: async () => void (await app.close()),
  }
}

function createApp({ certificatePem, privateKeyPem, log }: ApiOptions): FastifyInstance {
  const app = fastify({
    https: { cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.2', maxHeaderSize: LIMITS.headerBytes },
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: LIMITS.requestTimeoutMs,
    handlerTimeout: LIMITS.answerTimeoutMs,
    keepAliveTimeout: LIMITS.keepAliveTimeoutMs,
    bodyLimit: LIMITS.bodyBytes,
    // whatever fits into the headers: a name that nobody has is answered like one
    routerOptions: { maxParamLength: LIMITS.headerBytes },
    forceCloseConnections: true,
    frameworkErrors: (error, _request, reply) => sendProblem(reply, error),
  }) as unknown as FastifyInstance
  app.server.maxConnections = LIMITS.connections
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS)
  })
  app.setErrorHandler((error, request, reply) => {
    if (problemOf(error).problem.status >= 500) {
      request.log.error({ error: messageOf(error), route: request.routeOptions.url }, 'a request failed')
    }
    return sendProblem(reply, error)
  })
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0] ?? '/'
    const methods = methodsAt(path)
    if (methods.length > 0) {
      throw new ApiProblem(405, `${path} takes ${methods.join(', ')}.`, { headers: { allow: methods.join(', ') } })
    }
    throw new ApiProblem(404, `There is nothing at ${path}; /openapi.json says what there is.`)
  })
  return app
}

/** What may be asked of a path; empty where there is nothing. */
function methodsAt(path: string): string[] {
  const isHere = ({ path: form }: Operation) => new RegExp(`^${form.replace(/\{\w+\}/g, '[^/]+')}$`).test(path)
  return [
    ...new Set(
      Object.values(OPERATIONS)
        .filter(isHere)
        .map(({ method }) => method),
    ),
  ]
}

function sendProblem(reply: FastifyReply, error: unknown): FastifyReply {
  const { problem, headers } = problemOf(error)
  return reply
    .code(problem.status)
    .type(PROBLEM_TYPE)
    .headers({ ...HEADERS, ...headers })
    .send(JSON.stringify(problem))
}

function addRoutes(app: FastifyInstance, options: ApiOptions): void {
  // each takes what its own operation says, which `callOf` has checked
  const handlers = handlersOf(options) as unknown as Readonly<Record<string, (call: Call) => unknown>>
  const document = JSON.stringify(openApiDocument(packageFile.version))
  app.get('/openapi.json', (_request, reply) => reply.type('application/json; charset=utf-8').send(document))
  app.get('/healthz', () => {
    options.store.version()
    return { ok: true }
  })
  for (const [id, operation] of Object.entries(OPERATIONS) as [OperationId, Operation][]) {
    const handler = handlers[id]
    if (handler === undefined || operation.right === undefined) continue
    const { right } = operation
    app.route({
      method: operation.method,
      url: operation.path.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request) => handler(callOf(options, operation, right, request)),
    })
  }
}

/** The call behind a request. Throws ApiProblem where it may not be made, or is not well formed. */
function callOf(parts: ApiParts, operation: Operation, right: Right | 'any-token', request: FastifyRequest): Call {
  const caller = callerBehind(parts, request)
  if (right !== 'any-token' && !mayDo(caller.role, right)) {
    throw new ApiProblem(403, `This takes the right ${right}, which the role ${caller.role} does not have.`)
  }
  const { id = '' } = (request.params ?? {}) as { id?: string }
  return {
    caller,
    id,
    query: readAs(operation.query ?? nothing, request.query),
    body: readAs(operation.body ?? nothing.optional(), request.body),
    signal: request.signal,
  }
}

function callerBehind({ store, nowMs }: ApiParts, { headers }: FastifyRequest): ApiToken {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
  const caller = token === undefined ? undefined : callerOf(store, token, nowMs())
  if (caller !== undefined) return caller
  const why = token === undefined ? 'Expected the header authorization: Bearer <token>.' : 'This token is not in force.'
  throw new ApiProblem(401, why, { headers: { 'www-authenticate': 'Bearer realm="wattfleet"' } })
}
