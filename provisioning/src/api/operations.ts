import { z } from 'zod'
import type { BULK_EVENTS } from '../core/bulk.ts'
import type { Right } from '../core/roles.ts'
import { problem } from './problem.ts'
import * as rolloutSchemas from './rollout-schemas.ts'
import * as schemas from './schemas.ts'

/*
 * The API as data: the server makes its routes from it, asks each caller for the right that stands here, and the OpenAPI
 * document is made from it, so none can say what the others do not do.
 */

export interface Operation {
  readonly method: 'GET' | 'POST'
  /** With `{name}` for what varies. */
  readonly path: string
  /** Undefined: whoever asks. */
  readonly right: Right | 'any-token' | undefined
  readonly summary: string
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** What a body that is no JSON may be; it comes as it is. */
  readonly accepts?: readonly string[]
  readonly answer: z.ZodType
  /** What it may answer instead, beside what every operation may. */
  readonly problems?: Readonly<Record<number, string>>
}

const NOT_FOUND = { 404: 'No gateway has this serial, site or name on the wire.' }
const NAMED_NOBODY = { 404: 'Of the serials that were named some are nobody’s; `detail` says which.' }
const NO_WAY = { ...NOT_FOUND, 409: 'From the state that it is in there is no such way; `detail` says why.' }

function step(event: string, right: Right, summary: string): Operation {
  return {
    ...{ method: 'POST', path: `/v1/gateways/{id}/${event}`, right, summary },
    ...{ body: schemas.reasonBody, answer: schemas.gateway, problems: NO_WAY },
  }
}

const NO_ROLLOUT = { 404: 'There is no such roll-out.' }

function ordering(order: string, summary: string) {
  return {
    ...{ method: 'POST', path: `/v1/rollouts/{id}/${order}`, right: 'operate', body: schemas.reasonBody },
    ...{
      summary,
      answer: rolloutSchemas.rolloutStep,
      problems: { ...NO_ROLLOUT, 409: 'In its state there is no such way.' },
    },
  } as const satisfies Operation
}

export const OPERATIONS = {
  whoami: {
    ...{ method: 'GET', path: '/v1/whoami', right: 'any-token', answer: schemas.whoami },
    summary: 'Who this token stands for, and what it may do',
  },
  overview: {
    ...{ method: 'GET', path: '/v1/fleet', right: 'read', answer: schemas.overview },
    summary: 'The fleet in figures: states, concerns, last seen, versions, expiries',
  },
  gateways: {
    ...{
      method: 'GET',
      path: '/v1/gateways',
      right: 'read',
      query: schemas.gatewaysQuery,
      answer: schemas.gatewayPage,
    },
    summary: 'Gateways by their serials, filtered and searched, a page at a time',
  },
  gateway: {
    ...{ method: 'GET', path: '/v1/gateways/{id}', right: 'read', answer: schemas.gateway, problems: NOT_FOUND },
    summary: 'One gateway, by its serial, site or name on the wire',
  },
  story: {
    ...{ method: 'GET', path: '/v1/gateways/{id}/story', right: 'read', answer: schemas.story, problems: NOT_FOUND },
    summary: 'From the manifest to the last trade: what was done to it, and what it traded',
  },
  approve: step('approve', 'operate', 'Let it in; it waits for that'),
  suspend: step('suspend', 'operate', 'Stop it for a while; it keeps its keys'),
  resume: step('resume', 'operate', 'Let it trade again'),
  release: step('release', 'operate', 'End its quarantine: all is well with the keys that it has'),
  reissue: {
    ...step('reissue', 'operate', 'Put a new claim in force, and nothing before it'),
    answer: schemas.newClaim,
  },
  revoke: step('revoke', 'end', 'Its keys are dead; only a new claim brings it back'),
  retire: step('retire', 'end', 'Take it out of service for good'),
  rollouts: {
    ...{ method: 'GET', path: '/v1/rollouts', right: 'read', answer: rolloutSchemas.rollouts },
    summary: 'What is, or was, brought to gateways in stages',
  },
  rollout: {
    ...{ method: 'GET', path: '/v1/rollouts/{id}', right: 'read', answer: rolloutSchemas.rolloutShown },
    ...{ summary: 'One roll-out, gateway by gateway', problems: NO_ROLLOUT },
  },
  createRollout: {
    ...{ method: 'POST', path: '/v1/rollouts', right: 'operate', body: rolloutSchemas.rolloutBody },
    ...{
      summary: 'Bring settings, or software (which takes the right `end`), to the gateways that fit, in stages',
      answer: rolloutSchemas.rolloutMade,
    },
    problems: { 409: 'A gateway has another of this type; `detail` names them.', 422: 'It would go to nobody.' },
  },
  stopRollout: ordering('stop', 'Tell no further gateway'),
  resumeRollout: ordering('resume', 'Go on with a stopped one: what failed until now no longer counts'),
  abortRollout: ordering('abort', 'Give it up, and leave everything as it is'),
  rollbackRollout: ordering('rollback', 'Give it up, and bring back what was before by a roll-out of its own'),
  resets: {
    ...{ method: 'GET', path: '/v1/resets', right: 'read', answer: schemas.resets },
    summary: 'Keys that use the claim of a gateway which has others, and wait for an approval of its reset',
  },
  approveReset: {
    ...step('reset/approve', 'operate', 'Let these keys in, in place of those that it has'),
    body: schemas.resetBody,
  },
  refuseReset: step('reset/refuse', 'operate', 'Refuse all keys that wait there'),
  transfer: {
    ...step('transfer', 'end', 'Take it to another household; what was before stays with the former one'),
    ...{ body: schemas.transferBody, answer: schemas.transferred },
  },
  forget: step('forget', 'end', 'Erase the household of one that is retired; its tombstone stays'),
  tag: { ...step('tag', 'operate', 'Put a word on it'), body: schemas.tagBody },
  untag: { ...step('untag', 'operate', 'Take a word off it'), body: schemas.tagBody },
  importManifest: {
    ...{ method: 'POST', path: '/v1/manifest', right: 'operate', query: schemas.importQuery, answer: schemas.imported },
    summary: 'Add the gateways of a manifest, all or none of its rows; their claims are written beside the others',
    problems: { 413: 'It is too long.', 415: 'It is neither CSV nor YAML.', 422: '`detail` names every bad row.' },
    accepts: ['text/csv', 'application/yaml'],
  },
  bulkPreview: {
    ...{ method: 'POST', path: '/v1/bulk/preview', right: 'read', body: schemas.bulkPreviewBody },
    ...{ summary: 'What an event would do to a selection of gateways; nothing is done', answer: schemas.bulkPlan },
    problems: NAMED_NOBODY,
  },
  bulk: {
    ...{ method: 'POST', path: '/v1/bulk', right: 'operate', body: schemas.bulkBody, answer: schemas.bulkResult },
    summary: 'Do what a preview has shown. revoke and retire take the right `end`',
    problems: {
      ...NAMED_NOBODY,
      409: 'What it would do now is not what was shown: `plan` is the new preview. Nothing was done.',
    },
  },
  audit: {
    ...{ method: 'GET', path: '/v1/audit', right: 'audit', query: schemas.auditQuery, answer: schemas.auditPage },
    summary: 'Who did what, when, in the order of the log',
  },
  auditHead: {
    ...{ method: 'GET', path: '/v1/audit/head', right: 'audit', answer: schemas.auditHead.nullable() },
    summary: 'The last entry, signed: to be written down elsewhere',
  },
  auditVerify: {
    ...{ method: 'GET', path: '/v1/audit/verify', right: 'audit', answer: schemas.auditVerdict },
    summary: 'Whether the log is whole',
  },
  tokens: {
    ...{ method: 'GET', path: '/v1/tokens', right: 'tokens', answer: schemas.tokens },
    summary: 'Who may call',
  },
  createToken: {
    ...{ method: 'POST', path: '/v1/tokens', right: 'tokens', body: schemas.tokenBody, answer: schemas.newToken },
    summary: 'Let somebody call; the secret is shown this once',
    problems: { 409: 'There is or was a token of this name.' },
  },
  revokeToken: {
    ...{ method: 'POST', path: '/v1/tokens/{id}/revoke', right: 'tokens', body: schemas.reasonBody },
    ...{ summary: 'It may not call any more', answer: schemas.tokens, problems: { 404: 'No token has this name.' } },
  },
  healthz: {
    ...{ method: 'GET', path: '/healthz', right: undefined, answer: z.object({ ok: z.boolean() }) },
    summary: 'Whether the service can read its store',
  },
  openapi: {
    ...{ method: 'GET', path: '/openapi.json', right: undefined, answer: z.record(z.string(), z.unknown()) },
    summary: 'This document',
  },
} as const satisfies Record<string, Operation>
export type OperationId = keyof typeof OPERATIONS

/** The right that an event takes of whoever says it, also in bulk. */
export function rightFor(event: (typeof BULK_EVENTS)[number]): Right {
  return OPERATIONS[event].right === 'end' ? 'end' : 'operate'
}

/** What any operation may answer. */
const COMMON: Readonly<Record<number, string>> = {
  400: 'The query or the body is not well formed; `errors` names each mistake.',
  401: 'No token, or one that is not in force.',
  403: 'The token’s role does not have the right.',
  503: 'The store cannot be used at the moment.',
}

/** The API as an OpenAPI 3.1 document. */
export function openApiDocument(version: string): Record<string, unknown> {
  const paths: Record<string, Record<string, unknown>> = {}
  for (const [id, operation] of Object.entries(OPERATIONS)) {
    paths[operation.path] = { ...paths[operation.path], [operation.method.toLowerCase()]: described(id, operation) }
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Wattfleet fleet',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'The utility’s hand on its gateways. Times are UTC; ids are lower-case hex or what the maker engraved.',
    },
    servers: [{ url: '/' }],
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      schemas: { Problem: plainSchema(problem, 'output') },
    },
  }
}

function described(id: string, { path, right, summary, query, body, accepts, answer, problems }: Operation) {
  const failures = { ...COMMON, ...problems }
  const open = right === undefined
  return {
    operationId: id,
    summary,
    description: open
      ? 'For whoever asks.'
      : right === 'any-token'
        ? 'For every token.'
        : `Takes the right \`${right}\`.`,
    security: open ? [] : [{ token: [] }],
    parameters: [
      ...[...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => ({
        ...{ name, in: 'path', required: true },
        schema: { type: 'string', minLength: 1 },
      })),
      ...(query === undefined ? [] : parametersOf(query)),
    ],
    ...(body && { requestBody: { required: !body.safeParse(undefined).success, content: contentOf(body) } }),
    ...(accepts && {
      requestBody: { required: true, content: Object.fromEntries(accepts.map((type) => [type, { schema: TEXT }])) },
    }),
    responses: {
      200: { description: 'Done.', content: { 'application/json': { schema: plainSchema(answer, 'output') } } },
      ...Object.fromEntries(
        Object.entries(failures).map(([status, description]) => [
          status,
          {
            description,
            content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
          },
        ]),
      ),
    },
  }
}

const TEXT = { type: 'string' } as const

function contentOf(body: z.ZodType) {
  return { 'application/json': { schema: plainSchema(body, 'input') } }
}

function parametersOf(query: z.ZodType): Record<string, unknown>[] {
  const { properties = {} } = plainSchema(query, 'output') as { properties?: Record<string, { description?: string }> }
  return Object.entries(properties).map(([name, { description, ...schema }]) => ({
    ...{ name, in: 'query', required: false, description, schema },
  }))
}

function plainSchema(schema: z.ZodType, io: 'input' | 'output'): Record<string, unknown> {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}
