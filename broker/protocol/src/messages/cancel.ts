import { decodeExactly, ScaleWriter } from '../scale.ts'
import { tagBytes, tagOf } from './tag.ts'

/*
 * wfc1, SCALE, little endian, 88 bytes:
 *   tag 4 | chain 32 | gateway 32 | epoch u32 | sequence u64 | target u64
 */

/** Withdraws what remains of an own order of the same epoch. Binds even when it arrives before its target. */
export interface Cancel {
  readonly chain: Uint8Array
  readonly gateway: Uint8Array
  readonly epoch: number
  readonly sequence: number
  /** Sequence of the order to cancel. */
  readonly target: number
}

export function encodeCancel(cancel: Cancel): Uint8Array {
  return new ScaleWriter()
    .bytes(tagBytes('wfc1'), 4)
    .bytes(cancel.chain, 32)
    .bytes(cancel.gateway, 32)
    .u32(cancel.epoch)
    .u64(cancel.sequence)
    .u64(cancel.target)
    .done()
}

/** The cancel in these bytes, or undefined where they are not exactly one well-formed `wfc1`. */
export function decodeCancel(bytes: Uint8Array): Cancel | undefined {
  if (tagOf(bytes) !== 'wfc1') return undefined
  return decodeExactly(bytes, (from) => {
    from.bytes(4)
    return {
      chain: from.bytes(32),
      gateway: from.bytes(32),
      epoch: from.u32(),
      sequence: from.u64(),
      target: from.u64(),
    }
  })
}
