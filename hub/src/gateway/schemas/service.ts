import { z } from 'zod'
import { count } from './fields.ts'

export const HEALTH_REASONS = [
  'index-empty',
  'index-behind',
  'chain-unreachable',
  'broker-disconnected',
  'store-failing',
] as const

export const health = z.strictObject({
  status: z.enum(['ok', 'unavailable']).meta({ description: '`unavailable` with at least one reason.' }),
  reasons: z
    .array(
      z.strictObject({
        code: z.enum(HEALTH_REASONS).meta({ description: 'What is wrong.' }),
        detail: z.string().meta({ description: 'The same for a person, with figures.' }),
      }),
    )
    .meta({ description: 'Why this hub should not be relied on now; empty where all is well.' }),
  indexedBlock: count('Last finalized block in the index; null before the first.').nullable(),
  finalizedBlock: count('Finalized head of the chain; null while it cannot be asked.').nullable(),
  lagBlocks: count('Blocks that the index is behind; null where unknown.').nullable(),
  brokerConnected: z.boolean().meta({ description: 'Whether the hub is connected to its broker.' }),
})

/** RFC 9457, with a member of its own for what is wrong in which parameter. */
export const problem = z
  .strictObject({
    type: z.string().meta({ description: '`about:blank`, or a name of the problem.' }),
    title: z.string().meta({ description: 'What kind of problem it is.' }),
    status: z.int().min(400).max(599).meta({ description: 'The HTTP status.' }),
    detail: z.string().optional().meta({ description: 'What is wrong this time.' }),
    errors: z
      .array(
        z.strictObject({
          parameter: z.string().meta({ description: 'Name of the query parameter.' }),
          detail: z.string().meta({ description: 'What was expected.' }),
        }),
      )
      .optional()
      .meta({ description: 'One entry for each parameter that is wrong.' }),
  })
  .meta({ description: 'Problem details, RFC 9457.' })

export type HealthResource = z.infer<typeof health>
export type HealthReason = (typeof HEALTH_REASONS)[number]
