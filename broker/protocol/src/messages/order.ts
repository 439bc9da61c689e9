import { decodeExactly, type ScaleReader, ScaleWriter } from '../scale.ts'
import { tagBytes, tagOf } from './tag.ts'

/*
 * wfo1, SCALE, little endian:
 *   tag 4 | chain 32 | community u32 | gateway 32 | epoch u32 | sequence u64 | kind u8 | side u8 | slotStart u64
 *   | energyWh u32 | priceMicro u32 | expiresAt u64 | energyTypes u8 | partner Option<32> | replaces Option<u64>
 * 113 bytes without options, 153 with both.
 */

export type MarketKind = 'spot' | 'post'
export type Side = 'bid' | 'offer'

/** Bits of `energyTypes`. An offer says what it is; a bid what it accepts, 0 meaning all. */
export const ENERGY_TYPE = { sun: 1, storage: 2, other: 4 } as const

export interface Order {
  /** The chain's id: 32 random bytes in the registry since genesis. */
  readonly chain: Uint8Array
  readonly community: number
  /** The Ed25519 public key in force, 32 bytes. */
  readonly gateway: Uint8Array
  readonly epoch: number
  /** Identity, not order: gaps and disorder are fine. */
  readonly sequence: number
  readonly kind: MarketKind
  readonly side: Side
  /** UTC Unix seconds, a multiple of the slot length. */
  readonly slotStart: number
  /** > 0 */
  readonly energyWh: number
  /** Micro-currency per kWh. A bid's includes fees, an offer's is before fees. */
  readonly priceMicro: number
  /** UTC Unix seconds; 0: at gate closure. */
  readonly expiresAt: number
  readonly energyTypes: number
  /** Preferred counterparty's key. */
  readonly partner?: Uint8Array
  /** Sequence of an own open order that this one replaces, atomically. */
  readonly replaces?: number
}

/** The largest an encoded order can be. */
export const ORDER_MAX_BYTES = 153

/** The exact bytes that the gateway signs and the chain checks. Throws RangeError where a figure does not fit. */
export function encodeOrder(order: Order): Uint8Array {
  const out = new ScaleWriter()
    .bytes(tagBytes('wfo1'), 4)
    .bytes(order.chain, 32)
    .u32(order.community)
    .bytes(order.gateway, 32)
    .u32(order.epoch)
    .u64(order.sequence)
    .u8(order.kind === 'spot' ? 0 : 1)
    .u8(order.side === 'bid' ? 0 : 1)
    .u64(order.slotStart)
    .u32(order.energyWh)
    .u32(order.priceMicro)
    .u64(order.expiresAt)
    .u8(order.energyTypes)
  out.option(order.partner, (key) => out.bytes(key, 32))
  out.option(order.replaces, (sequence) => out.u64(sequence))
  return out.done()
}

/** The order in these bytes, or undefined where they are not exactly one well-formed `wfo1`. */
export const decodeOrder = (bytes: Uint8Array): Order | undefined => decodeExactly(bytes, readOrder)

/** The order that comes next, or undefined where it is not a well-formed `wfo1`. Throws RangeError where the bytes end. */
export function readOrder(from: ScaleReader): Order | undefined {
  if (tagOf(from.bytes(4)) !== 'wfo1') return undefined
  const chain = from.bytes(32)
  const community = from.u32()
  const gateway = from.bytes(32)
  const epoch = from.u32()
  const sequence = from.u64()
  const kind = from.u8()
  const side = from.u8()
  const slotStart = from.u64()
  const energyWh = from.u32()
  const priceMicro = from.u32()
  const expiresAt = from.u64()
  const energyTypes = from.u8()
  const partner = from.option(() => from.bytes(32))
  const replaces = from.option(() => from.u64())
  if (kind > 1 || side > 1 || energyWh === 0 || energyTypes > 7) return undefined
  return {
    chain,
    community,
    gateway,
    epoch,
    sequence,
    kind: kind === 0 ? 'spot' : 'post',
    side: side === 0 ? 'bid' : 'offer',
    slotStart,
    energyWh,
    priceMicro,
    expiresAt,
    energyTypes,
    ...(partner === undefined ? {} : { partner }),
    ...(replaces === undefined ? {} : { replaces }),
  }
}
