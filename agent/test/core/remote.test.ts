import type { ConfigMessage } from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  atStart,
  dropKept,
  emptyRemote,
  endJob,
  endTrial,
  inForce,
  type RemoteState,
  rollBack,
  takeCommand,
  takeConfig,
} from '../../src/core/remote.ts'

const OWN = 'aa'.repeat(32)
const EMPTY = emptyRemote(OWN, 2)
const NOW_S = 1_800_000_000
const config = (counter: number, changes: Partial<ConfigMessage> = {}): ConfigMessage => ({
  ...{ gateway: OWN, epoch: 2, counter, expiresAt: NOW_S + 60, settings: { pollS: counter }, trialS: 60 },
  ...changes,
})
const command = (counter: number, expiresAt = NOW_S + 60) =>
  ({ gateway: OWN, epoch: 2, counter, expiresAt, command: { name: 'restart' } }) as const
const fits = () => undefined
const take = (state: RemoteState, said: ConfigMessage, wasGood = true) => takeConfig(state, said, NOW_S, wasGood, fits)

describe('a configuration from afar', () => {
  it('is tried, and kept when the meter can be read with it', () => {
    const tried = take(EMPTY, config(1))
    expect(inForce(tried)).toMatchObject({ counter: 1, settings: { pollS: 1 } })
    expect(tried.lastConfig).toEqual({ counter: 1, is: 'trying' })
    const kept = endTrial(tried, true)
    expect(kept).toEqual({
      ...EMPTY,
      kept: { counter: 1, settings: { pollS: 1 } },
      lastConfig: { counter: 1, is: 'applied' },
    })
  })

  it('goes back to the last good one when the meter cannot be read any more', () => {
    const kept = endTrial(take(EMPTY, config(1)), true)
    const back = endTrial(take(kept, config(2)), false)
    expect(inForce(back)).toMatchObject({ counter: 1 })
    expect(back.lastConfig).toMatchObject({ counter: 2, is: 'rolled-back', reason: expect.stringContaining('meter') })
  })

  it('is kept with a silent meter that was silent before', () => {
    expect(endTrial(take(EMPTY, config(1), false), false).kept).toMatchObject({ counter: 1 })
  })

  it('does not hide that the meter was good before a trial that is overtaken', () => {
    const broken = take(EMPTY, config(1), true)
    expect(endTrial(take(broken, config(2), false), false).kept).toBeUndefined()
  })

  it('survives one power cut in its trial, and no second end of the process', () => {
    const tried = take(EMPTY, config(1))
    const once = atStart(tried)
    expect(inForce(once)).toMatchObject({ counter: 1 })
    const twice = atStart(once)
    expect(inForce(twice)).toBeUndefined()
    expect(twice.lastConfig).toMatchObject({ counter: 1, is: 'rolled-back' })
    expect(atStart(twice)).toBe(twice)
  })

  it.each([
    ['for another key', config(5, { gateway: 'bb'.repeat(32) })],
    ['of another epoch', config(5, { epoch: 1 })],
    ['that was taken before', config(3)],
    ['that is older', config(2)],
  ])('%s is not listened to', (_, said) => {
    const state = take(EMPTY, config(3))
    expect(take(state, said)).toBe(state)
  })

  it('that comes at its expiry or after is refused, and so is one that does not fit; what is in force stays', () => {
    const state = endTrial(take(EMPTY, config(1)), true)
    const late = take(state, config(2, { expiresAt: NOW_S }))
    expect(late).toMatchObject({ kept: { counter: 1 }, lastConfig: { counter: 2, is: 'refused' } })
    expect(late.trial).toBeUndefined()
    const wrong = takeConfig(state, config(3), NOW_S, true, () => 'meter.port: too big')
    expect(wrong).toMatchObject({
      kept: { counter: 1 },
      lastConfig: { counter: 3, is: 'refused', reason: 'meter.port: too big' },
    })
    // and cannot be said again
    expect(take(wrong, config(3))).toBe(wrong)
  })

  it('that no longer fits the file is dropped, and said so', () => {
    const kept = endTrial(take(EMPTY, config(1)), true)
    expect(dropKept(kept, 'why')).toEqual({ ...EMPTY, lastConfig: { counter: 1, is: 'rolled-back', reason: 'why' } })
  })
})

describe('a command', () => {
  it('to restart is done when the process has started again, and is not done again', () => {
    const taken = takeCommand(EMPTY, command(1), NOW_S)
    expect(taken.lastCommand).toEqual({ counter: 1, is: 'trying' })
    const started = atStart(taken)
    expect(started).toEqual({ ...EMPTY, lastCommand: { counter: 1, is: 'applied' } })
    expect(takeCommand(started, command(1), NOW_S)).toBe(started)
  })

  it('that comes late is refused', () => {
    expect(takeCommand(EMPTY, command(1, NOW_S), NOW_S)).toEqual({
      ...EMPTY,
      lastCommand: { counter: 1, is: 'refused', reason: 'it came too late' },
    })
  })
})

describe('whatever happens in whatever order', () => {
  const step: fc.Arbitrary<(state: RemoteState) => RemoteState> = fc.oneof(
    fc
      .tuple(fc.integer({ min: 1, max: 12 }), fc.boolean(), fc.boolean(), fc.constantFrom(-1, 60))
      .map(([counter, isGood, isWrong, leftS]) => (state: RemoteState) => {
        const said = config(counter, { expiresAt: NOW_S + leftS })
        return takeConfig(state, said, NOW_S, isGood, () => (isWrong ? 'wrong' : undefined))
      }),
    fc.tuple(fc.integer({ min: 1, max: 12 }), fc.constantFrom(-1, 60)).map(
      ([counter, leftS]) =>
        (state: RemoteState) =>
          takeCommand(state, command(counter, NOW_S + leftS), NOW_S),
    ),
    fc.boolean().map((isGood) => (state: RemoteState) => endTrial(state, isGood)),
    fc.constant(atStart),
    fc.constant((state: RemoteState) => rollBack(state, 'it died')),
    fc.integer({ min: 1, max: 12 }).map((counter) => (state: RemoteState) => endJob(state, { counter, is: 'applied' })),
  )

  it('the counters never go back, nothing is done twice, and what is kept was tried', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        let state = EMPTY
        const tried = new Set<number>()
        for (const next of steps) {
          const before = state
          state = next(before)
          expect(state.lastConfig?.counter ?? 0).toBeGreaterThanOrEqual(before.lastConfig?.counter ?? 0)
          expect(state.lastCommand?.counter ?? 0).toBeGreaterThanOrEqual(before.lastCommand?.counter ?? 0)
          const begun = state.trial?.counter
          if (begun !== undefined && begun !== before.trial?.counter) {
            expect(tried.has(begun)).toBe(false)
            tried.add(begun)
          }
          if (state.kept !== undefined) expect(tried.has(state.kept.counter)).toBe(true)
        }
      }),
      { numRuns: 500 },
    )
  })
})
