import type { Block } from './image.ts'
import { blocksWithBoth, wordsAt } from './image.ts'
import { type Point, type PointTable, pointOf, wordsOf } from './points.ts'
import { bitsOf, bytesOfWords, numberOfBits } from './words.ts'

/** A decoded value, or why there is none: never a zero in its place. */
export type Decoded<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly reason: 'not-read' | 'not-available' | 'implausible' }

const NOT_AVAILABLE = { ok: false, reason: 'not-available' } as const
const NOT_READ = { ok: false, reason: 'not-read' } as const
const IMPLAUSIBLE = { ok: false, reason: 'implausible' } as const

/** SunSpec allows powers of ten from -10 to 10 (SunSpec Information Model Specification, type sunssf). */
const WIDEST_SCALE = 10

function rawBits(point: Point, blocks: readonly Block[], base: number): Decoded<bigint> {
  const words = wordsAt(blocks, base + point.at, wordsOf(point), point.kind)
  if (words === undefined) return NOT_READ
  const bits = bitsOf(point, words)
  return point.notAvailable?.includes(bits) ? NOT_AVAILABLE : { ok: true, value: bits }
}

const placeOf = (point: Point, base: number) => ({ at: base + point.at, count: wordsOf(point), kind: point.kind })

function rawNumber(point: Point, blocks: readonly Block[], base: number): Decoded<number> {
  const bits = rawBits(point, blocks, base)
  if (!bits.ok) return bits
  const value = numberOfBits(point, bits.value)
  if (!Number.isFinite(value)) return NOT_AVAILABLE
  // beyond 2^53 an integer has lost digits: no counter of a household is that far
  const isInteger = point.as !== 'f32' && point.as !== 'f64'
  return isInteger && !Number.isSafeInteger(value) ? IMPLAUSIBLE : { ok: true, value }
}

/** The whole number that a scale is one over, such as 10 of 0.1; undefined where it is one over none. */
export function wholeInverse(scale: number): number | undefined {
  const inverse = Math.round(1 / scale)
  return scale < 1 && Math.abs(scale * inverse - 1) < 1e-12 ? inverse : undefined
}

/** Times a scale. Dividing where it is one over a whole number keeps 1234 at 0.1 exactly 123.4. */
export function scaled(value: number, scale: number): number {
  const inverse = wholeInverse(scale)
  return inverse === undefined ? value * scale : value / inverse
}

/**
 * The number a point holds, in the point's unit, scale and scale factor applied: where the two were not read together, it
 * was not read. `base` is added to every address of the
 * table (where a SunSpec model starts).
 */
export function decodeNumber(table: PointTable, name: string, blocks: readonly Block[], base = 0): Decoded<number> {
  const point = pointOf(table, name)
  if (point.as === 'string') throw new RangeError(`${name} is a string`)
  const factorPoint = point.scaleFactor === undefined ? undefined : pointOf(table, point.scaleFactor)
  const together = factorPoint ? blocksWithBoth(blocks, placeOf(point, base), placeOf(factorPoint, base)) : blocks
  if (together === undefined) return NOT_READ
  const raw = rawNumber(point, together, base)
  if (!raw.ok) return raw
  let value = scaled(raw.value, point.scale ?? 1)
  if (factorPoint !== undefined) {
    const factor = rawNumber(factorPoint, together, base)
    if (!factor.ok) return factor
    if (Math.abs(factor.value) > WIDEST_SCALE) return NOT_AVAILABLE
    // dividing by a whole power is exact where multiplying by its inverse is not
    value = factor.value < 0 ? value / 10 ** -factor.value : value * 10 ** factor.value
  }
  const isWithin =
    value >= (point.least ?? Number.NEGATIVE_INFINITY) && value <= (point.most ?? Number.POSITIVE_INFINITY)
  return isWithin ? { ok: true, value } : IMPLAUSIBLE
}

/** What the code of an enumeration means; a code that the model does not list is implausible. */
export function decodeState(table: PointTable, name: string, blocks: readonly Block[], base = 0): Decoded<string> {
  const { states } = pointOf(table, name)
  if (states === undefined) throw new RangeError(`${name} is no enumeration`)
  const code = decodeNumber(table, name, blocks, base)
  if (!code.ok) return code
  const state = states[code.value]
  return state === undefined ? IMPLAUSIBLE : { ok: true, value: state }
}

/** What the bits mean that are set, the least significant first; those that the model does not list as `bit 7`. */
export function decodeBits(
  table: PointTable,
  name: string,
  blocks: readonly Block[],
  base = 0,
): Decoded<readonly string[]> {
  const point = pointOf(table, name)
  if (point.bits === undefined) throw new RangeError(`${name} is no bit field`)
  const raw = rawBits(point, blocks, base)
  if (!raw.ok) return raw
  const set = Array.from({ length: 16 * wordsOf(point) }, (_, bit) => bit).filter(
    (bit) => (raw.value >> BigInt(bit)) & 1n,
  )
  return { ok: true, value: set.map((bit) => point.bits?.[bit] ?? `bit ${bit}`) }
}

/** The text a string point holds, without what fills it up. */
export function decodeText(table: PointTable, name: string, blocks: readonly Block[], base = 0): Decoded<string> {
  const point = pointOf(table, name)
  if (point.as !== 'string') throw new RangeError(`${name} is a number`)
  const words = wordsAt(blocks, base + point.at, wordsOf(point), point.kind)
  if (words === undefined) return NOT_READ
  const bytes = bytesOfWords(point, words)
  const end = bytes.indexOf(0)
  const text = new TextDecoder().decode(Uint8Array.from(end < 0 ? bytes : bytes.slice(0, end))).trimEnd()
  return text === '' ? NOT_AVAILABLE : { ok: true, value: text }
}
