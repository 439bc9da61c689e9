import { TypeRegistry } from '@polkadot/types'
import {
  type Cancel,
  decodeMessage,
  type Energy,
  encodeCancel,
  encodeEnergy,
  encodeOrder,
  GRADES,
  type Order,
  orderId,
  QUALITIES,
  sha256,
  toHex,
} from '@wattfleet/protocol'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'

/*
 * The protocol writes SCALE by itself, so that a gateway carries no chain library. Here the library that the chain's
 * clients use writes the same messages from nothing but the layouts, and the bytes must be the same: they are signed.
 */
const registry = new TypeRegistry()
registry.register({
  MarketKind: { _enum: ['Spot', 'Post'] },
  Side: { _enum: ['Bid', 'Offer'] },
  Quality: { _enum: ['Good', 'Estimated', 'Missing'] },
  Grade: { _enum: ['Operational', 'Billing'] },
  SignedOrder: {
    tag: '[u8; 4]',
    chain: '[u8; 32]',
    community: 'u32',
    gateway: '[u8; 32]',
    epoch: 'u32',
    sequence: 'u64',
    kind: 'MarketKind',
    side: 'Side',
    slotStart: 'u64',
    energyWh: 'u32',
    priceMicro: 'u32',
    expiresAt: 'u64',
    energyTypes: 'u8',
    partner: 'Option<[u8; 32]>',
    replaces: 'Option<u64>',
  },
  SignedCancel: {
    tag: '[u8; 4]',
    chain: '[u8; 32]',
    gateway: '[u8; 32]',
    epoch: 'u32',
    sequence: 'u64',
    target: 'u64',
  },
  SignedEnergy: {
    tag: '[u8; 4]',
    chain: '[u8; 32]',
    community: 'u32',
    gateway: '[u8; 32]',
    epoch: 'u32',
    sequence: 'u64',
    slotStart: 'u64',
    importWh: 'u32',
    exportWh: 'u32',
    errorWh: 'u32',
    quality: 'Quality',
    grade: 'Grade',
    salt: '[u8; 16]',
    previous: '[u8; 32]',
  },
})

const ascii = (text: string) => Uint8Array.from(Buffer.from(text, 'ascii'))
const capital = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)

/** What the library makes of a struct's fields. */
const encoded = (type: string, fields: object): Uint8Array => registry.createType(type, fields).toU8a()

const encodedOrder = (order: Order): Uint8Array =>
  encoded('SignedOrder', {
    ...order,
    tag: ascii('wfo1'),
    kind: capital(order.kind),
    side: capital(order.side),
    // as text: the library takes bytes for an option that is encoded already
    partner: order.partner === undefined ? null : `0x${toHex(order.partner)}`,
    replaces: order.replaces ?? null,
  })

const encodedEnergy = (energy: Energy): Uint8Array =>
  encoded('SignedEnergy', {
    ...energy,
    tag: ascii('wfe1'),
    quality: capital(energy.quality),
    grade: capital(energy.grade),
  })

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u32 = (min = 0) => fc.integer({ min, max: 0xffff_ffff })
const u64 = fc.maxSafeNat()
const identity = { gateway: bytes(32), epoch: u32(), sequence: u64 }

const required = {
  ...identity,
  chain: bytes(32),
  community: u32(),
  kind: fc.constantFrom('spot' as const, 'post' as const),
  side: fc.constantFrom('bid' as const, 'offer' as const),
  slotStart: u64,
  energyWh: u32(1),
  priceMicro: u32(),
  expiresAt: u64,
  energyTypes: fc.integer({ min: 0, max: 7 }),
}
const anyOrder: fc.Arbitrary<Order> = fc.record(
  { ...required, partner: bytes(32), replaces: u64 },
  { requiredKeys: Object.keys(required) as (keyof typeof required)[] },
)
const anyCancel: fc.Arbitrary<Cancel> = fc.record({ ...identity, chain: bytes(32), target: u64 })
const anyEnergy: fc.Arbitrary<Energy> = fc.record({
  ...identity,
  chain: bytes(32),
  community: u32(),
  slotStart: u64,
  importWh: u32(),
  exportWh: u32(),
  errorWh: u32(),
  quality: fc.constantFrom(...QUALITIES),
  grade: fc.constantFrom(...GRADES),
  salt: bytes(16),
  previous: bytes(32),
})

describe('the signed messages in SCALE, written twice', () => {
  it('are the same orders, with and without options', () => {
    fc.assert(
      fc.property(anyOrder, (order) => {
        const theirs = encodedOrder(order)
        expect(encodeOrder(order)).toEqual(theirs)
        expect(decodeMessage(theirs)).toEqual({ type: 'order', value: order })
      }),
      { numRuns: 500 },
    )
  })

  it('are the same cancels', () => {
    fc.assert(
      fc.property(anyCancel, (cancel) => {
        const theirs = encoded('SignedCancel', { ...cancel, tag: ascii('wfc1') })
        expect(encodeCancel(cancel)).toEqual(theirs)
        expect(decodeMessage(theirs)).toEqual({ type: 'cancel', value: cancel })
      }),
    )
  })

  it('are the same energies', () => {
    fc.assert(
      fc.property(anyEnergy, (energy) => {
        const theirs = encodedEnergy(energy)
        expect(encodeEnergy(energy)).toEqual(theirs)
        expect(decodeMessage(theirs)).toEqual({ type: 'energy', value: energy })
      }),
    )
  })

  it('have the same ids: the hash of a tuple of key, epoch and sequence', () => {
    fc.assert(
      fc.property(fc.record(identity), ({ gateway, epoch, sequence }) => {
        const tuple = registry.createType('([u8; 32], u32, u64)', [gateway, epoch, sequence])
        expect(orderId({ gateway, epoch, sequence })).toEqual(sha256(tuple.toU8a()))
      }),
    )
  })
})
