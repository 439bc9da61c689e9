import { counterWh, good, missing, splitPower } from '../core/readings.ts'
import type { Measured, Reading } from '../ports.ts'
import type { Entry } from './sml-list.ts'

/** Codes of IEC 62056-62, table of units. */
const UNIT = { watt: 27, wattHour: 30 } as const

/** Of the electricity meter itself (medium 1, channel 0); without its tariffs added up where it shows no total. */
function counterOf(entries: readonly Entry[], code: '1.8' | '2.8'): { energy: Entry[]; isSplit: boolean } {
  const of = (obis: string) => entries.filter((entry) => entry.obis === obis && entry.unit === UNIT.wattHour)
  const total = of(`1-0:${code}.0`).slice(0, 1)
  if (total[0]?.value !== undefined) return { energy: total, isSplit: false }
  // a meter with two tariffs and no total
  return { energy: [1, 2, 3, 4].flatMap((tariff) => of(`1-0:${code}.${tariff}`).slice(0, 1)), isSplit: true }
}

function measuredCounter(entries: readonly Entry[], code: '1.8' | '2.8', readMs: number): Measured {
  const { energy } = counterOf(entries, code)
  const values = energy.flatMap(({ value }) => value ?? [])
  if (energy.length === 0) return missing('unsupported', readMs)
  if (values.length < energy.length) return missing('not-available', readMs)
  return counterWh(
    good(
      values.reduce((sum, value) => sum + value, 0),
      readMs,
    ),
    'Wh',
  )
}

/**
 * Of a counter's status word, where a meter shows its power without a sign (15.7.0): energy flows into the grid (FNN
 * Lastenheft EDL, status word; so in the telegrams of EMH's and ISKRA's meters).
 */
const FEEDS_IN = 0x20n

/** The power where both directions have one figure, or each its own; undefined where the meter shows none. */
function powerOf(entries: readonly Entry[], readMs: number): Pick<Reading, 'importW' | 'exportW'> {
  const of = (code: string) =>
    entries.find((entry) => entry.obis === `1-0:${code}` && entry.unit === UNIT.watt && entry.value !== undefined)
      ?.value
  const total = of('16.7.0')
  if (total !== undefined) return splitPower(good(total, readMs))
  const absolute = of('15.7.0')
  const status = entries.find(({ obis, status }) => /^1-0:[12]\.8\.0$/.test(obis) && status !== undefined)?.status
  if (absolute !== undefined && status !== undefined) {
    return splitPower(good((status & FEEDS_IN) === 0n ? absolute : -absolute, readMs))
  }
  const [importW, exportW] = [of('1.7.0'), of('2.7.0')]
  const phases = ['36.7.0', '56.7.0', '76.7.0'].flatMap((code) => of(code) ?? [])
  if (importW !== undefined || exportW !== undefined) {
    return { importW: good(importW ?? 0, readMs), exportW: good(exportW ?? 0, readMs) }
  }
  if (phases.length === 3) {
    return splitPower(
      good(
        phases.reduce((sum, value) => sum + value, 0),
        readMs,
      ),
    )
  }
  const nothing = missing('unsupported', readMs)
  return { importW: nothing, exportW: nothing }
}

/** What the counters step by, Wh: a meter whose PIN was not entered shows whole kWh. */
function stepOf(entries: readonly Entry[]): number {
  const shown = [...counterOf(entries, '1.8').energy, ...counterOf(entries, '2.8').energy]
  return Math.max(1, ...shown.map(({ scaler }) => 10 ** scaler))
}

/** A telegram's values under the names of the project. A meter that does not count feed-in has no export, not zero. */
export function readingOf(entries: readonly Entry[], atMs: number, readMs: number): Reading {
  return {
    atMs,
    importEnergyWh: measuredCounter(entries, '1.8', readMs),
    exportEnergyWh: measuredCounter(entries, '2.8', readMs),
    stepWh: stepOf(entries),
    ...powerOf(entries, readMs),
  }
}
