import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CommunityRules,
  DEFAULT_RULES,
  HOUSE_CONNECTION_W,
  marketTimes,
  slotStartOf,
  slotTimes,
} from '../src/community.ts'

/** 2025-06-20T10:00:00Z */
const T = 1_750_413_600
const MINUTE = 60
const HOUR = 3_600
const rules = (overrides: Partial<CommunityRules> = {}): CommunityRules => ({
  community: 7,
  ...DEFAULT_RULES,
  ...overrides,
})

const AFTER = ['endsAt', 'energiesExpectedAt', 'executionFrom'] as const

describe('slotTimes', () => {
  it.each([
    { moment: 'opensAt', at: T - 24 * HOUR },
    { moment: 'intakeClosesAt', at: T - 330 },
    { moment: 'gateClosesAt', at: T - 5 * MINUTE },
    { moment: 'matchDeadline', at: T - MINUTE },
    { moment: 'startsAt', at: T },
    { moment: 'endsAt', at: T + 15 * MINUTE },
    { moment: 'energiesExpectedAt', at: T + 25 * MINUTE },
    { moment: 'executionFrom', at: T + 15 * MINUTE + HOUR },
    { moment: 'executionLatest', at: T + 15 * MINUTE + 24 * HOUR },
    { moment: 'abandonedFrom', at: T + 15 * MINUTE + 8 * 24 * HOUR },
    { moment: 'answersUntil', at: T + 15 * MINUTE + 16 * 24 * HOUR },
    { moment: 'forgottenFrom', at: T + 15 * MINUTE + 68 * 24 * HOUR },
  ] as const)('by default puts $moment at $at', ({ moment, at }) => {
    expect(slotTimes(T, rules())[moment]).toBe(at)
  })

  it.each([
    {
      rule: 'slotLengthS',
      to: 3_600,
      moves: [...AFTER, 'executionLatest', 'abandonedFrom', 'answersUntil', 'forgottenFrom'],
    },
    { rule: 'spotOpensS', to: 7_200, moves: ['opensAt'] },
    { rule: 'relayMarginS', to: 400, moves: ['intakeClosesAt'] },
    { rule: 'gateClosureS', to: 200, moves: ['gateClosesAt'] },
    { rule: 'matchDeadlineS', to: 30, moves: ['matchDeadline'] },
    { rule: 'energiesAfterS', to: 700, moves: ['energiesExpectedAt'] },
    { rule: 'executionAfterS', to: 4_000, moves: ['executionFrom'] },
    {
      rule: 'executionLatestS',
      to: 90_000,
      moves: ['executionLatest', 'abandonedFrom', 'answersUntil', 'forgottenFrom'],
    },
    { rule: 'disputesS', to: 3_600, moves: ['abandonedFrom', 'answersUntil', 'forgottenFrom'] },
    { rule: 'correctionsS', to: 700_000, moves: ['forgottenFrom'] },
  ] as const)('moves with $rule only what it rules', ({ rule, to, moves }) => {
    const usual = slotTimes(T, rules())
    const changed = slotTimes(T, rules({ [rule]: to }))
    const moments = Object.keys(usual) as (keyof typeof usual)[]
    expect(moments.filter((moment) => usual[moment] !== changed[moment])).toEqual(moves)
  })

  it('goes in one direction by default', () => {
    const times = Object.values(slotTimes(T, rules()))
    expect(times).toEqual(times.toSorted((a, b) => a - b))
    expect(new Set(times).size).toBe(times.length)
  })
})

describe('marketTimes', () => {
  const post = { postOpensS: 600, postGateClosureS: 3_000, postMatchDeadlineS: 3_200 }

  it('of spot are those of the slot', () => {
    expect(slotTimes(T, rules())).toMatchObject(marketTimes(T, 'spot', rules()) ?? {})
  })

  it('of the market after delivery follow the slot’s end, the hub’s margin before gate closure as in spot', () => {
    const ends = T + 15 * MINUTE
    expect(marketTimes(T, 'post', rules(post))).toEqual({
      ...{ opensAt: ends + 600, intakeClosesAt: ends + 2_970, gateClosesAt: ends + 3_000, matchDeadline: ends + 3_200 },
    })
  })

  it.each([
    { what: 'after delivery, by default', kind: 'post', overrides: {} },
    {
      what: 'where the export is split',
      kind: 'spot',
      overrides: { marketRule: { type: 'static-shares', priceMicro: 1 } },
    },
    {
      what: 'where it is split by import',
      kind: 'post',
      overrides: { ...post, marketRule: { type: 'proportional-shares', priceMicro: 1 } },
    },
  ] as const)('are none $what', ({ kind, overrides }) => {
    expect(marketTimes(T, kind, rules(overrides))).toBeUndefined()
  })
})

describe('HOUSE_CONNECTION_W', () => {
  it('is what three phases of 63 A at 230 V carry', () => {
    expect(HOUSE_CONNECTION_W).toBe(3 * 63 * 230)
  })
})

describe('slotStartOf', () => {
  it.each([
    { at: 0, length: 900, start: 0 },
    { at: 899, length: 900, start: 0 },
    { at: 900, length: 900, start: 900 },
    { at: T, length: 900, start: T },
    { at: T + 899, length: 900, start: T },
    { at: T + 899.999, length: 900, start: T },
    { at: T - 1, length: 900, start: T - 900 },
    { at: T + 3_599, length: 3_600, start: T },
    { at: -1, length: 900, start: -900 },
  ])('of $at in slots of $length s is $start', ({ at, length, start }) => {
    expect(slotStartOf(at, length)).toBe(start)
  })

  it('is a multiple of the length, and the moment lies in its slot', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 4_000_000_000 }),
        fc.constantFrom(60, 300, 900, 1_800, 3_600),
        (at, length) => {
          const start = slotStartOf(at, length)
          expect(start % length).toBe(0)
          expect(start <= at && at < start + length).toBe(true)
        },
      ),
    )
  })
})
