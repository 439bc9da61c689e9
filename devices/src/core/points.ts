/**
 * Device models are data: a table of points, each saying where its registers are and what they mean. One decoder and
 * one encoder serve every model.
 */

/** How the registers of a point hold its value. Wide types come most significant word first. */
export type RegisterType = 'u16' | 's16' | 'u32' | 's32' | 'f32' | 'string'

export interface Point {
  /** First register, counted from 0 as on the wire; in a SunSpec model, from the register that holds the model's id. */
  readonly at: number
  readonly as: RegisterType
  /** Registers of a string; other types know their own. */
  readonly words?: number
  readonly unit?: string
  /** Code of IEC 62056-6-1 where the point is one of its quantities. */
  readonly obis?: string
  /** The point that holds this one's power of ten; both are read in one request, because a device may change it. */
  readonly scaleFactor?: string
  /** The raw bits that mean "not available"; floats have NaN. */
  readonly notAvailable?: number
}

export type PointTable = Readonly<Record<string, Point>>

export interface DeviceModel<Table extends PointTable = PointTable> {
  readonly name: string
  /** The public document that the registers are from. */
  readonly source: string
  readonly kind: 'input' | 'holding'
  /** Most registers that the device answers in one request. */
  readonly maxRegisters: number
  /** Longest run of registers nobody asked for that is cheaper to read than to leave out. */
  readonly maxHole: number
  readonly points: Table
}

const WORDS = { u16: 1, s16: 1, u32: 2, s32: 2, f32: 2 } as const

/** How many registers a point takes. */
export function wordsOf(point: Point): number {
  return point.as === 'string' ? (point.words ?? 1) : WORDS[point.as]
}
