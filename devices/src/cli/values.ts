import type { PointValue } from '../value-reader.ts'
import type { Screen } from './ports.ts'
import { type Align, tableLines } from './table.ts'

/** A single has seven digits, whatever its bits look like as a double; integers that were scaled have fifteen. */
const SINGLE_DIGITS = 7
const DIGITS = 15

/** A value as people read it, without its unit; a dash where there is none. */
export function valueText({ point, measured, state }: PointValue): string {
  if (measured.quality === 'missing') return '–'
  const { value } = measured
  if (typeof value === 'string') return value
  if (typeof value !== 'number') return value.length === 0 ? 'none' : value.join(', ')
  if (state !== undefined) return state
  return String(Number(value.toPrecision(point.as === 'f32' ? SINGLE_DIGITS : DIGITS)))
}

function noteOf({ point, measured, state }: PointValue): string {
  if (measured.quality === 'missing') return measured.reason
  if (state !== undefined && typeof measured.value === 'number') return `code ${measured.value}`
  return point.positive === undefined ? '' : `positive is ${point.positive}`
}

const HEAD = ['POINT', 'VALUE', 'UNIT', 'OBIS', 'NOTE']
const ALIGNS: readonly Align[] = ['left', 'decimal', 'left', 'left', 'left']

/** Points below each other: name, value, unit, OBIS code, and what there is to say of it. */
export function valueLines(values: readonly PointValue[], screen: Screen): string[] {
  const rows = values.map((value) => {
    const { unit = '', obis = '' } = value.point
    return [value.name, valueText(value), value.measured.quality === 'missing' ? '' : unit, obis, noteOf(value)]
  })
  return tableLines(HEAD, rows, ALIGNS, screen)
}

/** Points on one line: `voltageL1 230.1 V, totalPower – (timeout)`. */
export function valuesLine(values: readonly PointValue[]): string {
  const parts = values.map((value) => {
    if (value.measured.quality === 'missing') return `${value.name} – (${value.measured.reason})`
    return [value.name, valueText(value), value.point.unit ?? ''].filter(Boolean).join(' ')
  })
  return parts.join(', ')
}

/** A point for programs. */
export function valueJson({ name, point, measured, state }: PointValue) {
  return {
    name,
    quality: measured.quality,
    ...(measured.quality === 'missing' ? { reason: measured.reason } : { value: measured.value }),
    ...(state !== undefined && { state }),
    ...(point.unit !== undefined && { unit: point.unit }),
    ...(point.obis !== undefined && { obis: point.obis }),
    ...(point.positive !== undefined && { positive: point.positive }),
  }
}
