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

/**
 * A point's registers for a value in its unit, by the scale factor that the device has now (`blocks` are what was read of
 * it). Undefined where it has no such factor, and with it no such point. Throws RangeError for a value out of the point's
 * bounds, or that it cannot hold.
 */
export function wordsFor(
  table: PointTable,
  name: string,
  value: number,
  blocks: readonly Block[],
  base = 0,
): PointWords | undefined {
  const { at, scaleFactor, unit, least, most } = pointOf(table, name)
  if (value < (least ?? value) || value > (most ?? value)) {
    throw new RangeError(`${name} ${value} is not between ${least ?? 'any'} and ${most ?? 'any'}`)
  }
  const factor = scaleFactor === undefined ? undefined : decodeNumber(table, scaleFactor, blocks, base)
  if (factor?.ok === false) return undefined
  const values = { [name]: value, ...(scaleFactor !== undefined && factor?.ok && { [scaleFactor]: factor.value }) }
  const text = [name, value, ...(unit === undefined ? [] : [unit])].join(' ')
  return { at: base + at, values: encodePoint(table, name, values), text }
}
