import { type Point, wordsOf } from './points.ts'

/*
 * Between a point's registers and its bits. On the wire a register is two bytes, the high one first (Modbus Application
 * Protocol 1.1b3, section 4.2); how a value of several registers lies in them is each maker's choice.
 */

function swap(word: number): number {
  return ((word & 0xff) << 8) | (word >> 8)
}

/** The same words in the protocol's order, or from it: the two are each other's inverse. */
function ordered(point: Point, words: readonly number[]): number[] {
  const inOrder = point.wordOrder === 'last' && point.as !== 'string' ? [...words].reverse() : [...words]
  return point.bytesSwapped ? inOrder.map(swap) : inOrder
}

/** All bits of a point as one unsigned number, most significant first. */
export function bitsOf(point: Point, words: readonly number[]): bigint {
  return ordered(point, words).reduce((bits, word) => (bits << 16n) | BigInt(word), 0n)
}

/** The registers that hold these bits. */
export function wordsOfBits(point: Point, bits: bigint): number[] {
  const count = wordsOf(point)
  const words = Array.from({ length: count }, (_, i) => Number((bits >> BigInt(16 * (count - 1 - i))) & 0xffffn))
  return ordered(point, words)
}

/** The bytes of a string point as they follow each other in the text. */
export function bytesOfWords(point: Point, words: readonly number[]): number[] {
  return ordered(point, words).flatMap((word) => [word >> 8, word & 0xff])
}

/** The registers that hold these bytes, filled up with zeros. */
export function wordsOfBytes(point: Point, bytes: Uint8Array): number[] {
  const words = Array.from({ length: wordsOf(point) }, (_, i) => ((bytes[2 * i] ?? 0) << 8) | (bytes[2 * i + 1] ?? 0))
  return ordered(point, words)
}

const view = new DataView(new ArrayBuffer(8))

/** The number in these bits, before any scale. An integer beyond 2^53 loses its last digits: see `isExact`. */
export function numberOfBits({ as }: Pick<Point, 'as'>, bits: bigint): number {
  switch (as) {
    case 's16':
      return Number(BigInt.asIntN(16, bits))
    case 's32':
      return Number(BigInt.asIntN(32, bits))
    case 's64':
      return Number(BigInt.asIntN(64, bits))
    case 'f32':
      view.setUint32(0, Number(bits))
      return view.getFloat32(0)
    case 'f64':
      view.setBigUint64(0, bits)
      return view.getFloat64(0)
    default:
      return Number(bits)
  }
}

/** The bits that hold a number; undefined where the type has none for it. Integers are rounded. */
export function bitsOfNumber(point: Pick<Point, 'as'>, value: number): bigint | undefined {
  if (point.as === 'f32') {
    view.setFloat32(0, value)
    return BigInt(view.getUint32(0))
  }
  if (point.as === 'f64') {
    view.setFloat64(0, value)
    return view.getBigUint64(0)
  }
  if (!Number.isFinite(value)) return undefined
  const whole = BigInt(Math.round(value))
  const width = 16 * wordsOf(point)
  const signed = point.as.startsWith('s')
  const [least, most] = signed
    ? [-(1n << BigInt(width - 1)), (1n << BigInt(width - 1)) - 1n]
    : [0n, (1n << BigInt(width)) - 1n]
  return whole < least || whole > most ? undefined : BigInt.asUintN(width, whole)
}
