import { type Quality, slotStartOf } from '@wattfleet/protocol'
import type { CounterReading } from './reading.ts'

/** What a site drew and fed in during [slotStart, slotStart + slot length), as its counters tell it. */
export interface SlotEnergy {
  /** UTC Unix seconds. */
  readonly slotStart: number
  readonly importWh: number
  readonly exportWh: number
  /** How far each figure may be off, from rounding, resolution and interpolation. */
  readonly errorWh: number
  readonly quality: Quality
}

/** What counts as a usable reading at a slot boundary. */
export interface MeteringRules {
  readonly slotLengthS: number
  /** A boundary with a reading this near is `good`; without one it is interpolated, `estimated`. */
  readonly nearMs: number
  /** Between readings further apart than this nothing is interpolated. */
  readonly longestGapMs: number
  /** A slot without a reading past its end is reported `missing` this long after it. */
  readonly missingAfterMs: number
  /** The most the grid connection can carry, W: a counter that rises faster is not believed. */
  readonly mostImportW: number
  readonly mostExportW: number
}

/** Both counters at a slot boundary, rounded to whole Wh: shared by the slot that ends there and the one that starts. */
export interface BoundaryCounters {
  readonly importWh: number
  readonly exportWh: number
  readonly errorWh: number
  readonly estimated: boolean
}

/** What must be remembered to cut the next slots out of the counters; plain JSON. */
export interface MeterTrack {
  /** The last reading that was believed. */
  readonly last?: CounterReading | undefined
  /** A reading that contradicts `last`; the next one decides between the two. */
  readonly suspect?: CounterReading | undefined
  /** The counters at the start of the slot that holds `last`, where known. */
  readonly start?: BoundaryCounters | undefined
  /** Every slot that starts before this second has been reported. */
  readonly reportedUntilS: number
}

export interface Observation {
  readonly track: MeterTrack
  /** Slots that ended with this reading, in order; one reported missing before may come again, now known. */
  readonly slots: readonly SlotEnergy[]
  /** `stale`: not newer than the last; `held`: not believed yet; `restarted`: the counters were reset, exchanged or jumped; what lies between is unknown. */
  readonly verdict: 'accepted' | 'stale' | 'held' | 'restarted'
}

/** Slots longer ago than this many are not reported after an absence: a day of quarter hours, by then settled by rule. */
export const MISSING_BACKLOG_SLOTS = 96

/** A counter may rise by this much at any moment: meters update in steps, and steps must not look like jumps. */
const RISE_SLACK_WH = 100

const MS_PER_HOUR = 3_600_000

/** The track of a meter that was never read. Slots are reported from the one that holds `nowMs` on. */
export function emptyTrack(nowMs: number, rules: MeteringRules): MeterTrack {
  return { reportedUntilS: slotStartOf(Math.floor(nowMs / 1000), rules.slotLengthS) }
}

/**
 * Takes one reading into the track and cuts out the slots that ended since the last one. A slot's energy is the
 * difference of rounded counters at its two boundaries, so consecutive slots add up to the counter, to the Wh.
 * A counter that runs backwards or rises faster than the connection can carry is held until a second reading confirms
 * it; then the slots in between are missing, never zero and never negative.
 */
export function observe(track: MeterTrack, reading: CounterReading, rules: MeteringRules): Observation {
  const { last, suspect } = track
  if (last === undefined) return restart(track, reading, rules, 'accepted')
  if (reading.atMs <= last.atMs) return { track, slots: [], verdict: 'stale' }
  if (!follows(last, reading, rules)) {
    if (suspect !== undefined && reading.atMs > suspect.atMs && follows(suspect, reading, rules)) {
      return restart(track, reading, rules, 'restarted')
    }
    return { track: { ...track, suspect: reading }, slots: [], verdict: 'held' }
  }
  return { ...cut(track, last, reading, rules), verdict: 'accepted' }
}

/**
 * The slots whose end passed `missingAfterMs` ago without a reading past it: reported as missing, once. Should a reading
 * close enough still come, `observe` yields the slot again with its figures.
 */
export function overdue(track: MeterTrack, nowMs: number, rules: MeteringRules): Omit<Observation, 'verdict'> {
  const lengthS = rules.slotLengthS
  const endedS = slotStartOf(Math.floor((nowMs - rules.missingAfterMs) / 1000), lengthS)
  const lastS = track.last === undefined ? 0 : slotStartOf(Math.floor(track.last.atMs / 1000), lengthS)
  const fromS = Math.max(track.reportedUntilS, lastS, endedS - MISSING_BACKLOG_SLOTS * lengthS)
  const slots: SlotEnergy[] = []
  for (let slotStart = fromS; slotStart < endedS; slotStart += lengthS) slots.push(missing(slotStart))
  return { track: { ...track, reportedUntilS: Math.max(track.reportedUntilS, endedS) }, slots }
}

function restart(
  track: MeterTrack,
  reading: CounterReading,
  rules: MeteringRules,
  verdict: 'accepted' | 'restarted',
): Observation {
  return { ...cut(track, undefined, reading, rules), verdict }
}

function cut(track: MeterTrack, before: CounterReading | undefined, after: CounterReading, rules: MeteringRules) {
  const lengthS = rules.slotLengthS
  const currentS = slotStartOf(Math.floor(after.atMs / 1000), lengthS)
  const knownS = before === undefined ? track.reportedUntilS : slotStartOf(Math.floor(before.atMs / 1000), lengthS)
  const firstS = Math.max(knownS, currentS - MISSING_BACKLOG_SLOTS * lengthS)
  let start = before !== undefined && firstS === knownS ? track.start : undefined
  if (before === undefined && firstS >= currentS) start = boundaryAt(currentS * 1000, undefined, after, rules)
  let reportedUntilS = track.reportedUntilS
  const slots: SlotEnergy[] = []
  for (let slotStart = firstS; slotStart < currentS; slotStart += lengthS) {
    const end = boundaryAt((slotStart + lengthS) * 1000, before, after, rules)
    const slot = start && end ? between(slotStart, start, end) : missing(slotStart)
    if (slot.quality !== 'missing' || slotStart >= reportedUntilS) slots.push(slot)
    reportedUntilS = Math.max(reportedUntilS, slotStart + lengthS)
    start = end
  }
  return { track: { last: after, start, reportedUntilS }, slots }
}

function between(slotStart: number, start: BoundaryCounters, end: BoundaryCounters): SlotEnergy {
  return {
    slotStart,
    importWh: end.importWh - start.importWh,
    exportWh: end.exportWh - start.exportWh,
    // each rounding moves a boundary by half a Wh at most: one Wh for the two
    errorWh: Math.ceil(start.errorWh + end.errorWh + 1),
    quality: start.estimated || end.estimated ? 'estimated' : 'good',
  }
}

function missing(slotStart: number): SlotEnergy {
  return { slotStart, importWh: 0, exportWh: 0, errorWh: 0, quality: 'missing' }
}

/** The counters at `atMs`, which lies after `before` and not after `after`; undefined where nothing supports a figure. */
function boundaryAt(
  atMs: number,
  before: CounterReading | undefined,
  after: CounterReading,
  rules: MeteringRules,
): BoundaryCounters | undefined {
  if (before !== undefined && after.atMs - before.atMs <= rules.longestGapMs) {
    const share = (atMs - before.atMs) / (after.atMs - before.atMs)
    const importWh = Math.min(after.importWh, before.importWh + (after.importWh - before.importWh) * share)
    const exportWh = Math.min(after.exportWh, before.exportWh + (after.exportWh - before.exportWh) * share)
    // a counter only rises, so the truth lies between the two readings
    const errorWh = Math.max(
      importWh - before.importWh,
      exportWh - before.exportWh,
      after.importWh - importWh,
      after.exportWh - exportWh,
    )
    const exact = after.atMs === atMs
    const nearest = Math.min(atMs - before.atMs, after.atMs - atMs)
    return {
      importWh: Math.round(exact ? after.importWh : importWh),
      exportWh: Math.round(exact ? after.exportWh : exportWh),
      errorWh: (exact ? 0 : errorWh) + after.stepWh,
      estimated: nearest > rules.nearMs,
    }
  }
  if (before !== undefined && atMs - before.atMs <= rules.nearMs) return alone(before, atMs, rules)
  return after.atMs - atMs <= rules.nearMs ? alone(after, atMs, rules) : undefined
}

/** One reading near the boundary and none on its other side: off by what the connection could have carried between. */
function alone(reading: CounterReading, atMs: number, rules: MeteringRules): BoundaryCounters {
  const mostW = Math.max(rules.mostImportW, rules.mostExportW)
  return {
    importWh: Math.round(reading.importWh),
    exportWh: Math.round(reading.exportWh),
    errorWh: (mostW * Math.abs(atMs - reading.atMs)) / MS_PER_HOUR + reading.stepWh,
    estimated: false,
  }
}

function follows(a: CounterReading, b: CounterReading, rules: MeteringRules): boolean {
  const hours = (b.atMs - a.atMs) / MS_PER_HOUR
  const rises = (from: number, to: number, mostW: number) =>
    to >= from && to - from <= mostW * hours + a.stepWh + RISE_SLACK_WH
  return rises(a.importWh, b.importWh, rules.mostImportW) && rises(a.exportWh, b.exportWh, rules.mostExportW)
}
