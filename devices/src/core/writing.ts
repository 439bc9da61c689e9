import { decodeNumber } from './decode.ts'
import { encodePoint } from './encode.ts'
import type { Block } from './image.ts'
import { type PointTable, pointOf } from './points.ts'

/** Registers that make a point show a value. */
export interface PointWords {
  readonly at: number
  readonly values: readonly number[]
  /** Such as `chargeLimit 2500 W`. */
  readonly text: string
}

/** What of a value the registers of an integer can hold, at this power of ten. */
function notMore(table: PointTable, name: string, value: number, factor: number): number {
  const { as, scale = 1 } = pointOf(table, name)
  if (as === 'f32' || as === 'f64') return value
  const step = scale * 10 ** factor
  const counts = value / step
  // 0.29 is 28.999999999999996 counts of 0.01
  const isWhole = Math.abs(counts - Math.round(counts)) < 1e-6
  return isWhole ? value : Math.trunc(counts) * step
}

/**
 * A point's registers for a value in its unit, or for the next nearer to zero that they can hold: never more than was asked.
 * By the scale factor that the device has now; `blocks` are what was read of it. Undefined where it has no such factor, and
 * with it no such point. Throws RangeError for a value out of the point's bounds, or that it cannot hold.
 */
export function wordsFor(
  table: PointTable,
  name: string,
  asked: number,
  blocks: readonly Block[],
  base = 0,
): PointWords | undefined {
  const { at, scaleFactor, unit, least, most } = pointOf(table, name)
  if (asked < (least ?? asked) || asked > (most ?? asked)) {
    throw new RangeError(`${name} ${asked} is not between ${least ?? 'any'} and ${most ?? 'any'}`)
  }
  const factor = scaleFactor === undefined ? undefined : decodeNumber(table, scaleFactor, blocks, base)
  if (factor?.ok === false) return undefined
  const value = notMore(table, name, asked, factor?.ok ? factor.value : 0)
  const values = { [name]: value, ...(scaleFactor !== undefined && factor?.ok && { [scaleFactor]: factor.value }) }
  const text = [name, value, ...(unit === undefined ? [] : [unit])].join(' ')
  return { at: base + at, values: encodePoint(table, name, values), text }
}
