import { describe, expect, it } from 'vitest'
import { decodeEnergy, type Energy, encodeEnergy, GRADES, QUALITIES } from '../../src/messages/energy.ts'
import { anyEnergy } from '../support/arbitraries.ts'
import { run, unhex } from '../support/bytes.ts'
import { describeLayout } from '../support/layout.ts'

const energy = (overrides: Partial<Energy> = {}): Energy => ({
  chain: run(0x00, 32),
  community: 7,
  gateway: run(0x40, 32),
  epoch: 3,
  sequence: 258,
  slotStart: 1_750_413_600,
  importWh: 12,
  exportWh: 1_500,
  errorWh: 2,
  quality: 'estimated',
  grade: 'billing',
  salt: run(0xa0, 16),
  previous: run(0xc0, 32),
  ...overrides,
})

const GOLDEN = unhex(
  '77666531', // tag: "wfe1"
  '000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f', // chain
  '07000000', // community: u32
  '404142434445464748494a4b4c4d4e4f 505152535455565758595a5b5c5d5e5f', // gateway
  '03000000', // epoch: u32
  '0201000000000000', // sequence: u64, 258 = 0x102
  '20315568 00000000', // slotStart: u64, 1 750 413 600 = 0x68553120
  '0c000000', // importWh: u32
  'dc050000', // exportWh: u32, 1 500 = 0x5dc
  '02000000', // errorWh: u32
  '01', // quality: estimated
  '01', // grade: billing
  'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', // salt
  'c0c1c2c3c4c5c6c7c8c9cacbcccdcecf d0d1d2d3d4d5d6d7d8d9dadbdcdddedf', // previous
)

describe('wfe1', () => {
  it('has exactly the 154 bytes of the layout', () => {
    expect(encodeEnergy(energy())).toEqual(GOLDEN)
    expect(GOLDEN).toHaveLength(154)
    expect(decodeEnergy(GOLDEN)).toEqual(energy())
  })

  it('numbers qualities and grades as the layout does', () => {
    expect(QUALITIES).toEqual(['good', 'estimated', 'missing'])
    expect(GRADES).toEqual(['operational', 'billing'])
    for (const [i, quality] of QUALITIES.entries()) expect(encodeEnergy(energy({ quality }))[104]).toBe(i)
    for (const [i, grade] of GRADES.entries()) expect(encodeEnergy(energy({ grade }))[105]).toBe(i)
  })

  it.each([
    { name: 'a salt that is too short', bad: { salt: run(0, 15) } },
    { name: 'a previous hash that is too long', bad: { previous: run(0, 33) } },
    { name: 'an import beyond u32', bad: { importWh: 2 ** 32 } },
    { name: 'a negative export', bad: { exportWh: -1 } },
    { name: 'an error in fractions of a Wh', bad: { errorWh: 0.1 } },
    { name: 'an unknown quality', bad: { quality: 'superb' as Energy['quality'] } },
    { name: 'an unknown grade', bad: { grade: 'official' as Energy['grade'] } },
  ])('is never written with $name', ({ bad }) => {
    expect(() => encodeEnergy(energy(bad))).toThrow(RangeError)
  })

  describeLayout({
    values: anyEnergy,
    encode: encodeEnergy,
    decode: decodeEnergy,
    closedBytes: [
      { name: 'quality', at: 104, valid: [0, 1, 2] },
      { name: 'grade', at: 105, valid: [0, 1] },
    ],
    wideAt: [76, 84],
  })
})
