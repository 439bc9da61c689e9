import { type CommunityRules, DEFAULT_RULES } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { communityRules } from '../../src/embedded/config.ts'

const RULES = { community: 1, ...DEFAULT_RULES }
const POST = { postOpensS: 600, postGateClosureS: 3_000, postMatchDeadlineS: 3_200 }

const faultsOf = (overrides: Partial<CommunityRules>) => {
  const { error } = communityRules.safeParse({ ...RULES, ...overrides })
  return error?.issues.map(({ path }) => path.join('.')) ?? []
}

describe('the rules of a community', () => {
  it('are complete without what came later: no market after delivery, pay-as-bid, no bond', () => {
    const { postOpensS: _, postGateClosureS: __, postMatchDeadlineS: ___, ...rest } = RULES
    const { disputesS: ____, correctionsS: _____, marketRule: ______, engineBondNano: _______, ...before } = rest
    expect(communityRules.parse(before)).toEqual(RULES)
  })

  const rows: [what: string, overrides: Partial<CommunityRules>, faults: string[]][] = [
    ['the defaults', {}, []],
    ['a market after delivery', POST, []],
    ['that opens at the end of the slot', { ...POST, postOpensS: 0 }, []],
    ['that opens after its gate closes', { ...POST, postOpensS: 3_000 }, ['postOpensS']],
    ['that is matched before its gate closes', { ...POST, postMatchDeadlineS: 3_000 }, ['postMatchDeadlineS']],
    ['that is matched while it is executed', { ...POST, postMatchDeadlineS: 3_601 }, ['executionAfterS']],
    ['a gate without a market', { postOpensS: 600 }, ['postOpensS', 'postMatchDeadlineS']],
    ['corrections that end before disputes', { correctionsS: 604_799 }, ['correctionsS']],
    ['spot that opens after the hub has closed', { spotOpensS: 330 }, ['spotOpensS']],
    ['a hub that closes after the chain', { relayMarginS: 299 }, ['relayMarginS']],
    ['matches before gate closure', { matchDeadlineS: 300 }, ['matchDeadlineS']],
    ['execution that ends before it begins', { executionLatestS: 3_599 }, ['executionLatestS']],
    ['pay-as-clear', { marketRule: { type: 'uniform' } }, []],
    ['shares of the import', { marketRule: { type: 'proportional-shares', priceMicro: 1 } }, []],
    ['shares without a price', { marketRule: { type: 'static-shares' } as never }, ['marketRule.priceMicro']],
    ['another rule', { marketRule: { type: 'lottery' } as never }, ['marketRule.type']],
    ['a bond that cannot be counted exactly', { engineBondNano: 2 ** 53 }, ['engineBondNano']],
  ]
  it.each(rows)('%s', (_, overrides, faults) => {
    expect(faultsOf(overrides)).toEqual(faults)
  })
})
