import { DEVICE_SOURCES } from '@wattfleet/protocol'
import { z } from 'zod'
import { BULK_EVENTS } from '../core/bulk.ts'
import { CONCERNS } from '../core/gateway-view.ts'
import { LIFE_STATES } from '../core/life.ts'
import { ROLE_NAMES } from '../core/roles.ts'
import { TAG } from '../core/select.ts'
import { TOKEN_NAME, TOKEN_NAME_FORM } from '../core/token.ts'
import { TOKEN_DAYS } from '../tokens.ts'
import { DEVICES_DEPEND, devicesAreWhole, newHome } from '../transfer.ts'
import { LIMITS } from './limits.ts'

const whole = (min: number, max: number, description: string) =>
  z
    .string()
    .regex(/^\d{1,16}$/, 'expected a whole number in decimal digits')
    .transform(Number)
    .pipe(z.int().min(min).max(max))
    .meta({ description })

const limit = whole(1, LIMITS.pageMax, 'Most items to answer with.').default(LIMITS.pageDefault)
const text = z.string().min(1).max(LIMITS.searchLength).meta({
  description: 'Part of a serial, site, name on the wire or member; of a household too for roles that see it.',
})
export const state = z.enum(LIFE_STATES).meta({ description: 'Only gateways in this state.' })
const concern = z.enum(CONCERNS).meta({ description: 'Only gateways about which there is this concern.' })
const tag = z.string().min(1).max(64).meta({ description: 'Only gateways with this tag.' })
export const reason = z
  .string()
  .trim()
  .min(1)
  .max(LIMITS.reasonLength)
  .meta({ description: 'Goes into the audit log for good: no names of people.' })

export const gatewaysQuery = z.strictObject({
  text: text.optional(),
  state: state.optional(),
  concern: concern.optional(),
  tag: tag.optional(),
  zone: whole(0, 0xffff_ffff, 'Only gateways of this grid zone.').optional(),
  after: z
    .string()
    .max(128)
    .meta({ description: 'Continue after a page: its `next`, unread, with the same conditions.' })
    .optional(),
  limit,
})

export const auditQuery = z.strictObject({
  from: whole(1, Number.MAX_SAFE_INTEGER, 'The first entry.').default(1),
  limit,
})

export const nothing = z.strictObject({})
/** A body that may be left out. */
export const reasonBody = z.strictObject({ reason: reason.optional() }).optional().default({})

export const resetBody = z.strictObject({
  key: z
    .string()
    .regex(/^[0-9a-fA-F]{8,64}$/, 'expected at least 8 hex digits of the signing key')
    .meta({ description: 'The signing key that is let in, or how it begins.' }),
  reason: reason.optional(),
})
export const transferBody = z
  .strictObject({ ...newHome.shape, reason: reason.optional() })
  .superRefine(devicesAreWhole)
  .meta(DEVICES_DEPEND)
export const tagBody = z.strictObject({
  tag: z.string().regex(TAG, 'expected up to 32 lower-case letters, digits and . _ -'),
  reason: reason.optional(),
})
export const importQuery = z.strictObject({
  dryRun: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'Only say what it would do, and every bad row.' }),
})
export const imported = z.object({
  added: z.int().meta({ description: 'Gateways that were added, or would be.' }),
  known: z.int().meta({ description: 'That were there already, with the same figures.' }),
  left: z.int().meta({ description: 'Rows that are not done because the service was stopped: send it again.' }),
})

export const selection = z
  .strictObject({
    serials: z.array(z.string().min(1).max(64)).min(1).max(LIMITS.serials).optional(),
    text: text.optional(),
    state: state.optional(),
    concern: concern.optional(),
    tag: tag.optional(),
    zone: z.int().min(0).optional(),
  })
  .meta({ minProperties: 1 })
  .refine((given) => Object.values(given).some((value) => value !== undefined), {
    message: 'expected at least one condition: an empty selection would mean every gateway',
  })

export const bulkPreviewBody = z.strictObject({ event: z.enum(BULK_EVENTS), select: selection })
export const bulkBody = z.strictObject({
  event: z.enum(BULK_EVENTS),
  select: selection,
  digest: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .meta({ description: 'Of the preview: what is done is what was shown.' }),
  reason: reason.optional(),
})

export const tokenBody = z.strictObject({
  name: z.string().regex(TOKEN_NAME, TOKEN_NAME_FORM),
  role: z.enum(ROLE_NAMES),
  days: z.int().min(1).max(TOKEN_DAYS.most).default(TOKEN_DAYS.default),
})

export const instant = z.iso.datetime().meta({ description: 'UTC.' })
const seen = z.object({
  at: instant,
  version: z.string().nullable(),
  clock: z.enum(['trusted', 'doubted']),
  clockOffsetMs: z.number().meta({ description: 'Our clock less its, what the message took included.' }),
  meter: z.enum(['good', 'missing']),
  findings: z.array(z.string()),
  isAway: z.boolean(),
  devices: z
    .object({
      meter: z.enum(DEVICE_SOURCES),
      inverter: z.enum(DEVICE_SOURCES),
      reason: z.string().nullable().meta({ description: 'What is missing, or wrong with what the grant says.' }),
    })
    .nullable()
    .meta({ description: 'Whose word about its devices it goes by; null of an older version.' }),
})

const modelId = z.string().nullable().meta({ description: 'Id of the model that the manifest names.' })
const place = z.string().nullable().meta({ description: 'Where the manifest says that it is.' })
const unit = z.int().nullable().meta({ description: 'Modbus unit id in the manifest.' })
export const gateway = z.object({
  serial: z.string(),
  household: z.string().optional().meta({ description: 'Only for roles that see it.' }),
  site: z.string(),
  gateway: z.string().meta({ description: 'Its name on the wire.' }),
  member: z.string(),
  zone: z.int(),
  ...{
    meter: modelId,
    meterAddress: place,
    meterUnit: unit,
    inverter: modelId,
    inverterAddress: place,
    inverterUnit: unit,
  },
  state: z.enum(LIFE_STATES),
  isApproved: z.boolean(),
  resetAsked: z.boolean().meta({ description: 'Other keys with its claim wait for an approval.' }),
  movedOn: z.boolean().meta({ description: 'It went to another household: this is what it was in this one.' }),
  onChain: z.boolean(),
  claimExpires: instant.nullable(),
  epoch: z.int().nullable(),
  certificateEnds: instant.nullable(),
  tags: z.array(z.string()),
  seen: seen.nullable(),
  concerns: z.array(z.enum(CONCERNS)),
})
export type GatewayResource = z.infer<typeof gateway>

export const gatewayPage = z.object({
  items: z.array(gateway),
  next: z.string().nullable(),
  total: z.int().meta({ description: 'How many gateways agree with the query in all.' }),
})

export const counted = z.int().min(0)
export const overview = z.object({
  at: instant,
  gateways: counted,
  states: z.record(z.enum(LIFE_STATES), counted),
  concerns: z.partialRecord(z.enum(CONCERNS), counted),
  well: counted.meta({ description: 'Active gateways about which there is no concern.' }),
  lastSeen: z.record(z.enum(['minutes5', 'hour', 'day', 'week', 'longer', 'never']), counted),
  versions: z.array(z.object({ version: z.string(), gateways: counted })),
  nextExpiry: instant.nullable(),
  findings: z.array(z.object({ finding: z.string(), gateways: counted })),
})

const storyEvent = z.object({
  at: instant,
  clock: z.enum(['wall', 'market']),
  event: z.string(),
  actor: z.string().optional(),
  detail: z.record(z.string(), z.unknown()),
})
export const story = z.object({
  gateway,
  life: z.array(storyEvent),
  market: z.union([
    z.object({ trades: z.array(storyEvent), isCut: z.boolean() }),
    z.object({ unavailable: z.string() }),
  ]),
})

export const bulkPlan = z.object({
  event: z.enum(BULK_EVENTS),
  will: z.array(z.object({ serial: z.string(), from: z.enum(LIFE_STATES), to: z.enum(LIFE_STATES) })),
  already: z.array(z.string()),
  refused: z.array(z.object({ serial: z.string(), reason: z.string() })),
  digest: z.string(),
})
export const bulkResult = z.object({
  done: z.array(z.string()),
  failed: z.array(z.object({ serial: z.string(), reason: z.string() })),
})

export const auditPage = z.object({
  items: z.array(
    z.object({
      number: z.int(),
      at: instant,
      actor: z.string(),
      event: z.string(),
      site: z.string(),
      gateway: z.string(),
      detail: z.record(z.string(), z.unknown()),
      hash: z.string(),
    }),
  ),
  next: z.int().nullable(),
})
export const auditHead = z.object({ number: z.int(), hash: z.string(), signature: z.string() })
export const auditVerdict = z.object({
  ok: z.boolean(),
  entries: z.int().optional(),
  number: z.int().optional(),
  reason: z.string().optional(),
})

const token = z.object({
  name: z.string(),
  role: z.enum(ROLE_NAMES),
  created: instant,
  expires: instant,
  lastUsed: instant.nullable(),
  isRevoked: z.boolean(),
})
export const tokens = z.object({ items: z.array(token) })
export const newToken = z.object({
  name: z.string(),
  role: z.enum(ROLE_NAMES),
  expires: instant,
  token: z.string().meta({ description: 'Shown this once.' }),
})
export const newClaim = z.object({
  serial: z.string(),
  claim: z
    .unknown()
    .meta({ description: 'What belongs on the gateway, shown this once; the file lies beside the others.' }),
})
export const resets = z.object({
  items: z.array(
    z.object({
      serial: z.string(),
      site: z.string(),
      state: z.enum(LIFE_STATES),
      signingKey: z.string().meta({ description: 'Of whoever asks with the claim of this gateway.' }),
      since: instant,
      asked: instant.meta({ description: 'When it asked last.' }),
    }),
  ),
})
export const transferred = z.object({ from: gateway, to: gateway, claim: z.unknown() })
export const whoami = z.object({
  name: z.string(),
  role: z.enum(ROLE_NAMES),
  rights: z.array(z.string()),
  expires: instant,
})
