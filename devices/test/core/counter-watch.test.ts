import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type CounterLimits,
  type CounterSample,
  type CounterVerdict,
  type CounterWatch,
  isCoarse,
  isStuck,
  watchCounter,
} from '../../src/core/counter-watch.ts'

const MINUTE = 60_000
/** Three phases of 35 A: 402 Wh a minute, 644 for as long as fuses carry more. */
const limits: CounterLimits = { mostW: 24_150 }

function watched(samples: readonly CounterSample[], of: CounterLimits = limits) {
  let watch: CounterWatch | undefined
  const verdicts: CounterVerdict[] = []
  for (const sample of samples) {
    const next = watchCounter(watch, sample, of)
    watch = next.watch
    verdicts.push(next.verdict)
  }
  return { watch: watch as CounterWatch, verdicts }
}
const everyMinute = (energies: readonly number[], powerW?: number) =>
  energies.map((energyWh, i) => ({ atMs: i * MINUTE, energyWh, ...(powerW !== undefined && { powerW }) }))
const first = { is: 'first' }
const reset = { is: 'reset' }
const counted = (addedWh: number) => ({ is: 'counted', addedWh })
const rolled = (addedWh: number) => ({ is: 'rolled-over', addedWh })
const held = (why: string) => ({ is: 'held', why })

describe('a counter', () => {
  it.each<[string, readonly number[], readonly unknown[], CounterLimits?]>([
    ['counts', [1_000, 1_010, 1_010, 1_030], [first, counted(10), counted(0), counted(20)]],
    [
      'that is misread once goes on as if nothing had been',
      [1_000, 9_113_000, 1_020],
      [first, held('jump'), counted(20)],
    ],
    ['that shows a zero once goes on as if nothing had been', [1_000, 0, 1_020], [first, held('fell'), counted(20)]],
    [
      'that is reset counts from there, and nothing is made of it',
      [1_000, 0, 10, 25],
      [first, held('fell'), reset, counted(15)],
    ],
    [
      'of another meter counts from there',
      [1_000, 5_000_000, 5_000_010, 5_000_020],
      [first, held('jump'), reset, counted(10)],
    ],
    [
      'that is misread twice in two ways is not believed',
      [1_000, 0, 9_000_000, 1_030],
      [first, held('fell'), held('jump'), counted(30)],
    ],
    ['that rolls over where its register ends', [65_530, 4], [first, rolled(10)], { ...limits, rollsOverAtWh: 65_536 }],
    [
      'that falls elsewhere does not roll over',
      [1_000, 4],
      [first, held('fell')],
      { ...limits, rollsOverAtWh: 65_536 },
    ],
    ['that rises by more than the fuse carries', [1_000, 1_700], [first, held('jump')]],
    ['that rises by what the fuse carries for a while', [1_000, 1_640], [first, counted(640)]],
  ])('%s', (_, energies, verdicts, of) => {
    expect(watched(everyMinute(energies), of).verdicts).toEqual(verdicts)
  })

  it('may have counted a day’s energy after a day without reading', () => {
    const { verdicts } = watched([
      { atMs: 0, energyWh: 0 },
      { atMs: 86_400_000, energyWh: 400_000 },
    ])
    expect(verdicts).toEqual([first, counted(400_000)])
  })

  it('is as if it had not been read twice', () => {
    const sample = { atMs: MINUTE, energyWh: 5 }
    expect(watched([{ atMs: 0, energyWh: 0 }, sample, sample]).verdicts).toEqual([first, counted(5), counted(0)])
  })

  it('adds up to what it shows, whatever misreadings come between', () => {
    const step = fc.record({
      rise: fc.integer({ min: 0, max: 400 }),
      misread: fc.option(fc.integer({ min: -900, max: 10 ** 9 })),
    })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 50 }), (steps) => {
        let shown = 1_000_000
        let atMs = 0
        const samples: CounterSample[] = [{ atMs, energyWh: shown }]
        for (const { rise, misread } of steps) {
          shown += rise
          // one misreading at a time, between two right ones
          if (misread !== null && (misread < 0 || misread > 10_000)) {
            samples.push({ atMs: atMs + MINUTE / 2, energyWh: Math.max(0, shown + misread * 1_000) })
          }
          atMs += MINUTE
          samples.push({ atMs, energyWh: shown })
        }
        const sum = watched(samples).verdicts.reduce((all, one) => all + ('addedWh' in one ? one.addedWh : 0), 0)
        expect(sum).toBe(shown - 1_000_000)
      }),
    )
  })

  it('is stuck when it stands still while power flows, and no longer once it moves', () => {
    const still = watched(everyMinute([0, 10, 20, 20, 20, 20], 2_000)).watch
    expect(isStuck(still)).toBe(true)
    expect(isStuck(watchCounter(still, { atMs: 6 * MINUTE, energyWh: 30, powerW: 2_000 }, limits).watch)).toBe(false)
    expect(isStuck(watched(everyMinute([0, 10, 20, 20, 20, 20], 0)).watch)).toBe(false)
    expect(isStuck(watched(everyMinute([0, 10, 20, 20, 20, 20])).watch)).toBe(false)
  })

  it('is not stuck while less has flowed than its own step', () => {
    const coarse = everyMinute([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1_000, 1_000, 1_000, 1_000], 6_000)
    expect(isStuck(watched(coarse, { mostW: 100_000 }).watch)).toBe(false)
  })

  it.each([
    [[1_000, 2_000, 2_000, 3_000], true],
    [[1_000, 1_100, 1_300], true],
    [[1_000, 1_100, 1_207], false],
    [[1_000, 1_000], undefined],
  ])('of %j is coarse: %s', (energies, coarse) => {
    expect(isCoarse(watched(everyMinute(energies), { mostW: 100_000 }).watch)).toBe(coarse)
  })
})
