import type { CounterReading, GridPower } from './reading.ts'

/** What the next slots are expected to bring at the grid connection. */
export interface SlotForecast {
  readonly importWh: number
  readonly exportWh: number
}

/** The mean is taken over this long: longer than a kettle, shorter than a change of weather. */
export const BASIS_WINDOW_MS = 5 * 60_000
/** A mean over less than this is mostly the counters' resolution; the meter's own power figure serves until then. */
export const BASIS_SPAN_MS = 2 * 60_000
/** What was measured longer ago than this says nothing about the next slot. */
export const BASIS_STALE_MS = 5 * 60_000

/** The readings that a mean is taken over, `reading` among them. */
export function remember(recent: readonly CounterReading[], reading: CounterReading): readonly CounterReading[] {
  return [...recent.filter((old) => old.atMs >= reading.atMs - BASIS_WINDOW_MS), reading]
}

/**
 * Power lately, as the mean of the counters' rise, or the meter's latest power where the counters say too little yet;
 * undefined without a fresh measurement. Export is nothing when the latest power shows none: after sunset the last
 * minutes say nothing about the next slot.
 */
export function measuredBasis(
  recent: readonly CounterReading[],
  power: GridPower | undefined,
  nowMs: number,
): GridPower | undefined {
  const [first] = recent
  const last = recent.at(-1)
  if (first === undefined || last === undefined || power === undefined) return undefined
  if (nowMs - last.atMs > BASIS_STALE_MS) return undefined
  const spanMs = last.atMs - first.atMs
  const hours = spanMs / 3_600_000
  const mean =
    spanMs < BASIS_SPAN_MS
      ? power
      : { importW: (last.importWh - first.importWh) / hours, exportW: (last.exportWh - first.exportWh) / hours }
  return { importW: mean.importW, exportW: power.exportW > 0 ? mean.exportW : 0 }
}

/** Persistence: the next slots will be as the last minutes were. Rounded down: what is not there is not traded. */
export function persist(basis: GridPower, slotLengthS: number): SlotForecast {
  return {
    importWh: Math.floor((basis.importW * slotLengthS) / 3600),
    exportWh: Math.floor((basis.exportW * slotLengthS) / 3600),
  }
}
