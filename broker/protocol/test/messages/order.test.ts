import { describe, expect, it } from 'vitest'
import { decodeOrder, ENERGY_TYPE, encodeOrder, ORDER_MAX_BYTES, type Order } from '../../src/messages/order.ts'
import { anyOrder } from '../support/arbitraries.ts'
import { run, unhex, withByte } from '../support/bytes.ts'
import { describeLayout } from '../support/layout.ts'

const order = (overrides: Partial<Order> = {}): Order => ({
  chain: run(0x00, 32),
  community: 7,
  gateway: run(0x40, 32),
  epoch: 3,
  sequence: 0x01_0203_0405_06,
  kind: 'post',
  side: 'offer',
  slotStart: 1_750_413_600,
  energyWh: 1_500,
  priceMicro: 182_500,
  expiresAt: 1_750_413_300,
  energyTypes: ENERGY_TYPE.sun | ENERGY_TYPE.other,
  ...overrides,
})

/** The layout by hand, up to the options. */
const HEAD = [
  '77666f31', // tag: "wfo1"
  '000102030405060708090a0b0c0d0e0f 101112131415161718191a1b1c1d1e1f', // chain
  '07000000', // community: u32
  '404142434445464748494a4b4c4d4e4f 505152535455565758595a5b5c5d5e5f', // gateway
  '03000000', // epoch: u32
  '0605040302010000', // sequence: u64
  '01', // kind: post
  '01', // side: offer
  '20315568 00000000', // slotStart: u64, 1 750 413 600 = 0x68553120
  'dc050000', // energyWh: u32, 1 500 = 0x5dc
  'e4c80200', // priceMicro: u32, 182 500 = 0x2c8e4
  'f42f5568 00000000', // expiresAt: u64, 1 750 413 300 = 0x68552ff4
  '05', // energyTypes: sun and other
]
const PARTNER = '01 808182838485868788898a8b8c8d8e8f 909192939495969798999a9b9c9d9e9f'
const REPLACES = '01 0900000000000000'

const GOLDEN: readonly { name: string; order: Order; bytes: Uint8Array; size: number }[] = [
  { name: 'no option', order: order(), bytes: unhex(...HEAD, '00', '00'), size: 113 },
  {
    name: 'a partner',
    order: order({ partner: run(0x80, 32) }),
    bytes: unhex(...HEAD, PARTNER, '00'),
    size: 145,
  },
  { name: 'a replaced order', order: order({ replaces: 9 }), bytes: unhex(...HEAD, '00', REPLACES), size: 121 },
  {
    name: 'both options',
    order: order({ partner: run(0x80, 32), replaces: 9 }),
    bytes: unhex(...HEAD, PARTNER, REPLACES),
    size: 153,
  },
]

describe('wfo1', () => {
  it.each(GOLDEN)('has exactly the bytes of the layout with $name', ({ order, bytes, size }) => {
    expect(encodeOrder(order)).toEqual(bytes)
    expect(bytes).toHaveLength(size)
    expect(decodeOrder(bytes)).toEqual(order)
  })

  it('encodes spot and bid as zero, and zero as no expiry of its own', () => {
    const bytes = encodeOrder(order({ kind: 'spot', side: 'bid', expiresAt: 0, energyTypes: 0 }))
    expect([bytes[84], bytes[85], bytes[110]]).toEqual([0, 0, 0])
    expect(bytes.subarray(102, 110)).toEqual(new Uint8Array(8))
  })

  it('is largest with both options', () => {
    const largest = Math.max(...GOLDEN.map(({ bytes }) => bytes.length))
    expect(largest).toBe(ORDER_MAX_BYTES)
  })

  it.each([
    { name: 'a chain id that is too short', bad: { chain: run(0, 31) } },
    { name: 'a gateway key that is too long', bad: { gateway: run(0, 33) } },
    { name: 'a partner key that is too short', bad: { partner: run(0, 31) } },
    { name: 'a community beyond u32', bad: { community: 2 ** 32 } },
    { name: 'a negative epoch', bad: { epoch: -1 } },
    { name: 'a sequence beyond the safe integers', bad: { sequence: 2 ** 53 } },
    { name: 'a negative sequence', bad: { sequence: -1 } },
    { name: 'a replaced sequence beyond the safe integers', bad: { replaces: 2 ** 60 } },
    { name: 'a slot start in fractions of a second', bad: { slotStart: 900.5 } },
    { name: 'an energy in fractions of a Wh', bad: { energyWh: 0.5 } },
    { name: 'an energy beyond u32', bad: { energyWh: 2 ** 32 } },
    { name: 'a price that is no number', bad: { priceMicro: Number.NaN } },
    { name: 'an endless expiry', bad: { expiresAt: Number.POSITIVE_INFINITY } },
    { name: 'energy types beyond u8', bad: { energyTypes: 256 } },
  ])('is never written with $name', ({ bad }) => {
    expect(() => encodeOrder(order(bad))).toThrow(RangeError)
  })

  it('is undefined without energy', () => {
    expect(decodeOrder(encodeOrder(order({ energyWh: 0 })))).toBeUndefined()
  })

  it.each([
    { name: 'partner', bytes: encodeOrder(order()), at: 111 },
    { name: 'partner', bytes: encodeOrder(order({ partner: run(0x80, 32) })), at: 111 },
    { name: 'replaces', bytes: encodeOrder(order({ replaces: 9 })), at: 112 },
    { name: 'replaces', bytes: encodeOrder(order({ partner: run(0x80, 32), replaces: 9 })), at: 144 },
  ])('is undefined when the option tag of $name at byte $at is anything but its own', ({ bytes, at }) => {
    for (let tag = 0; tag < 256; tag++) {
      if (tag !== bytes[at]) expect(decodeOrder(withByte(bytes, at, tag))).toBeUndefined()
    }
  })

  describeLayout({
    values: anyOrder,
    encode: encodeOrder,
    decode: decodeOrder,
    closedBytes: [
      { name: 'kind', at: 84, valid: [0, 1] },
      { name: 'side', at: 85, valid: [0, 1] },
      { name: 'set of energy types', at: 110, valid: [0, 1, 2, 3, 4, 5, 6, 7] },
    ],
    wideAt: [76, 86, 102],
  })
})
