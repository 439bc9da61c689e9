import type { Server as TlsServer } from 'node:tls'
import { Fault, messageOf, PROBLEM_TYPE, Refusal } from '@wattfleet/protocol'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import packageFile from '../../package.json' with { type: 'json' }
import { MAX_MANIFEST_BYTES } from '../adapters/manifest-file.ts'
import { mayDo, type Right } from '../core/roles.ts'
import type { ApiToken } from '../core/token.ts'
import { callerOf } from '../tokens.ts'
import type { ApiParts, Call, SentBody } from './call.ts'
import { handlersOf } from './handlers.ts'
import { LIMITS } from './limits.ts'
import { OPERATIONS, type Operation, type OperationId, openApiDocument } from './operations.ts'
import { readAs, refusalOf } from './problem.ts'
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
  /** Shows another certificate to whoever connects from now on. */
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
    setIdentity: ({ certificatePem, privateKeyPem }) =>
      (app.server as unknown as TlsServer).setSecureContext({
        ...{ cert: certificatePem, key: privateKeyPem, minVersion: 'TLSv1.2' },
      }),
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
  app.addContentTypeParser(['text/csv', 'application/yaml'], { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  app.server.maxConnections = LIMITS.connections
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers(HEADERS)
  })
  app.setErrorHandler((error, request, reply) => {
    if (refusalOf(error).problem.status >= 500) {
      request.log.error({ error: messageOf(error), route: request.routeOptions.url }, 'a request failed')
    }
    return sendProblem(reply, error)
  })
  app.setNotFoundHandler((request) => {
    const path = request.url.split('?', 1)[0] ?? '/'
    const methods = methodsAt(path)
    if (methods.length > 0) {
      throw new Refusal(405, `${path} takes ${methods.join(', ')}.`, { headers: { allow: methods.join(', ') } })
    }
    throw new Refusal(404, `There is nothing at ${path}; /openapi.json says what there is.`)
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
  const { problem, headers } = refusalOf(error)
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
    const callers = new WeakMap<FastifyRequest, ApiToken>()
    app.route({
      method: operation.method,
      ...(operation.accepts && { bodyLimit: MAX_MANIFEST_BYTES }),
      url: operation.path.replace(/\{(\w+)\}/g, ':$1'),
      // before a byte of the body is read
      onRequest: async (request) => void callers.set(request, letIn(options, right, request)),
      handler(request) {
        const caller = callers.get(request)
        if (caller === undefined) throw new Fault('internal', `${id} is called by nobody`)
        return handler(callOf(operation, caller, request))
      },
    })
  }
}

/** Who makes a request. Throws Refusal where it may not be made. */
function letIn(parts: ApiParts, right: Right | 'any-token', request: FastifyRequest): ApiToken {
  const caller = callerBehind(parts, request)
  if (right !== 'any-token' && !mayDo(caller.role, right)) {
    throw new Refusal(403, `This takes the right ${right}, which the role ${caller.role} does not have.`)
  }
  return caller
}

/** The call behind a request. Throws Refusal where it is not well formed. */
function callOf(operation: Operation, caller: ApiToken, request: FastifyRequest): Call {
  const { id = '' } = (request.params ?? {}) as { id?: string }
  return {
    caller,
    id,
    query: readAs(operation.query ?? nothing, request.query),
    body: operation.accepts === undefined ? readAs(operation.body ?? nothing.optional(), request.body) : sent(request),
    signal: request.signal,
  }
}

/** A body that is no JSON, as it came, with its type. */
function sent({ body, headers }: FastifyRequest): SentBody {
  if (!Buffer.isBuffer(body)) throw new Refusal(415, 'Expected text/csv or application/yaml.')
  return { bytes: body, type: headers['content-type']?.split(';', 1)[0] ?? '' }
}

function callerBehind({ store, nowMs }: ApiParts, { headers }: FastifyRequest): ApiToken {
  const [, token] = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '') ?? []
  const caller = token === undefined ? undefined : callerOf(store, token, nowMs())
  if (caller !== undefined) return caller
  const why = token === undefined ? 'Expected the header authorization: Bearer <token>.' : 'This token is not in force.'
  throw new Refusal(401, why, { headers: { 'www-authenticate': 'Bearer realm="wattfleet"' } })
}
