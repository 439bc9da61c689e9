import { TERMINAL_STATES } from '@wattfleet/protocol'
import { z } from 'zod'
import { LIMITS } from '../limits.ts'
import { OPEN_STATES, type OrderState } from '../ports.ts'
import { hex, kind, side } from './fields.ts'

/*
 * What may stand in the query of each list. Query values are text; nothing is coerced that is not written as it should
 * be, and a name that is not here is refused.
 */

export const ORDER_STATES = [...OPEN_STATES, ...TERMINAL_STATES] as const satisfies readonly OrderState[]

function integer(min: number, max: number, description: string) {
  return z
    .string('expected one value')
    .regex(/^\d{1,15}$/, 'expected a whole number in decimal digits')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ description })
}

const MAX_U32 = 0xffff_ffff

const community = integer(0, MAX_U32, 'Only of this community.').optional()
const gateway = hex(32, 'Only of the gateway with this public key.').optional()
const site = hex(16, 'Only of this site.').optional()
const slotStartFrom = integer(
  0,
  Number.MAX_SAFE_INTEGER,
  'Only slots that start here or later, UTC Unix seconds.',
).optional()
const slotStartTo = integer(
  0,
  Number.MAX_SAFE_INTEGER,
  'Only slots that start here or earlier, UTC Unix seconds.',
).optional()
const limit = integer(1, LIMITS.pageMax, 'Most items to answer with.').default(LIMITS.pageDefault)

function cursor(pattern: RegExp) {
  return z
    .string('expected one value')
    .regex(pattern, 'expected the `next` of a page of this list')
    .meta({ description: 'Continue after a page: its `next`, unread and unchanged, with the same filters.' })
    .optional()
}

function inOrder(query: { slotStartFrom?: number | undefined; slotStartTo?: number | undefined }): boolean {
  return (
    query.slotStartFrom === undefined || query.slotStartTo === undefined || query.slotStartFrom <= query.slotStartTo
  )
}

const OUT_OF_ORDER = { path: ['slotStartTo'], message: 'expected a time not before slotStartFrom' }

export const ordersQuery = z
  .strictObject({
    gateway,
    state: z.enum(ORDER_STATES).meta({ description: 'Only orders in this state.' }).optional(),
    side: side.optional(),
    community,
    kind: kind.optional(),
    slotStartFrom,
    slotStartTo,
    limit,
    cursor: cursor(/^orders-\d{1,15}$/),
  })
  .refine(inOrder, OUT_OF_ORDER)

export const tradesQuery = z.strictObject({
  site,
  community,
  slotStart: integer(0, Number.MAX_SAFE_INTEGER, 'Only of the slot that starts here, UTC Unix seconds.').optional(),
  limit,
  cursor: cursor(/^trades-\d{1,15}$/),
})

export const measurementsQuery = z
  .strictObject({ site, gateway, slotStartFrom, slotStartTo, limit, cursor: cursor(/^measurements-\d{1,15}$/) })
  .refine(inOrder, OUT_OF_ORDER)

export const marketsQuery = z
  .strictObject({
    community,
    kind: kind.optional(),
    slotStartFrom,
    slotStartTo,
    limit,
    cursor: cursor(/^markets-\d{1,15}-\d{1,10}-(spot|post)$/),
  })
  .refine(inOrder, OUT_OF_ORDER)

/** Routes that take no parameter refuse every one. */
export const noQuery = z.strictObject({})
