import { type Claim, type EnrolmentGrant, GATEWAY_ID } from '@wattfleet/protocol'
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

const rulesSchema = z.object({
  community: count,
  slotLengthS: z.int().min(1),
  spotOpensS: count,
  relayMarginS: count,
  gateClosureS: count,
  matchDeadlineS: count,
  energiesAfterS: count,
  executionAfterS: count,
  executionLatestS: count,
  shortfallRateMicro: count,
  unusedRateMicro: count,
  feeMicro: z.tuple([count, count]),
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
  capImportWh: count,
  capExportWh: count,
})
