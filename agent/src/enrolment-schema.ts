import { type Claim, DEFAULT_RULES, type EnrolmentGrant, GATEWAY_ID, type GrantedDevices } from '@wattfleet/protocol'
import { z } from 'zod'

const count = z.int().min(0)
const hex = (bytes: number) =>
  z.string().regex(new RegExp(`^[0-9a-f]{${bytes * 2}}$`), `expected ${bytes} bytes in lower-case hex`)
const pem = z.string().includes('-----BEGIN CERTIFICATE-----', { error: 'expected a certificate in PEM' })

/** The claim file. */
export const claimSchema: z.ZodType<Claim> = z.strictObject({
  url: z.url({ protocol: /^https$/, error: 'expected https://host:port of the enrolment service' }),
  caPem: pem,
  claim: hex(32),
})

const marketRule = z.discriminatedUnion('type', [
  z.object({ type: z.literal('pay-as-bid') }),
  z.object({ type: z.literal('uniform') }),
  z.object({ type: z.literal('static-shares'), priceMicro: count }),
  z.object({ type: z.literal('proportional-shares'), priceMicro: count }),
])

/** A grant of before says nothing of what came with the market after delivery. */
const rulesSchema = z.object({
  community: count,
  slotLengthS: z.int().min(1),
  spotOpensS: count,
  relayMarginS: count,
  gateClosureS: count,
  matchDeadlineS: count,
  energiesAfterS: count,
  postOpensS: count.default(DEFAULT_RULES.postOpensS),
  postGateClosureS: count.default(DEFAULT_RULES.postGateClosureS),
  postMatchDeadlineS: count.default(DEFAULT_RULES.postMatchDeadlineS),
  executionAfterS: count,
  executionLatestS: count,
  disputesS: count.default(DEFAULT_RULES.disputesS),
  correctionsS: count.default(DEFAULT_RULES.correctionsS),
  shortfallRateMicro: count,
  unusedRateMicro: count,
  feeMicro: z.tuple([count, count]),
  marketRule: marketRule.default(DEFAULT_RULES.marketRule),
  engineBondNano: count.default(DEFAULT_RULES.engineBondNano),
})

/** What the utility grants. Fields that a later utility adds are let through. */
export const grantSchema: z.ZodType<EnrolmentGrant> = z.object({
  gateway: z.string().regex(GATEWAY_ID, 'expected 26 characters of base32'),
  certificatePem: pem,
  caPem: pem,
  chain: hex(32),
  epoch: count,
  rules: rulesSchema,
  brokerUrl: z.url({ protocol: /^mqtts$/, error: 'expected mqtts://host:port' }),
  hubKey: hex(32),
  utilityKey: hex(32).exactOptional(),
  capImportWh: count,
  capExportWh: count,
  serviceUrl: z.url({ protocol: /^https$/, error: 'expected https://host:port of the enrolment service' }).optional(),
  // looked at when it is used (granted.ts): a model that this software does not know is no reason not to be let in
  devices: z.custom<GrantedDevices>().exactOptional(),
})
