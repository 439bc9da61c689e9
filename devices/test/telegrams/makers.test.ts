import { describe, expect, it } from 'vitest'
import { makerOf, meantBy } from '../../src/telegrams/makers.ts'
import { entriesIn } from '../../src/telegrams/sml-list.ts'
import { telegramIn } from '../../src/telegrams/sml-transport.ts'
import { readingOf } from '../../src/telegrams/values.ts'
import { ISKRA_ID, idOf, smlTelegram, W, WH } from './build.ts'

const DVS74 = 42_082_910

/** The power that a meter with this number shows for these bytes, W: import above zero. */
function shown(number: number, value: bigint, bytes: number, maker = 'DZG') {
  const telegram = smlTelegram({
    ...{ maker, serverId: idOf(maker, number) },
    entries: [
      { code: '1.8.0', value: 54_301_580n, unit: WH, scaler: -1 },
      { code: '16.7.0', value, unit: W, scaler: -2, signed: true, bytes },
    ],
  })
  const framed = telegramIn(telegram)
  if (framed.is !== 'telegram') throw new Error(framed.is)
  const { importW, exportW } = readingOf(entriesIn(framed.content, framed.check) ?? [], 0, 0)
  return importW.quality === 'missing' || exportW.quality === 'missing' ? undefined : importW.value - exportW.value
}

describe('a DVS74 of DZG', () => {
  // 53 80 25 is 328.05 W and not -327.31 W: the example of volkszaehler/libsml issue 59
  it.each<[string, bigint, number, number]>([
    ['328.05 W in two bytes, marked as signed', 0x8025n, 2, 328.05],
    ['the least that seems to be negative', 0x8000n, 2, 327.68],
    ['the most', 0xffffn, 2, 655.35],
    ['1.30 W in one byte', 130n, 1, 1.3],
    ['a positive power that needs no mending', 0x7fffn, 2, 327.67],
    ['a negative power in four bytes', -126_061n, 4, -1_260.61],
    ['a small negative power in four bytes', -1n, 4, -0.01],
    ['a large positive power in three bytes', 0x01_0000n, 3, 655.36],
  ])('shows %s', (_, value, bytes, expected) => {
    expect(shown(DVS74, value, bytes)).toBe(expected)
  })

  it.each([42_000_000, 48_999_999, 55_000_000, 58_999_999])('with number %i is one of them', (number) => {
    expect(shown(number, 0x8025n, 2)).toBe(328.05)
  })
})

describe('a negative power of two bytes is meant', () => {
  it.each([
    ['by the numbers around', 41_999_999],
    ['by the numbers around', 49_000_000],
    ['by the numbers around', 54_999_999],
    ['by the numbers around', 59_000_000],
    ['by a DWSB20 (libsml issue 132)', 40_051_478],
    ['by a DVS74 whose firmware is mended (libsml issue 105)', 60_694_611],
  ])('%s: %i', (_, number) => {
    expect(shown(number, -10_550n, 2)).toBe(-105.5)
  })

  it('by another maker with such a number', () => {
    expect(shown(DVS74, -10_550n, 2, 'ISK')).toBe(-105.5)
  })
})

describe('what a maker has wrong', () => {
  const number = { value: -10_550n, isSigned: true, octets: 2 }
  const id = Uint8Array.from(idOf('DZG', DVS74))

  it('is mended in the powers that are known for it alone', () => {
    const mended = ['16.7.0', '36.7.0', '56.7.0', '1.8.0', '32.7.0'].map((code) => meantBy(number, `1-0:${code}`, id))
    expect(mended).toEqual([54_986n, 54_986n, -10_550n, -10_550n, -10_550n])
  })

  it('is not guessed of a meter that does not say who it is', () => {
    for (const other of [undefined, new Uint8Array(), id.subarray(1), Uint8Array.of(0x06, ...id.subarray(1))])
      expect(meantBy(number, '1-0:16.7.0', other)).toBe(-10_550n)
  })

  it('is looked up by the letters of DIN 43863-5', () => {
    expect(makerOf(Uint8Array.from(ISKRA_ID))).toBe('ISK')
    expect(makerOf(Uint8Array.of(0x06, 0x45, 0x4d, 0x48, 1, 2, 3, 4, 5, 6))).toBeUndefined()
    expect(makerOf(Uint8Array.from([...ISKRA_ID, 0]))).toBeUndefined()
  })
})
