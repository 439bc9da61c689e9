import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeBits, decodeNumber, decodeState, decodeText } from '../../src/core/decode.ts'
import { encodePoint } from '../../src/core/encode.ts'
import { type Point, REGISTER_TYPES } from '../../src/core/points.ts'
import { bitsOfNumber, numberOfBits } from '../../src/core/words.ts'

const registersOf = (hex: string) => hex.split(' ').map((word) => Number.parseInt(word, 16))
const decode = (point: Point, hex: string) =>
  decodeNumber({ p: point }, 'p', [{ at: point.at, registers: registersOf(hex) }])
const ok = (value: unknown) => ({ ok: true, value })
const no = (reason: string) => ({ ok: false, reason })

describe('the registers of a number', () => {
  it.each<[string, Point, string, unknown]>([
    ['u16', { at: 0, as: 'u16' }, 'fffe', ok(65_534)],
    ['s16', { at: 0, as: 's16' }, 'fffe', ok(-2)],
    ['u32', { at: 0, as: 'u32' }, '0001 0002', ok(65_538)],
    ['u32, last word first', { at: 0, as: 'u32', wordOrder: 'last' }, '0002 0001', ok(65_538)],
    ['u32, bytes swapped', { at: 0, as: 'u32', bytesSwapped: true }, '0100 0200', ok(65_538)],
    ['u32, little end first', { at: 0, as: 'u32', wordOrder: 'last', bytesSwapped: true }, '0200 0100', ok(65_538)],
    ['s32', { at: 0, as: 's32' }, 'ffff fffe', ok(-2)],
    ['u64', { at: 0, as: 'u64' }, '0000 0001 0000 0002', ok(4_294_967_298)],
    ['u64, last word first', { at: 0, as: 'u64', wordOrder: 'last' }, '0002 0000 0001 0000', ok(4_294_967_298)],
    ['s64', { at: 0, as: 's64' }, 'ffff ffff ffff fffe', ok(-2)],
    ['u64 beyond 2^53', { at: 0, as: 'u64' }, '0020 0000 0000 0000', no('implausible')],
    ['f32', { at: 0, as: 'f32' }, 'c49a 5000', ok(-1234.5)],
    ['f32, last word first', { at: 0, as: 'f32', wordOrder: 'last' }, '5000 c49a', ok(-1234.5)],
    ['f64', { at: 0, as: 'f64' }, 'c093 4a00 0000 0000', ok(-1234.5)],
    ['f64 that is infinite', { at: 0, as: 'f64' }, '7ff0 0000 0000 0000', no('not-available')],
    ['a tenth', { at: 0, as: 's16', scale: 0.1 }, '04d2', ok(123.4)],
    ['a thousandth', { at: 0, as: 'u32', scale: 0.001 }, '0000 04d2', ok(1.234)],
    ['tens', { at: 0, as: 'u16', scale: 10 }, '04d2', ok(12_340)],
    [
      'one of two marks of nothing',
      { at: 0, as: 'u32', notAvailable: [0xffff_ffffn, 0n] },
      'ffff ffff',
      no('not-available'),
    ],
    ['the other', { at: 0, as: 'u32', notAvailable: [0xffff_ffffn, 0n] }, '0000 0000', no('not-available')],
    ['neither', { at: 0, as: 'u32', notAvailable: [0xffff_ffffn, 0n] }, '0000 ffff', ok(65_535)],
    [
      'a mark that is told in the order of the wire',
      { at: 0, as: 'u32', wordOrder: 'last', notAvailable: [0x8000_0000n] },
      '0000 8000',
      no('not-available'),
    ],
    ['more than can be', { at: 0, as: 'u16', unit: 'V', most: 400 }, '0191', no('implausible')],
    ['less than can be', { at: 0, as: 's16', least: -40 }, 'ffd7', no('implausible')],
  ])('%s', (_, point, hex, expected) => {
    expect(decode(point, hex)).toEqual(expected)
  })

  it('hold, and give back, every number that their type has, in every order', () => {
    const types = REGISTER_TYPES.filter((as) => as !== 'string')
    const orders = fc.record({ wordOrder: fc.constantFrom('first', 'last'), bytesSwapped: fc.boolean() })
    fc.assert(
      fc.property(fc.constantFrom(...types), orders, fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }), (as, order, bits) => {
        const point = { at: 3, as, ...order } as Point
        const value = numberOfBits(point, BigInt.asUintN(Number(as.slice(1)), bits))
        if (!Number.isFinite(value) || (!as.startsWith('f') && !Number.isSafeInteger(value))) return
        const registers = encodePoint({ p: point }, 'p', { p: value })
        expect(registers).toHaveLength(Number(as.slice(1)) / 16)
        expect(decodeNumber({ p: point }, 'p', [{ at: 3, registers }])).toEqual(ok(value))
      }),
    )
  })

  it('hold nothing that their type has not', () => {
    expect(bitsOfNumber({ as: 'u16' }, -1)).toBeUndefined()
    expect(bitsOfNumber({ as: 's16' }, 32_768)).toBeUndefined()
    expect(bitsOfNumber({ as: 'u32' }, Number.NaN)).toBeUndefined()
    expect(bitsOfNumber({ as: 's32' }, -2_147_483_648)).toBe(0x8000_0000n)
  })
})

describe('the registers of something else', () => {
  const states = { at: 0, as: 'u16', notAvailable: [0xffffn], states: { 4: 'running', 7: 'fault' } } as const
  const bits = { at: 0, as: 'u32', bits: { 0: 'grid lost', 17: 'too hot' } } as const
  const state = (hex: string) => decodeState({ p: states }, 'p', [{ at: 0, registers: registersOf(hex) }])
  const fields = (hex: string) => decodeBits({ p: bits }, 'p', [{ at: 0, registers: registersOf(hex) }])

  it('are the states of an enumeration: one that is not listed is none', () => {
    expect([state('0004'), state('0005'), state('ffff')]).toEqual([
      ok('running'),
      no('implausible'),
      no('not-available'),
    ])
  })

  it('are bits, each by its name or its number', () => {
    expect(fields('0002 0001')).toEqual(ok(['grid lost', 'too hot']))
    expect(fields('8000 0000')).toEqual(ok(['bit 31']))
    expect(fields('0000 0000')).toEqual(ok([]))
  })

  it('are text, also with its bytes swapped', () => {
    const text = (point: Partial<Point>, hex: string) =>
      decodeText({ p: { at: 0, as: 'string', words: 3, ...point } }, 'p', [{ at: 0, registers: registersOf(hex) }])
    expect(text({}, '5344 4d36 3330')).toEqual(ok('SDM630'))
    expect(text({ bytesSwapped: true }, '4453 364d 3033')).toEqual(ok('SDM630'))
    expect(text({}, '5344 2020 0000')).toEqual(ok('SD'))
    expect(text({}, '0000 0000 0000')).toEqual(no('not-available'))
  })
})
