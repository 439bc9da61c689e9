import type { Block } from './image.ts'
import { wordsAt } from './image.ts'
import type { Point, PointTable } from './points.ts'
import { wordsOf } from './points.ts'

/** A decoded value, or why there is none: never a zero in its place. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: 'not-read' | 'not-available' }

const NOT_AVAILABLE = { ok: false, reason: 'not-available' } as const
const NOT_READ = { ok: false, reason: 'not-read' } as const

/** SunSpec allows powers of ten from -10 to 10 (SunSpec Information Model Specification, type sunssf). */
const WIDEST_SCALE = 10

function unsigned(words: readonly number[]): number {
  return words.reduce((sum, word) => sum * 0x1_0000 + word, 0)
}

function numberOf(point: Point, words: readonly number[]): number {
  const raw = unsigned(words)
  switch (point.as) {
    case 's16':
      return raw >= 0x8000 ? raw - 0x1_0000 : raw
    case 's32':
      return raw >= 0x8000_0000 ? raw - 0x1_0000_0000 : raw
    case 'f32': {
      const view = new DataView(new ArrayBuffer(4))
      view.setUint32(0, raw)
      return view.getFloat32(0)
    }
    default:
      return raw
  }
}

function rawNumber(point: Point, blocks: readonly Block[], base: number): Decoded<number> {
  const words = wordsAt(blocks, base + point.at, wordsOf(point))
  if (words === undefined) return NOT_READ
  if (point.notAvailable !== undefined && unsigned(words) === point.notAvailable) return NOT_AVAILABLE
  const value = numberOf(point, words)
  return Number.isFinite(value) ? { ok: true, value } : NOT_AVAILABLE
}

/**
 * The number a point holds, in the point's unit, its scale factor applied. `base` is added to every address of the table
 * (where a SunSpec model starts); `factors` is where the scale factors are, if not in the same table.
 */
export function decodeNumber(
  table: PointTable,
  name: string,
  blocks: readonly Block[],
  base = 0,
  factors: { readonly table: PointTable; readonly base: number } = { table, base },
): Decoded<number> {
  const point = pointOf(table, name)
  if (point.as === 'string') throw new RangeError(`${name} is a string`)
  const raw = rawNumber(point, blocks, base)
  if (!raw.ok || point.scaleFactor === undefined) return raw
  const factor = rawNumber(pointOf(factors.table, point.scaleFactor), blocks, factors.base)
  if (!factor.ok) return factor
  if (Math.abs(factor.value) > WIDEST_SCALE) return NOT_AVAILABLE
  // dividing by a whole power keeps 1234 at -1 exactly 123.4
  const value = factor.value < 0 ? raw.value / 10 ** -factor.value : raw.value * 10 ** factor.value
  return { ok: true, value }
}

/** The text a string point holds, without what fills it up. */
export function decodeText(table: PointTable, name: string, blocks: readonly Block[], base = 0): Decoded<string> {
  const point = pointOf(table, name)
  const words = wordsAt(blocks, base + point.at, wordsOf(point))
  if (words === undefined) return NOT_READ
  const bytes = words.flatMap((word) => [word >> 8, word & 0xff])
  const end = bytes.indexOf(0)
  const text = new TextDecoder().decode(Uint8Array.from(end < 0 ? bytes : bytes.slice(0, end))).trimEnd()
  return text === '' ? NOT_AVAILABLE : { ok: true, value: text }
}

export function pointOf(table: PointTable, name: string): Point {
  const point = table[name]
  if (point === undefined) throw new RangeError(`the model has no point ${name}`)
  return point
}
