import { describe, expect, it } from 'vitest'
import { type Cancel, decodeCancel, encodeCancel } from '../../src/messages/cancel.ts'
import { anyCancel } from '../support/arbitraries.ts'
import { run, unhex } from '../support/bytes.ts'
import { describeLayout } from '../support/layout.ts'

const cancel = (overrides: Partial<Cancel> = {}): Cancel => ({
  chain: run(0x00, 32),
  gateway: run(0x40, 32),
  epoch: 0xffff_ffff,
  sequence: 258,
  target: Number.MAX_SAFE_INTEGER,
  ...overrides,
})

const GOLDEN = unhex(
  '77666331', // tag: "wfc1"
  '000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f', // chain
  '404142434445464748494a4b4c4d4e4f 505152535455565758595a5b5c5d5e5f', // gateway
  'ffffffff', // epoch: u32
  '0201000000000000', // sequence: u64, 258 = 0x102
  'ffffffffffff1f00', // target: u64, 2^53 − 1
)

describe('wfc1', () => {
  it('has exactly the 88 bytes of the layout', () => {
    expect(encodeCancel(cancel())).toEqual(GOLDEN)
    expect(GOLDEN).toHaveLength(88)
    expect(decodeCancel(GOLDEN)).toEqual(cancel())
  })

  it.each([
    { name: 'a chain id that is too long', bad: { chain: run(0, 33) } },
    { name: 'a gateway key that is too short', bad: { gateway: run(0, 31) } },
    { name: 'an epoch beyond u32', bad: { epoch: 2 ** 32 } },
    { name: 'a sequence beyond the safe integers', bad: { sequence: 2 ** 53 } },
    { name: 'a negative target', bad: { target: -1 } },
  ])('is never written with $name', ({ bad }) => {
    expect(() => encodeCancel(cancel(bad))).toThrow(RangeError)
  })

  describeLayout({
    values: anyCancel,
    encode: encodeCancel,
    decode: decodeCancel,
    closedBytes: [],
    wideAt: [72, 80],
  })
})
