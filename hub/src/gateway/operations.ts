import type { z } from 'zod'
import { LIMITS } from './limits.ts'
import { marketsQuery, measurementsQuery, noQuery, ordersQuery, tradesQuery } from './schemas/queries.ts'
import {
  market,
  marketPage,
  measurement,
  measurementPage,
  order,
  orderPage,
  trade,
  tradePage,
} from './schemas/resources.ts'
import { health, problem } from './schemas/service.ts'
import { clockTick, street } from './schemas/street.ts'

/*
 * The API as data: the server makes its routes from it and the OpenAPI document is made from it, so neither can say
 * what the other does not do.
 */

/** The schemas of what is answered, by the name they have in the OpenAPI document. */
export const COMPONENTS = {
  Order: order,
  OrderPage: orderPage,
  Trade: trade,
  TradePage: tradePage,
  Measurement: measurement,
  MeasurementPage: measurementPage,
  Market: market,
  MarketPage: marketPage,
  Street: street,
  ClockTick: clockTick,
  Health: health,
  Problem: problem,
} as const satisfies Record<string, z.ZodType>

export interface Answer {
  readonly status: number
  readonly description: string
  readonly type: string
  /** A component; absent where the body is no JSON of this API. */
  readonly schema?: keyof typeof COMPONENTS
}

export interface Operation {
  readonly path: string
  readonly summary: string
  readonly description: string
  readonly query: z.ZodType
  readonly parameters: readonly string[]
  readonly answers: readonly Answer[]
}

const JSON_TYPE = 'application/json'

/** What any route may answer instead. */
export const COMMON_PROBLEMS: readonly Answer[] = [
  [400, 'A parameter is unknown or wrong; `errors` names each.'],
  [421, 'The request names a host that this server is not (protection against DNS rebinding).'],
  [500, 'Something broke inside the hub.'],
  [503, 'The store cannot be read, or the answer was not ready in time.'],
].map(([status, description]) => ({
  status: Number(status),
  description: String(description),
  type: 'application/problem+json',
  schema: 'Problem',
}))

function json(description: string, schema: keyof typeof COMPONENTS): Answer {
  return { status: 200, description, type: JSON_TYPE, schema }
}

const PAGING = `At most \`limit\` items (${LIMITS.pageDefault} unless told, ${LIMITS.pageMax} at most); \`next\` continues.`

function operation<Q extends z.ZodObject>(
  path: string,
  query: Q,
  summary: string,
  description: string,
  answers: readonly Answer[],
) {
  return { path, query, parameters: Object.keys(query.shape), summary, description, answers }
}

export const OPERATIONS = {
  orders: operation(
    '/v1/orders',
    ordersQuery,
    'Orders, newest first',
    `Orders that entered a finalized block, or were refused by the chain. ${PAGING}`,
    [json('A page of orders.', 'OrderPage')],
  ),
  trades: operation(
    '/v1/trades',
    tradesQuery,
    'Trades, newest first',
    `Trades in finalized blocks, and how each was executed. ${PAGING}`,
    [json('A page of trades.', 'TradePage')],
  ),
  measurements: operation(
    '/v1/measurements',
    measurementsQuery,
    'Energies per site and slot, as received',
    `For the operator of the hub only: these are personal data, and they stay off the chain. ${PAGING}`,
    [json('A page of energies.', 'MeasurementPage')],
  ),
  markets: operation(
    '/v1/markets',
    marketsQuery,
    'Markets, latest slot first',
    `Each (community, slot, kind) that an order has entered. ${PAGING}`,
    [json('A page of markets.', 'MarketPage')],
  ),
  street: operation(
    '/v1/street',
    noQuery,
    'The street now',
    'What the page shows: houses, markets, latest settlements, totals. Holds personal data (power now).',
    [json('A snapshot.', 'Street')],
  ),
  events: operation(
    '/v1/events',
    noQuery,
    'The street as it changes',
    'Server-sent events: `street` with a Street when something changed, at most once a second, and `clock` with a ' +
      'ClockTick every second.',
    [
      { status: 200, description: 'A stream that ends only when one side closes it.', type: 'text/event-stream' },
      {
        status: 503,
        description: `The store cannot be read, or ${LIMITS.sseClients} are listening already: try again later.`,
        type: 'application/problem+json',
        schema: 'Problem',
      },
    ],
  ),
  healthz: operation(
    '/healthz',
    noQuery,
    'Whether this hub can be relied on',
    'Judged by the index’s lag behind the finalized head, the connection to the broker, and the store.',
    [
      json('All is well.', 'Health'),
      { status: 503, description: 'Something is wrong; `reasons` says what.', type: JSON_TYPE, schema: 'Health' },
    ],
  ),
  metrics: operation(
    '/metrics',
    noQuery,
    'Figures for Prometheus',
    'Prometheus text format 0.0.4: the exchange’s figures, this server’s and the process’. Money in whole currency, ' +
      'rounded as floating point rounds: for watching, not for accounting.',
    [{ status: 200, description: 'The figures.', type: 'text/plain' }],
  ),
  openapi: operation(
    '/openapi.json',
    noQuery,
    'This document',
    'The API as OpenAPI 3.1, made from the schemas that check requests.',
    [{ status: 200, description: 'The document.', type: JSON_TYPE }],
  ),
} as const satisfies Record<string, Operation>

export type OperationId = keyof typeof OPERATIONS
