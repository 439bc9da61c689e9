import { DEFAULT_RULES } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { grantSchema } from '../src/enrolment-schema.ts'
import { grant } from './support/fixtures.ts'

describe('a grant', () => {
  it('of before the market after delivery says nothing of it: there is none', () => {
    const { rules, ...rest } = grant()
    const { postOpensS: _, postGateClosureS: __, postMatchDeadlineS: ___, disputesS: ____, ...figures } = rules
    const { correctionsS: _____, marketRule: ______, engineBondNano: _______, ...before } = figures
    expect(grantSchema.parse({ ...rest, rules: before })).toEqual(grant())
  })

  it('of a community with other rules comes as it is', () => {
    const rules = {
      ...{ community: 9, ...DEFAULT_RULES, postOpensS: 600, postGateClosureS: 3_000, postMatchDeadlineS: 3_200 },
      marketRule: { type: 'static-shares', priceMicro: 150_000 },
    } as const
    expect(grantSchema.parse(grant({ rules }))).toEqual(grant({ rules }))
  })

  it('of a later service is taken without what it adds, as one of before this one is', () => {
    expect(grantSchema.parse({ ...grant(), added: { meter: 1 } })).toEqual(grant())
  })

  it('with a rule that nobody knows is refused', () => {
    const rules = { ...grant().rules, marketRule: { type: 'lottery' } }
    expect(grantSchema.safeParse({ ...grant(), rules }).success).toBe(false)
  })

  it.each([
    { meter: { model: 'no-such-model' } },
    { meter: { model: 'sunspec', host: 'x', port: 502, later: [1] } },
    'of a later service',
    null,
    7,
  ])('lets a gateway in whatever it says of the devices, and keeps it: %j', (devices) => {
    expect(grantSchema.parse({ ...grant(), devices })).toEqual({ ...grant(), devices })
  })
})
