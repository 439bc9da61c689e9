import { decodeExactly, ScaleWriter } from '../scale.ts'
import { tagBytes, tagOf } from './tag.ts'

/*
 * wfe1, SCALE, little endian, 154 bytes:
 *   tag 4 | chain 32 | community u32 | gateway 32 | epoch u32 | sequence u64 | slotStart u64 | importWh u32 | exportWh u32
 *   | errorWh u32 | quality u8 | grade u8 | salt 16 | previous 32
 */

/** `estimated` is interpolated or otherwise inferred; `missing` says that nothing is known. Missing is not zero. */
export const QUALITIES = ['good', 'estimated', 'missing'] as const
export type Quality = (typeof QUALITIES)[number]

/** `billing` needs a calibrated meter (MID / EN 50470); everything else is `operational`. */
export const GRADES = ['operational', 'billing'] as const
export type Grade = (typeof GRADES)[number]

/** What a site drew and fed in during one slot, by its two counters (OBIS 1.8.0 and 2.8.0). */
export interface Energy {
  readonly chain: Uint8Array
  readonly community: number
  readonly gateway: Uint8Array
  readonly epoch: number
  readonly sequence: number
  readonly slotStart: number
  readonly importWh: number
  readonly exportWh: number
  /** How far each of the two figures may be off, from resolution and interpolation. */
  readonly errorWh: number
  readonly quality: Quality
  readonly grade: Grade
  /** 16 random bytes, so that a commitment to small figures cannot be guessed. */
  readonly salt: Uint8Array
  /** SHA-256 of the previous energy message's bytes, zeros for the first of an epoch. */
  readonly previous: Uint8Array
}

export function encodeEnergy(energy: Energy): Uint8Array {
  return new ScaleWriter()
    .bytes(tagBytes('wfe1'), 4)
    .bytes(energy.chain, 32)
    .u32(energy.community)
    .bytes(energy.gateway, 32)
    .u32(energy.epoch)
    .u64(energy.sequence)
    .u64(energy.slotStart)
    .u32(energy.importWh)
    .u32(energy.exportWh)
    .u32(energy.errorWh)
    .u8(QUALITIES.indexOf(energy.quality))
    .u8(GRADES.indexOf(energy.grade))
    .bytes(energy.salt, 16)
    .bytes(energy.previous, 32)
    .done()
}

/** The energy message in these bytes, or undefined where they are not exactly one well-formed `wfe1`. */
export function decodeEnergy(bytes: Uint8Array): Energy | undefined {
  if (tagOf(bytes) !== 'wfe1') return undefined
  return decodeExactly(bytes, (from) => {
    from.bytes(4)
    const head = {
      chain: from.bytes(32),
      community: from.u32(),
      gateway: from.bytes(32),
      epoch: from.u32(),
      sequence: from.u64(),
      slotStart: from.u64(),
      importWh: from.u32(),
      exportWh: from.u32(),
      errorWh: from.u32(),
    }
    const quality = QUALITIES[from.u8()]
    const grade = GRADES[from.u8()]
    const salt = from.bytes(16)
    const previous = from.bytes(32)
    if (quality === undefined || grade === undefined) return undefined
    return { ...head, quality, grade, salt, previous }
  })
}
