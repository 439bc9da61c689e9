import { mostWh } from '../core/counter-watch.ts'
import { good } from '../core/readings.ts'
import type { Measured, Reading } from '../ports.ts'

/*
 * Readable telegrams have no check in mode D, a block check lets one in 128 of the larger disturbances pass, and the parity
 * of the characters is not looked at (serialport 13 does not set INPCK). A digit that light or noise changed would be
 * money. So a counter is believed only between its neighbours: not below the one before, not above the one after, and no
 * further from either than the fuses allow. What one telegram says wrongly is then off by no more than what flowed between
 * the two next to it: seconds, not kilowatt-hours.
 */

export interface Heard {
  readonly reading: Reading
  /** Monotonic, when its last byte came. */
  readonly atMs: number
}

export type Three = readonly [before: Heard, heard: Heard, after: Heard]

/** Whether a counter may have gone from the one to the other in that time; also where neither telegram has it. */
function follows(before: Heard, after: Heard, counter: 'importEnergyWh' | 'exportEnergyWh', mostW: number): boolean {
  const [was, is] = [before.reading[counter], after.reading[counter]]
  if (was.quality === 'missing' || is.quality === 'missing') return was.quality === is.quality
  const rise = is.value - was.value
  const stepWh = Math.max(before.reading.stepWh ?? 1, after.reading.stepWh ?? 1)
  return rise >= 0 && rise <= mostWh(before.atMs, after.atMs, { mostW }, stepWh)
}

/** A power may be anything at any moment: the middle one of three is none that stands alone. */
function middleOf(three: Three, power: 'importW' | 'exportW'): Measured | undefined {
  const { reading } = three[1]
  const values = three.flatMap((heard) => {
    const value = heard.reading[power]
    return value.quality === 'missing' ? [] : value.value
  })
  if (values.length === 0) return reading[power]
  const [, middle] = values.toSorted((a, b) => a - b)
  return values.length === three.length && middle !== undefined ? good(middle, reading[power].readMs) : undefined
}

/**
 * The second of three telegrams in a row, where the other two confirm it; undefined where they do not. Its powers are the
 * middle ones of the three. `mostW`: the most that the connection can carry.
 */
export function confirmed(three: Three, mostW: number): Reading | undefined {
  const [before, heard, after] = three
  const isBetween = (['importEnergyWh', 'exportEnergyWh'] as const).every(
    (counter) => follows(before, heard, counter, mostW) && follows(heard, after, counter, mostW),
  )
  const [importW, exportW] = [middleOf(three, 'importW'), middleOf(three, 'exportW')]
  return isBetween && importW && exportW ? { ...heard.reading, importW, exportW } : undefined
}
