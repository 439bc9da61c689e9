import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  judgeTarget,
  nextStep,
  parseStages,
  type RolloutPlan,
  spread,
  stageSizes,
  type Target,
  type Word,
} from '../../src/core/rollout.ts'
import { type Selection, select } from '../../src/core/select.ts'

const PLAN: RolloutPlan = { stages: [1, 2], thresholdPermille: 0, deadlineMs: 10_000, soakMs: 2_000 }
const SENT: Target = { site: 'a', state: 'sent', counter: 5, sentMs: 1_000 }
const WELL: Word = {
  ...{ receivedMs: 3_000, last: { counter: 5, is: 'applied' }, hasTarget: true },
  ...{ isMeterGood: true, isClockTrusted: true },
}

describe('what is thought of a gateway', () => {
  it.each<[string, Partial<Word> | undefined, Partial<Target>, number, object]>([
    ['well for the first time', {}, {}, 3_000, { state: 'sent', goodSinceMs: 3_000 }],
    [
      'well for long enough',
      { receivedMs: 5_000 },
      { goodSinceMs: 3_000 },
      5_000,
      { state: 'good', goodSinceMs: 3_000 },
    ],
    ['well, and silent since', {}, { goodSinceMs: 3_000 }, 9_000, { state: 'sent', goodSinceMs: 3_000 }],
    ['well, and silent until the deadline', {}, { goodSinceMs: 3_000 }, 11_000, { state: 'failed' }],
    ['well, and then not', { receivedMs: 4_000, isMeterGood: false }, { goodSinceMs: 3_000 }, 4_000, { state: 'sent' }],
    ['silent', undefined, {}, 10_999, { state: 'sent' }],
    ['silent until the deadline', undefined, {}, 11_000, { state: 'failed', reason: 'silent until the deadline' }],
    [
      'heard before it was told',
      { receivedMs: 1_000 },
      {},
      11_000,
      { state: 'failed', reason: 'silent until the deadline' },
    ],
    ['still at the one before', { last: { counter: 4, is: 'applied' } }, {}, 9_000, { state: 'sent' }],
    [
      'refusing',
      { last: { counter: 5, is: 'refused', reason: 'no' } },
      {},
      3_000,
      { state: 'failed', reason: 'refused: no' },
    ],
    ['back', { last: { counter: 5, is: 'rolled-back' } }, {}, 3_000, { state: 'failed' }],
    ['on trial', { last: { counter: 5, is: 'trying' } }, {}, 3_000, { state: 'sent' }],
    ['told by somebody else', { last: { counter: 6, is: 'applied' } }, {}, 3_000, { state: 'failed' }],
    ['without what it was sent', { hasTarget: false }, {}, 3_000, { state: 'sent' }],
    [
      'with a doubted clock at the deadline',
      { isClockTrusted: false },
      {},
      11_000,
      { reason: 'its clock is not to be trusted' },
    ],
    ['without its meter at the deadline', { isMeterGood: false }, {}, 11_000, { reason: 'its meter cannot be read' }],
  ])('%s', (_, word, target, nowMs, expected) => {
    const judged = judgeTarget(PLAN, { ...SENT, ...target }, word && { ...WELL, ...word }, nowMs)
    expect(judged).toMatchObject(expected)
    if (!('goodSinceMs' in expected)) expect(judged).not.toHaveProperty('goodSinceMs')
  })
})

describe('what comes next', () => {
  const targets = (...states: Target['state'][]): Target[] => states.map((state, n) => ({ site: String(n), state }))
  it.each<[Target['state'][], object]>([
    [['waiting', 'waiting', 'waiting'], { step: 'send', stage: 0, sites: ['0'] }],
    [['sent', 'waiting', 'waiting'], { step: 'wait', stage: 0 }],
    [['good', 'waiting', 'waiting'], { step: 'send', stage: 1, sites: ['1', '2'] }],
    [['good', 'sent', 'failed'], { step: 'stop', stage: 1 }],
    [['failed', 'waiting', 'waiting'], { step: 'stop', stage: 0 }],
    [['good', 'good', 'good'], { step: 'done' }],
  ])('after %o', (states, expected) => {
    expect(nextStep(PLAN, targets(...states))).toMatchObject(expected)
  })

  it('goes on after a failure that was forgiven', () => {
    const [first, ...rest] = targets('failed', 'waiting', 'waiting')
    expect(nextStep(PLAN, [{ ...(first as Target), isForgiven: true }, ...rest])).toMatchObject({
      step: 'send',
      stage: 1,
    })
  })
})

describe('a whole roll-out', () => {
  /** How each gateway takes it: what it says at each moment, if anything. */
  const fate = fc.constantFrom(
    'well' as const,
    'refuses' as const,
    'silent' as const,
    'wavers' as const,
    'late' as const,
  )
  const plan = fc
    .record({
      stages: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
      thresholdPermille: fc.integer({ min: 0, max: 1_000 }),
      deadlineMs: fc.integer({ min: 5, max: 30 }),
      soakMs: fc.integer({ min: 0, max: 6 }),
    })
    .chain((one) => {
      const size = one.stages.reduce((sum, stage) => sum + stage, 0)
      return fc.tuple(fc.constant(one), fc.array(fate, { minLength: size, maxLength: size }))
    })

  function wordOf(how: string, target: Target, nowMs: number): Word | undefined {
    const sinceMs = nowMs - (target.sentMs ?? nowMs)
    const { counter = 0 } = target
    if (how === 'silent' || sinceMs < 1 || (how === 'late' && sinceMs < 40)) return undefined
    const isRefused = how === 'refuses'
    const isMeterGood = how !== 'wavers' || nowMs % 2 === 0
    const last = { counter, is: isRefused ? ('refused' as const) : ('applied' as const) }
    return { receivedMs: nowMs, last, hasTarget: !isRefused, isMeterGood, isClockTrusted: true }
  }

  it('ends, tells nobody after it must not, and takes no silence for success', () => {
    fc.assert(
      fc.property(plan, ([one, fates]) => {
        let targets: Target[] = fates.map((_, n) => ({ site: String(n), state: 'waiting' }))
        let ended: 'stop' | 'done' | undefined
        let nowMs = 0
        // each stage takes no longer than its deadline and a look
        const latestMs = one.stages.length * (one.deadlineMs + 3)
        for (; ended === undefined && nowMs <= latestMs; nowMs++) {
          targets = targets.map((target, n) => {
            if (target.state !== 'sent') return target
            const { goodSinceMs: _, ...rest } = target
            return { ...rest, ...judgeTarget(one, target, wordOf(fates[n] ?? '', target, nowMs), nowMs) }
          })
          const touched = targets.filter(({ state }) => state !== 'waiting').length
          const next = nextStep(one, targets)
          if (next.step === 'stop' || next.step === 'done') ended = next.step
          if (next.step !== 'send') continue
          // only a whole stage, and only when all before it have ended, not too many of them badly
          const before = one.stages.slice(0, next.stage).reduce((sum, size) => sum + size, 0)
          expect([touched, next.sites.length]).toEqual([before, one.stages[next.stage]])
          expect(targets.slice(0, before).every(({ state }) => state === 'good' || state === 'failed')).toBe(true)
          let from = 0
          for (const size of one.stages.slice(0, next.stage)) {
            const failed = targets.slice(from, from + size).filter(({ state }) => state === 'failed').length
            expect(failed * 1_000).toBeLessThanOrEqual(one.thresholdPermille * size)
            from += size
          }
          const told = new Set(next.sites)
          targets = targets.map((it) => (told.has(it.site) ? { ...it, state: 'sent', counter: 1, sentMs: nowMs } : it))
        }
        expect(ended).toBeDefined()
        for (const [n, { state }] of targets.entries()) {
          const how = fates[n] ?? ''
          if (state === 'good' && one.soakMs > 0) expect(how).toBe('well')
          if (state === 'good') expect(['well', 'wavers']).toContain(how)
          if (ended === 'done') expect(['good', 'failed']).toContain(state)
        }
      }),
      { numRuns: 500 },
    )
  })
})

describe('stages', () => {
  it.each([
    ['1,5%,25%,100%', 1_000, [1, 49, 200, 750]],
    ['1,5%,25%,100%', 3, [1, 2]],
    ['1,5%,25%,100%', 1, [1]],
    ['100%', 7, [7]],
    ['10,2.5%,100%', 100, [10, 90]],
  ])('%s of %i are %o', (text, all, sizes) => {
    expect(stageSizes(parseStages(text) ?? [], all)).toEqual(sizes)
  })

  it.each(['', '1', '50%', '0,100%', '1;100%', '101%', '-1,100%', '1,,100%', '1e3,100%'])('%s are none', (text) => {
    expect(parseStages(text)).toBeUndefined()
  })

  it('hold everybody once, whatever they say', () => {
    const reach = fc.oneof(
      fc.integer({ min: 1, max: 500 }).map(String),
      fc.integer({ min: 1, max: 100 }).map((percent) => `${percent}%`),
    )
    fc.assert(
      fc.property(fc.array(reach, { maxLength: 6 }), fc.integer({ min: 1, max: 2_000 }), (reaches, all) => {
        const sizes = stageSizes(parseStages([...reaches, '100%'].join(',')) ?? [], all)
        expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(all)
        expect(sizes.every((size) => size > 0)).toBe(true)
      }),
    )
  })
})

describe('the gateways of a roll-out', () => {
  const all = Array.from({ length: 200 }, (_, n) => ({
    ...{ serial: `pi-${n}`, gateway: `g${n}`, member: 'm', household: 'h', zone: 1 },
    ...{ site: String(n), state: n % 2 === 0 ? ('active' as const) : ('expected' as const), community: n % 3 },
    tags: n < 50 ? ['north', 'old'] : ['north'],
  }))

  it('are those that fit everything that is asked', () => {
    const chosen = (selection: Selection) => select(all, selection, { concernsOf: () => [], mayNameHouseholds: false })
    expect(chosen({ tags: [] })).toHaveLength(200)
    expect(chosen({ tags: ['north', 'old'], state: 'active' })).toHaveLength(25)
    expect(chosen({ tags: ['south'] })).toHaveLength(0)
    const second = chosen({ community: 2 })
    expect([second.length, second.every(({ community }) => community === 2)]).toEqual([66, true])
  })

  it('come in an order that is the same again, another for something else, and spreads what lies together', () => {
    const order = spread(all, 'a').map(({ site }) => site)
    expect(spread([...all].reverse(), 'a').map(({ site }) => site)).toEqual(order)
    expect(spread(all, 'b').map(({ site }) => site)).not.toEqual(order)
    // a quarter of all are old: of the first forty some, and not most
    const old = spread(all, 'a')
      .slice(0, 40)
      .filter(({ tags }) => tags.includes('old')).length
    expect(old).toBeGreaterThan(2)
    expect(old).toBeLessThan(20)
  })
})
