import type { Measured, MissingReason } from '../ports.ts'
import type { Decoded } from './decode.ts'

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
  return missing(decoded.reason === 'not-read' ? unread : 'not-available', atMs)
}

/** `then` of a value that is there. */
export function mapMeasured<T, U>(value: Measured<T>, then: (value: T, atMs: number) => Measured<U>): Measured<U> {
  return value.quality === 'missing' ? value : then(value.value, value.atMs)
}

/**
 * A cumulative counter in whole Wh, from Wh or kWh. This is the one place where a counter is rounded; energies are
 * differences of what it returns, so nothing is lost between two readings. Below zero it is no counter.
 */
export function counterWh(counter: Measured, unit: 'Wh' | 'kWh'): Measured {
  return mapMeasured(counter, (value, atMs) => {
    const wh = Math.round(unit === 'kWh' ? value * 1000 : value)
    return wh >= 0 && Number.isSafeInteger(wh) ? good(wh, atMs) : missing('implausible', atMs)
  })
}

/** 16.7.0 as two figures that are not below zero, for a meter that counts import as positive. */
export function splitPower(power: Measured): { readonly importW: Measured; readonly exportW: Measured } {
  return {
    importW: mapMeasured(power, (value, atMs) => good(Math.max(value, 0), atMs)),
    exportW: mapMeasured(power, (value, atMs) => good(Math.max(-value, 0), atMs)),
  }
}
