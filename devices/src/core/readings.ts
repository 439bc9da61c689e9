import type { Clock } from '@wattfleet/protocol'
import type { Measured, MissingReason, Reading } from '../ports.ts'
import { type Decoded, decodeNumber } from './decode.ts'
import { type Block, isWithin } from './image.ts'
import { type Point, type PointTable, pointOf, wordsOf } from './points.ts'

/** From decoded points to canonical values: units of the project, two figures for the two directions. */

export function good<T>(value: T, readMs: number): Measured<T> {
  return { quality: 'good', value, readMs }
}

export function missing(reason: MissingReason, readMs: number): Measured<never> {
  return { quality: 'missing', reason, readMs }
}

/** What requests gave, and what is to be said of what they did not give. */
export interface Answers {
  readonly blocks: readonly Block[]
  /** What a value that was not read is missing for: the reason its request failed. Without it the device has none. */
  readonly unread?: MissingReason | undefined
  /** Steady time when the last request was done. */
  readonly doneMs: number
}

/** What a point shows in these answers, decoded by `decode`, with the time of the answer that held it. */
export function measuredBy<T>(
  decode: (table: PointTable, name: string, blocks: readonly Block[], base: number) => Decoded<T>,
  table: PointTable,
  name: string,
  { blocks, unread = 'unsupported', doneMs }: Answers,
  base = 0,
): Measured<T> {
  const point = pointOf(table, name)
  const decoded = decode(table, name, blocks, base)
  const place = { at: base + point.at, count: wordsOf(point), kind: point.kind }
  const readMs = blocks.find((block) => isWithin(block, place))?.readMs ?? doneMs
  if (decoded.ok) return good(decoded.value, readMs)
  return missing(decoded.reason === 'not-read' ? unread : decoded.reason, readMs)
}

/** The number that a point shows, scale and scale factor applied. */
export function measured(table: PointTable, name: string, answers: Answers, base = 0): Measured {
  return measuredBy(decodeNumber, table, name, answers, base)
}

/** The reading of a grid connection of which nothing could be read. */
export function nothingRead(reason: MissingReason, clock: Clock): Reading {
  const nothing = missing(reason, clock.steadyMs())
  return { atMs: clock.nowMs(), importEnergyWh: nothing, exportEnergyWh: nothing, importW: nothing, exportW: nothing }
}

/** A moment of steady time by the clock, as far as that was not stepped since. */
export function clockAt(clock: Clock, readMs: number): number {
  return clock.nowMs() - (clock.steadyMs() - readMs)
}

/** `then` of a value that is there. */
export function mapMeasured<T, U>(value: Measured<T>, then: (value: T, readMs: number) => Measured<U>): Measured<U> {
  return value.quality === 'missing' ? value : then(value.value, value.readMs)
}

/**
 * A cumulative counter in whole Wh, from Wh, kWh or MWh. This is the one place where a counter is rounded; energies are
 * differences of what it returns, so nothing is lost between two readings. Below zero it is no counter.
 */
export function counterWh(counter: Measured, unit: string | undefined): Measured {
  return mapMeasured(counter, (value, readMs) => {
    const wh = Math.round(value * multipleOf(unit, 'Wh'))
    return wh >= 0 && Number.isSafeInteger(wh) ? good(wh, readMs) : missing('implausible', readMs)
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
  return mapMeasured(power, (value, readMs) => good(value * multipleOf(unit, 'W'), readMs))
}

/** 16.7.0 as two figures that are not below zero, for a meter that counts import as positive. */
export function splitPower(power: Measured): { readonly importW: Measured; readonly exportW: Measured } {
  return {
    importW: mapMeasured(power, (value, readMs) => good(Math.max(value, 0), readMs)),
    exportW: mapMeasured(power, (value, readMs) => good(Math.max(-value, 0), readMs)),
  }
}
