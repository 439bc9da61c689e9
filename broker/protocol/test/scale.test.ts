import { describe, expect, it } from 'vitest'
import { decodeExactly, ScaleReader, ScaleWriter } from '../src/scale.ts'
import { run, unhex } from './support/bytes.ts'

describe('ScaleWriter', () => {
  // the fixed-width integers are those of the SCALE codec's documentation
  it.each([
    { name: 'u8 69', bytes: new ScaleWriter().u8(69).done(), hex: '45' },
    { name: 'u32 16777215', bytes: new ScaleWriter().u32(16_777_215).done(), hex: 'ffffff00' },
    { name: 'the largest u32', bytes: new ScaleWriter().u32(0xffff_ffff).done(), hex: 'ffffffff' },
    { name: 'u64 1', bytes: new ScaleWriter().u64(1).done(), hex: '0100000000000000' },
    { name: 'the largest u64', bytes: new ScaleWriter().u64(2n ** 64n - 1n).done(), hex: 'ffffffffffffffff' },
    {
      name: 'no value',
      bytes: new ScaleWriter().option(undefined, () => expect.fail('nothing to write')).done(),
      hex: '00',
    },
    { name: 'bytes', bytes: new ScaleWriter().bytes(run(1, 3), 3).done(), hex: '010203' },
    // the compact ones as well
    { name: 'compact 1', bytes: new ScaleWriter().compact(1).done(), hex: '04' },
    { name: 'compact 42', bytes: new ScaleWriter().compact(42).done(), hex: 'a8' },
    { name: 'compact 69', bytes: new ScaleWriter().compact(69).done(), hex: '1501' },
    { name: 'compact 65535', bytes: new ScaleWriter().compact(65_535).done(), hex: 'feff0300' },
    { name: 'the largest compact', bytes: new ScaleWriter().compact(2 ** 30 - 1).done(), hex: 'feffffff' },
    { name: 'nothing', bytes: new ScaleWriter().done(), hex: '' },
  ])('writes $name', ({ bytes, hex }) => {
    expect(bytes).toEqual(unhex(hex))
  })

  it('writes the tag of an option before its value, also before one that is zero', () => {
    const writer = new ScaleWriter()
    writer.option(0, (value) => writer.u8(value))
    expect(writer.done()).toEqual(unhex('0100'))
  })

  it('keeps nothing of the buffer it was given', () => {
    const given = run(1, 4)
    const writer = new ScaleWriter().bytes(given, 4)
    given.fill(0)
    expect(writer.done()).toEqual(run(1, 4))
  })

  it.each([-1, 256, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d as u8', (value) => {
    expect(() => new ScaleWriter().u8(value)).toThrow(RangeError)
  })
  it.each([-1, 2 ** 32, 1.5, Number.NaN])('refuses %d as u32', (value) => {
    expect(() => new ScaleWriter().u32(value)).toThrow(RangeError)
  })
  it.each([-1, -1n, 2n ** 64n, 1.5, Number.NaN, Number.NEGATIVE_INFINITY])('refuses %d as u64', (value) => {
    expect(() => new ScaleWriter().u64(value)).toThrow(RangeError)
  })
  it.each([2 ** 53, 2 ** 60, 2 ** 64])(
    'refuses the number %d as u64: nobody knows which integer was meant',
    (value) => {
      expect(() => new ScaleWriter().u64(value)).toThrow(RangeError)
    },
  )
})

describe('compact integers', () => {
  it.each([0, 1, 63, 64, 16_383, 16_384, 2 ** 30 - 1])('read %d back', (value) => {
    const reader = new ScaleReader(new ScaleWriter().compact(value).done())
    expect(reader.compact()).toBe(value)
    reader.end()
  })
  it.each([-1, 0.5, 2 ** 30, Number.NaN])('refuse to write %d', (value) => {
    expect(() => new ScaleWriter().compact(value)).toThrow(RangeError)
  })
  it.each([
    ['of another size', '03'],
    ['in more bytes than it takes', '0500'],
    ['in more bytes than it takes', 'feff0000'],
    ['that ends early', 'fe'],
    ['that is not there', ''],
  ])('refuse one %s', (_, hex) => {
    expect(() => new ScaleReader(unhex(hex)).compact()).toThrow(RangeError)
  })
})

describe('ScaleReader', () => {
  it('reads what was written, in the same order', () => {
    const writer = new ScaleWriter().u8(1).u32(2).u64(3).bytes(run(4, 2), 2)
    writer.option(6, (value) => writer.u8(value)).option(undefined, () => expect.fail('nothing to write'))
    const reader = new ScaleReader(writer.done())
    expect([reader.u8(), reader.u32(), reader.u64(), reader.bytes(2)]).toEqual([1, 2, 3, run(4, 2)])
    expect([reader.option(() => reader.u8()), reader.option(() => reader.u8())]).toEqual([6, undefined])
    expect(() => reader.end()).not.toThrow()
  })

  it.each([
    { name: 'a u8 of nothing', read: () => new ScaleReader(run(0, 0)).u8() },
    { name: 'a u32 of three bytes', read: () => new ScaleReader(run(0, 3)).u32() },
    { name: 'a u64 of seven bytes', read: () => new ScaleReader(run(0, 7)).u64() },
    { name: 'a u64 of 2^53', read: () => new ScaleReader(unhex('0000000000002000')).u64() },
    { name: 'more bytes than there are', read: () => new ScaleReader(run(0, 3)).bytes(4) },
    { name: 'an option with tag 2', read: () => new ScaleReader(unhex('0200')).option(() => 0) },
    { name: 'an end that is not one', read: () => new ScaleReader(run(0, 1)).end() },
  ])('refuses $name', ({ read }) => {
    expect(read).toThrow(RangeError)
  })
})

describe('decodeExactly', () => {
  it('does not hide a fault that the bytes have no part in', () => {
    const broken = () => {
      throw new TypeError('a bug')
    }
    expect(() => decodeExactly(run(0, 1), broken)).toThrow('a bug')
  })
})
