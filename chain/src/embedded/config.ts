import { DEFAULT_RULES } from '@wattfleet/protocol'
import { z } from 'zod'

const hex32 = z.string().regex(/^[0-9a-f]{64}$/, 'expected 64 lower-case hex digits')
const seconds = z.int().min(0).max(10_000_000)
const rate = z.int().min(0).max(0xffff_ffff)

const marketRule = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('pay-as-bid') }),
  z.strictObject({ type: z.literal('uniform') }),
  z.strictObject({ type: z.literal('static-shares'), priceMicro: rate }),
  z.strictObject({ type: z.literal('proportional-shares'), priceMicro: rate }),
])

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
    postOpensS: seconds.default(DEFAULT_RULES.postOpensS),
    postGateClosureS: seconds.default(DEFAULT_RULES.postGateClosureS),
    postMatchDeadlineS: seconds.default(DEFAULT_RULES.postMatchDeadlineS),
    executionAfterS: seconds,
    executionLatestS: seconds,
    disputesS: seconds.default(DEFAULT_RULES.disputesS),
    correctionsS: seconds.default(DEFAULT_RULES.correctionsS),
    shortfallRateMicro: rate,
    unusedRateMicro: rate,
    feeMicro: z.tuple([rate, rate]),
    marketRule: marketRule.default(DEFAULT_RULES.marketRule),
    engineBondNano: z.int().min(0).default(DEFAULT_RULES.engineBondNano),
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
  .refine((rules) => rules.correctionsS >= rules.disputesS, {
    path: ['correctionsS'],
    message: 'expected no shorter than disputesS: disputes end before corrections do',
  })
  .refine((rules) => !hasPost(rules) || rules.postOpensS < rules.postGateClosureS, {
    path: ['postOpensS'],
    message: 'expected before postGateClosureS; without a market after delivery all three are 0',
  })
  .refine((rules) => !hasPost(rules) || rules.postGateClosureS < rules.postMatchDeadlineS, {
    path: ['postMatchDeadlineS'],
    message: 'expected after postGateClosureS',
  })
  .refine((rules) => !hasPost(rules) || rules.postMatchDeadlineS < rules.executionAfterS, {
    path: ['executionAfterS'],
    message: 'expected after postMatchDeadlineS: what is still matched cannot be executed',
  })

type PostPhases = {
  readonly postOpensS: number
  readonly postGateClosureS: number
  readonly postMatchDeadlineS: number
}

function hasPost({ postOpensS, postGateClosureS, postMatchDeadlineS }: PostPhases): boolean {
  return postOpensS > 0 || postGateClosureS > 0 || postMatchDeadlineS > 0
}

/** The roles as the genesis configuration names them. */
export const GENESIS_ROLES = ['operator', 'relayer', 'matchingEngine', 'settlementEngine', 'gridOperator'] as const
export type GenesisRole = (typeof GENESIS_ROLES)[number]

export const genesisConfig = z.strictObject({
  /** 32 random bytes: new for every fresh chain. */
  chainId: hex32,
  community: z.strictObject({ rules: communityRules, balancing: hex32, gridOperator: hex32 }),
  roles: z.array(z.strictObject({ role: z.enum(GENESIS_ROLES), account: hex32 })),
  /** Accounts that pay for extrinsics. */
  endowed: z.array(hex32),
  /** Who decides together on communities, roles, validators and upgrades; absent: the development preset's Alice. */
  council: z.array(hex32).min(1).max(32).optional(),
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
