import fc from 'fast-check'
import type { Cancel } from '../../src/messages/cancel.ts'
import { type Energy, GRADES, QUALITIES } from '../../src/messages/energy.ts'
import type { Order } from '../../src/messages/order.ts'

const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u32 = (min = 0) => fc.integer({ min, max: 0xffff_ffff })
/** A u64 as this side carries it: nothing beyond the safe integers. */
const u64 = () => fc.maxSafeNat()

const requiredOfOrder = {
  chain: bytes(32),
  community: u32(),
  gateway: bytes(32),
  epoch: u32(),
  sequence: u64(),
  kind: fc.constantFrom('spot' as const, 'post' as const),
  side: fc.constantFrom('bid' as const, 'offer' as const),
  slotStart: u64(),
  energyWh: u32(1),
  priceMicro: u32(),
  expiresAt: u64(),
  energyTypes: fc.integer({ min: 0, max: 7 }),
}

/** Any order that the layout can carry, with none, one or both of its options. */
export const anyOrder: fc.Arbitrary<Order> = fc.record(
  { ...requiredOfOrder, partner: bytes(32), replaces: u64() },
  { requiredKeys: Object.keys(requiredOfOrder) as (keyof typeof requiredOfOrder)[] },
)

export const anyCancel: fc.Arbitrary<Cancel> = fc.record({
  chain: bytes(32),
  gateway: bytes(32),
  epoch: u32(),
  sequence: u64(),
  target: u64(),
})

export const anyEnergy: fc.Arbitrary<Energy> = fc.record({
  chain: bytes(32),
  community: u32(),
  gateway: bytes(32),
  epoch: u32(),
  sequence: u64(),
  slotStart: u64(),
  importWh: u32(),
  exportWh: u32(),
  errorWh: u32(),
  quality: fc.constantFrom(...QUALITIES),
  grade: fc.constantFrom(...GRADES),
  salt: bytes(16),
  previous: bytes(32),
})
