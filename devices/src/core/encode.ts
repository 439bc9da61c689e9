import type { Point, PointTable } from './points.ts'
import { wordsOf } from './points.ts'

/** The other direction of the same models: what a device that speaks them serves. */
export type PointValues = Readonly<Record<string, number | string | undefined>>

const WIDTH = {
  u16: [0, 0xffff],
  s16: [-0x8000, 0x7fff],
  u32: [0, 0xffff_ffff],
  s32: [-0x8000_0000, 0x7fff_ffff],
} as const

function rawBits(point: Point, value: number, name: string): number {
  if (point.as === 'string') throw new RangeError(`${name} is a string`)
  if (point.as === 'f32') {
    const view = new DataView(new ArrayBuffer(4))
    view.setFloat32(0, value)
    return view.getUint32(0)
  }
  const whole = Math.round(value)
  const [least, most] = WIDTH[point.as]
  if (!(whole >= least && whole <= most)) throw new RangeError(`${name} ${value} does not fit ${point.as}`)
  return whole < 0 ? whole + (wordsOf(point) === 1 ? 0x1_0000 : 0x1_0000_0000) : whole
}

function numberBits(point: Point, values: PointValues, name: string): number {
  const value = values[name]
  if (typeof value === 'string') throw new RangeError(`${name} is a number`)
  if (value === undefined) return point.as === 'f32' ? 0x7fc0_0000 : (point.notAvailable ?? 0)
  if (point.scaleFactor === undefined) return rawBits(point, value, name)
  const factor = values[point.scaleFactor]
  if (typeof factor !== 'number') throw new RangeError(`${name} needs a value for ${point.scaleFactor}`)
  return rawBits(point, factor < 0 ? value * 10 ** -factor : value / 10 ** factor, name)
}

function textWords(point: Point, text: string, name: string): number[] {
  const bytes = new TextEncoder().encode(text)
  const count = wordsOf(point)
  if (bytes.length > count * 2) throw new RangeError(`${name} takes ${count * 2} bytes, got ${bytes.length}`)
  return Array.from({ length: count }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
}

/**
 * `length` registers from address 0 that hold these values, in the points' units; a point without a value becomes "not
 * available", registers of no point 0. A scale factor's value is taken from `values` under its name, also where the factor
 * itself stands in another table. Throws RangeError for a value that its point cannot hold.
 */
export function encodeImage(table: PointTable, values: PointValues, length: number): Uint16Array {
  const image = new Uint16Array(length)
  for (const [name, point] of Object.entries(table)) {
    if (point.at + wordsOf(point) > length) throw new RangeError(`${name} lies beyond ${length} registers`)
    const value = values[name]
    if (point.as === 'string') {
      image.set(textWords(point, value === undefined ? '' : String(value), name), point.at)
      continue
    }
    const bits = numberBits(point, values, name)
    if (wordsOf(point) === 1) image[point.at] = bits
    else image.set([Math.floor(bits / 0x1_0000), bits % 0x1_0000], point.at)
  }
  return image
}
