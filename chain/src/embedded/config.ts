import { z } from 'zod'

const hex32 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits')
const seconds = z.int().min(0).max(10_000_000)
const rate = z.int().min(0).max(0xffff_ffff)

/** A community's rules, field by field as the registry on the chain holds them. */
export const communityRules = z
  .strictObject({
    community: z.int().min(0).max(0xffff_ffff),
    slotLengthS: z.int().min(60).max(86_400),
    spotOpensS: seconds,
    relayMarginS: seconds,
    gateClosureS: seconds,
    matchDeadlineS: seconds,
    energiesAfterS: seconds,
    executionAfterS: seconds,
    executionLatestS: seconds,
    shortfallRateMicro: rate,
    unusedRateMicro: rate,
    feeMicro: z.tuple([rate, rate]),
  })
  .refine((rules) => rules.spotOpensS > rules.relayMarginS, {
    path: ['spotOpensS'],
    message: 'expected before relayMarginS',
  })
  .refine((rules) => rules.relayMarginS >= rules.gateClosureS, {
    path: ['relayMarginS'],
    message: 'expected no later than gateClosureS: the hub closes before the chain',
  })
  .refine((rules) => rules.gateClosureS > rules.matchDeadlineS, {
    path: ['matchDeadlineS'],
    message: 'expected after gateClosureS',
  })
  .refine((rules) => rules.executionLatestS >= rules.executionAfterS, {
    path: ['executionLatestS'],
    message: 'expected no earlier than executionAfterS',
  })

export const genesisConfig = z.strictObject({
  /** 32 random bytes: new for every fresh chain. */
  chainId: hex32,
  community: z.strictObject({ rules: communityRules, balancing: hex32, gridOperator: hex32 }),
  roles: z.array(
    z.strictObject({ role: z.enum(['operator', 'relayer', 'matchingEngine', 'settlementEngine']), account: hex32 }),
  ),
  /** Accounts that pay for extrinsics. */
  endowed: z.array(hex32),
  sudo: hex32.optional(),
})
export type GenesisConfig = z.infer<typeof genesisConfig>

export const embeddedConfig = z.strictObject({
  host: z.string().default('127.0.0.1'),
  port: z.int().min(0).max(65_535).default(9944),
  stateDir: z.string().min(1),
  genesis: genesisConfig,
  /** Milliseconds of the clock between blocks; Aura's slot of six seconds is the least. */
  blockIntervalMs: z.int().min(6_000).max(3_600_000).default(6_000),
})
export type EmbeddedConfig = z.infer<typeof embeddedConfig>
