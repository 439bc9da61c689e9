import { bnToU8a, compactFromU8a, compactToU8a, hexToU8a, u8aConcat, u8aToHex } from '@polkadot/util'

export const ZERO_HASH = `0x${'00'.repeat(32)}`

export interface HeaderFields {
  readonly parentHash: string
  readonly number: number
  readonly stateRoot?: string
  /** Aura's slot, where the block has one. */
  readonly auraSlot?: number
}

// Digest item 6 is PreRuntime(engine, data).
const PRE_RUNTIME = 6

/** SCALE of a header before its block is executed: parent, number, roots, digest. */
export function encodeHeader({ parentHash, number, stateRoot = ZERO_HASH, auraSlot }: HeaderFields): string {
  const slot = auraSlot === undefined ? undefined : bnToU8a(auraSlot, { bitLength: 64, isLe: true })
  const digest =
    slot === undefined
      ? compactToU8a(0)
      : u8aConcat(compactToU8a(1), [PRE_RUNTIME], Buffer.from('aura'), compactToU8a(slot.length), slot)
  return u8aToHex(
    u8aConcat(hexToU8a(parentHash), compactToU8a(number), hexToU8a(stateRoot), hexToU8a(ZERO_HASH), digest),
  )
}

/** The root over the extrinsics in a header's SCALE: after parent (32), number (compact) and state root (32). */
export function extrinsicsRootOf(header: string): string {
  const bytes = hexToU8a(header)
  const [numberBytes] = compactFromU8a(bytes.subarray(32))
  const at = 32 + numberBytes + 32
  return u8aToHex(bytes.subarray(at, at + 32))
}
