import { wholeInverse } from './decode.ts'
import { type Point, type PointTable, wordsOf } from './points.ts'
import { bitsOfNumber, wordsOfBits, wordsOfBytes } from './words.ts'

/** The other direction of the same models: what a device that speaks them serves. */
export type PointValues = Readonly<Record<string, number | string | undefined>>

/** Quiet NaN: what a float holds that has no value. */
const NAN_BITS: Partial<Record<Point['as'], bigint>> = { f32: 0x7fc0_0000n, f64: 0x7ff8_0000_0000_0000n }

/** A value in the point's unit as the count that its registers hold. */
function countOf(point: Point, value: number, values: PointValues, name: string): number {
  const scale = point.scale ?? 1
  const inverse = wholeInverse(scale)
  const count = inverse === undefined ? value / scale : value * inverse
  if (point.scaleFactor === undefined) return count
  const factor = values[point.scaleFactor]
  if (typeof factor !== 'number') throw new RangeError(`${name} needs a value for ${point.scaleFactor}`)
  return factor < 0 ? count * 10 ** -factor : count / 10 ** factor
}

function numberWords(point: Point, values: PointValues, name: string): number[] {
  const value = values[name]
  if (typeof value === 'string') throw new RangeError(`${name} is a number`)
  if (value === undefined) return wordsOfBits(point, NAN_BITS[point.as] ?? point.notAvailable?.[0] ?? 0n)
  const bits = bitsOfNumber(point, countOf(point, value, values, name))
  if (bits === undefined) throw new RangeError(`${name} ${value} does not fit ${point.as}`)
  return wordsOfBits(point, bits)
}

function textWords(point: Point, value: number | string | undefined, name: string): number[] {
  const bytes = new TextEncoder().encode(value === undefined ? '' : String(value))
  const most = 2 * wordsOf(point)
  if (bytes.length > most) throw new RangeError(`${name} takes ${most} bytes, got ${bytes.length}`)
  return wordsOfBytes(point, bytes)
}

/** The registers of one point that hold its value. Throws RangeError for a value that the point cannot hold. */
export function encodePoint(table: PointTable, name: string, values: PointValues): number[] {
  const point = table[name]
  if (point === undefined) throw new RangeError(`the model has no point ${name}`)
  return point.as === 'string' ? textWords(point, values[name], name) : numberWords(point, values, name)
}

/**
 * `length` registers from address 0 that hold these values, in the points' units; a point without a value becomes "not
 * available", registers of no point 0. Of a table with registers of both kinds only those of `kind`. Throws RangeError for
 * a value that its point cannot hold.
 */
export function encodeImage(table: PointTable, values: PointValues, length: number, kind?: Point['kind']): Uint16Array {
  const image = new Uint16Array(length)
  for (const [name, point] of Object.entries(table)) {
    if (point.kind !== kind) continue
    if (point.at + wordsOf(point) > length) throw new RangeError(`${name} lies beyond ${length} registers`)
    image.set(encodePoint(table, name, values), point.at)
  }
  return image
}
