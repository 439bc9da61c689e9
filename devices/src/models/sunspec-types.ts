import type { Point, PointTable } from '../core/points.ts'

/** SunSpec's types and their "not implemented" bits: SunSpec Device Information Model Specification 1.1, section 4.2. */
const TYPES = {
  int16: { as: 's16', notAvailable: 0x8000 },
  uint16: { as: 'u16', notAvailable: 0xffff },
  enum16: { as: 'u16', notAvailable: 0xffff },
  sunssf: { as: 's16', notAvailable: 0x8000 },
  uint32: { as: 'u32', notAvailable: 0xffff_ffff },
  bitfield32: { as: 'u32', notAvailable: 0xffff_ffff },
  // an accumulator that is not implemented reads 0
  acc32: { as: 'u32', notAvailable: 0 },
  float32: { as: 'f32' },
} as const satisfies Record<string, Pick<Point, 'as' | 'notAvailable'>>

/** Offset from the model's id register, type, unit, scale factor: a line of the published model. */
export type SunSpecRow =
  | readonly [at: number, type: keyof typeof TYPES, unit?: string, scaleFactor?: string]
  | readonly [at: number, type: 'string', words: number]

/** A published SunSpec model as a table of points; the first two are always the model's id and length. */
export function sunSpecTable<Name extends string>(rows: Readonly<Record<Name, SunSpecRow>>): Record<Name, Point> {
  const entries = Object.entries<SunSpecRow>(rows).map(([name, row]): [string, Point] => {
    if (row[1] === 'string') return [name, { at: row[0], as: 'string', words: row[2] }]
    const [at, type, unit, scaleFactor] = row
    return [name, { at, ...TYPES[type], ...(unit && { unit }), ...(scaleFactor && { scaleFactor }) }]
  })
  return Object.fromEntries(entries) satisfies PointTable as Record<Name, Point>
}
