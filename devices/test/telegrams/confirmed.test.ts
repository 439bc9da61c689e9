import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { missing } from '../../src/core/readings.ts'
import type { Reading } from '../../src/ports.ts'
import { confirmed, type Heard, type Three } from '../../src/telegrams/confirmed.ts'
import { textTelegramIn } from '../../src/telegrams/d0.ts'
import { readingOf } from '../../src/telegrams/values.ts'
import { figures, MOST_W } from './pushed.ts'
import { checkedTelegram, type TextOptions, textTelegram } from './text.ts'

const EVERY_MS = 2_000
const BEGUN = { importWh: 24_567_266, exportWh: 12_500, powerW: 1_800 }

function heard(bytes: Uint8Array, i: number): Heard | undefined {
  const found = textTelegramIn(bytes)
  return found.is === 'telegram'
    ? { reading: readingOf(found.entries, i * EVERY_MS, i * EVERY_MS), atMs: i * EVERY_MS }
    : undefined
}

function three(...options: readonly Partial<TextOptions>[]): Three {
  const all = options.map((one, i) => heard(textTelegram({ ...BEGUN, ...one }), i))
  const [before, middle, after] = all
  if (!before || !middle || !after) throw new Error('no telegram')
  return [before, middle, after]
}

describe('three readable telegrams', () => {
  it('that agree give the middle one', () => {
    const reading = confirmed(three({}, { importWh: 24_567_267 }, { importWh: 24_567_268 }), MOST_W)
    expect(reading && figures(reading)).toEqual({
      ...{ import: 24_567_267, export: 12_500, importW: 1_800, exportW: 0, step: 1 },
    })
    expect(reading?.atMs).toBe(EVERY_MS)
  })

  const most = (MOST_W * 1.6 * (EVERY_MS + 2_000)) / 3_600_000 + 1
  it.each<[string, Partial<TextOptions>, Partial<TextOptions>, Partial<TextOptions>, boolean]>([
    ['a counter that stands still', {}, {}, {}, true],
    ['as much as the fuses carry', {}, { importWh: BEGUN.importWh + Math.floor(most) }, { importWh: 24_567_400 }, true],
    ['more than the fuses carry', {}, { importWh: BEGUN.importWh + Math.ceil(most) }, { importWh: 24_567_400 }, false],
    ['a counter that falls', {}, { importWh: 24_567_265 }, {}, false],
    ['a counter that falls after', {}, { importWh: 24_567_280 }, { importWh: 24_567_279 }, false],
    ['the other counter that falls after', {}, { exportWh: 12_520 }, { exportWh: 12_501 }, false],
    ['one digit that is not as before and after', {}, { importWh: 24_567_276 }, { importWh: 24_567_267 }, false],
  ])('with %s: as the figures are', (_, before, middle, after, isConfirmed) => {
    expect(confirmed(three(before, middle, after), MOST_W) !== undefined).toBe(isConfirmed)
  })

  it('of a meter with one counter need not have the other, but all of them or none', () => {
    const without = (one: Heard): Heard => ({
      ...one,
      reading: { ...one.reading, exportEnergyWh: missing('unsupported', 0) },
    })
    const [before, middle, after] = three({}, {}, {})
    expect(confirmed([without(before), without(middle), without(after)], MOST_W)?.exportEnergyWh).toMatchObject({
      reason: 'unsupported',
    })
    expect(confirmed([before, without(middle), after], MOST_W)).toBeUndefined()
    expect(confirmed([without(before), middle, after], MOST_W)).toBeUndefined()
    expect(confirmed([before, middle, without(after)], MOST_W)).toBeUndefined()
  })

  it('give the power that stands between the others', () => {
    const reading = confirmed(three({ powerW: 300 }, { powerW: -8_300 }, { powerW: -20 }), MOST_W)
    expect(reading && figures(reading)).toMatchObject({ importW: 0, exportW: 20 })
    const some = three({}, { powerW: undefined } as object, {})
    expect(confirmed(some, MOST_W)).toBeUndefined()
  })
})

describe.each([
  ['nothing checks', textTelegram],
  ['a block check guards', checkedTelegram],
])('readable telegrams that %s', (_, build) => {
  const moments = fc.array(
    fc.record({ drawnWh: fc.nat({ max: 40 }), fedWh: fc.nat({ max: 3 }), powerW: fc.integer() }),
    {
      minLength: 4,
      maxLength: 12,
    },
  )
  const damage = fc.array(fc.record({ at: fc.nat(), bits: fc.integer({ min: 1, max: 0x7f }) }), {
    minLength: 1,
    maxLength: 6,
  })

  it('of which one in three is damaged never give a counter beyond what its neighbours show', () => {
    let given = 0
    fc.assert(
      fc.property(moments, damage, fc.nat({ max: 2 }), (flows, changes, phase) => {
        const sums = { importWh: BEGUN.importWh, exportWh: BEGUN.exportWh }
        const shown = flows.map(({ drawnWh, fedWh, powerW }) => {
          sums.importWh += drawnWh
          sums.exportWh += fedWh
          return { ...sums, powerW: powerW % 10_000 }
        })
        const all = shown.map((one, i) => {
          const bytes = build(one)
          if (i % 3 === phase)
            for (const { at, bits } of changes) bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ bits
          return { i, heard: heard(bytes, i) }
        })
        const come = all.flatMap(({ i, heard }) => (heard === undefined ? [] : [{ i, heard }]))
        for (let n = 0; n + 2 < come.length; n++) {
          const [before, middle, after] = come.slice(n, n + 3)
          if (!before || !middle || !after) throw new Error('no three')
          const reading = confirmed([before.heard, middle.heard, after.heard], MOST_W)
          if (reading === undefined) continue
          given++
          expectBetween(reading, shown.slice(before.i, after.i + 1))
        }
      }),
      { numRuns: 3_000, seed: 7 },
    )
    expect(given).toBeGreaterThan(1_000)
  })
})

/** Each figure is one that the meter showed in that time, or between two of them. */
function expectBetween(reading: Reading, shown: readonly Required<TextOptions>[]): void {
  const within = (value: number | null, of: (one: Required<TextOptions>) => number) => {
    expect(value).not.toBeNull()
    expect(value).toBeGreaterThanOrEqual(Math.min(...shown.map(of)))
    expect(value).toBeLessThanOrEqual(Math.max(...shown.map(of)))
  }
  const { import: importWh, export: exportWh, importW, exportW } = figures(reading)
  within(importWh, (one) => one.importWh)
  within(exportWh, (one) => one.exportWh)
  within(importW, ({ powerW }) => Math.max(0, powerW))
  within(exportW, ({ powerW }) => Math.max(0, -powerW))
}
