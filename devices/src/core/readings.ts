import type { Measured, MissingReason } from '../ports.ts'
import type { Decoded } from './decode.ts'
import type { Point } from './points.ts'

/** From decoded points to canonical values: units of the project, two figures for the two directions. */

export function good<T>(value: T, atMs: number): Measured<T> {
  return { quality: 'good', value, atMs }
}

export function missing(reason: MissingReason, atMs: number): Measured<never> {
  return { quality: 'missing', reason, atMs }
}

/**
 * A decoded point as a measured value. `unread` is what a value that was not read is missing for: the reason its request
 * failed.
 */
export function measured(decoded: Decoded<number>, atMs: number, unread: MissingReason = 'unsupported'): Measured {
  if (decoded.ok) return good(decoded.value, atMs)
  return missing(decoded.reason === 'not-read' ? unread : decoded.reason, atMs)
}

/** `then` of a value that is there. */
export function mapMeasured<T, U>(value: Measured<T>, then: (value: T, atMs: number) => Measured<U>): Measured<U> {
  return value.quality === 'missing' ? value : then(value.value, value.atMs)
}

/**
 * A cumulative counter in whole Wh, from Wh, kWh or MWh. This is the one place where a counter is rounded; energies are
 * differences of what it returns, so nothing is lost between two readings. Below zero it is no counter.
 */
export function counterWh(counter: Measured, unit: string | undefined): Measured {
  return mapMeasured(counter, (value, atMs) => {
    const wh = Math.round(value * multipleOf(unit, 'Wh'))
    return wh >= 0 && Number.isSafeInteger(wh) ? good(wh, atMs) : missing('implausible', atMs)
  })
}

/**
 * The step of a counter at this figure, Wh: one count of an integer; of a float the distance to its neighbour (IEEE 754: 24
 * bits of significand in a single, 53 in a double). Never less than the whole Wh that a counter is given in.
 */
export function counterStepWh({ as, scale = 1, unit }: Pick<Point, 'as' | 'scale' | 'unit'>, energyWh: number): number {
  const countWh = scale * multipleOf(unit, 'Wh')
  if (as !== 'f32' && as !== 'f64') return Math.max(1, countWh)
  const exponent = Math.floor(Math.log2(Math.max(1, energyWh / countWh)))
  return Math.max(1, countWh * 2 ** (exponent - (as === 'f32' ? 23 : 52)))
}

/** How many of a base unit one of these is. Throws RangeError for a unit of something else. */
function multipleOf(unit: string | undefined, base: 'W' | 'Wh'): number {
  const multiple = { '': 1, k: 1_000, M: 1_000_000 }[unit?.endsWith(base) ? unit.slice(0, -base.length) : 'none']
  if (multiple === undefined) throw new RangeError(`${unit} is no unit of ${base}`)
  return multiple
}

/** A power in W, from W or kW. */
export function watts(power: Measured, unit: string | undefined): Measured {
  return mapMeasured(power, (value, atMs) => good(value * multipleOf(unit, 'W'), atMs))
}

/** 16.7.0 as two figures that are not below zero, for a meter that counts import as positive. */
export function splitPower(power: Measured): { readonly importW: Measured; readonly exportW: Measured } {
  return {
    importW: mapMeasured(power, (value, atMs) => good(Math.max(value, 0), atMs)),
    exportW: mapMeasured(power, (value, atMs) => good(Math.max(-value, 0), atMs)),
  }
}
