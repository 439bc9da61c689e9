import { z } from 'zod'
import { TAG } from '../core/select.ts'
import { ROLLOUT_STATES } from '../fleet-ports.ts'
import { fileSchema, ORDER_LIMITS, STAGES } from '../rollout-desk.ts'
import { counted, instant, reason, state } from './schemas.ts'

const bounded = ({ usual, least, most }: { usual: number; least: number; most: number }, description: string) =>
  z.int().min(least).max(most).default(usual).meta({ description })
export const rolloutBody = z.strictObject({
  bring: fileSchema.meta({ description: 'One of `settings`, `release` or `restart`.' }),
  tags: z.array(z.string().regex(TAG)).max(16).default([]).meta({ description: 'Gateways with all of these tags.' }),
  community: z.int().min(0).optional(),
  state: state.optional(),
  stages: z
    .string()
    .max(200)
    .default(STAGES)
    .meta({ description: 'How far each stage reaches, in gateways or per cent.' }),
  trialS: bounded(ORDER_LIMITS.trialS, 'For how long each gateway tries a configuration.'),
  thresholdPercent: bounded(ORDER_LIMITS.thresholdPercent, 'Of a stage that may fail; one more stops the roll-out.'),
  deadlineS: bounded(ORDER_LIMITS.deadlineS, 'After that a gateway that was not well has failed.'),
  soakS: bounded(ORDER_LIMITS.soakS, 'For how long a gateway has to be well.'),
  dryRun: z.boolean().default(false).meta({ description: 'Only say to whom it would go, stage by stage.' }),
  reason: reason.optional(),
})
/** Loose where what is brought is shown as it is. */
const rollout = z.looseObject({
  id: z.int(),
  kind: z.enum(['config', 'software', 'restart']),
  state: z.enum(ROLLOUT_STATES),
  createdAt: instant,
  stages: z
    .array(z.record(z.string(), counted))
    .meta({ description: 'How many gateways of each stage are in which state.' }),
})
const leftOut = z.array(z.object({ serial: z.string(), reason: z.string() }))
export const rolloutMade = z.union([
  rollout.extend({ leftOut }),
  z.looseObject({ kind: z.string(), stages: z.array(z.array(z.string())), leftOut }),
])
export const rollouts = z.object({ items: z.array(rollout) })
export const rolloutShown = rollout.extend({ targets: z.array(z.looseObject({ state: z.string() })) })
export const rolloutStep = rollout
