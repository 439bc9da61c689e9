import type { DeviceModel, Mark } from '../core/points.ts'
import type { PointValue } from '../value-reader.ts'

/*
 * Which models fit what a device showed. Pure: a table of readings in, an order out.
 */

/** A device's points as they were read through one model. */
export interface Trial {
  readonly model: DeviceModel
  /** Only points that were asked for: marks and key quantities at least, the rest where those fit. */
  readonly values: readonly PointValue[]
}

/** Whether a mark holds; `unread` where the device did not give the register. */
export interface MarkResult {
  readonly point: string
  readonly oneOf: Mark['oneOf']
  readonly got: number | string | undefined
  readonly is: 'holds' | 'contradicts' | 'unread'
}

/**
 * `certain`: marks hold. `likely`: all key quantities are what they can be. `possible`: some are, or the model has none to
 * look at, or the device says of each that it has none. `no`: a mark contradicts, or nothing could be read or is what it
 * can be.
 */
export type Fit = 'certain' | 'likely' | 'possible' | 'no'

export interface Ranked {
  readonly modelId: string
  readonly fit: Fit
  readonly marks: readonly MarkResult[]
  /** Key quantities that are what they can be, such as `voltageL1`; those that are not; those that were not given. */
  readonly plausible: readonly PointValue[]
  readonly implausible: readonly PointValue[]
  readonly unread: readonly string[]
  /** Phases that read zero: not connected, or not there. */
  readonly idlePhases: number
  /** Points that the device refused with an exception, and points that it gave. */
  readonly exceptions: number
  readonly given: number
}

interface Bounds {
  readonly least: number
  readonly most: number
  /** Phases that are not connected read zero. */
  readonly orZero: boolean
}

/** European low voltage is 230 V ± 10 % (EN 50160), with some room; a line's frequency is 50 or 60 Hz. */
const VOLTAGE = { least: 180, most: 260 } as const
const KEY_QUANTITIES: Readonly<Record<string, Bounds>> = {
  voltageL1: { ...VOLTAGE, orZero: false },
  voltageL2: { ...VOLTAGE, orZero: true },
  voltageL3: { ...VOLTAGE, orZero: true },
  frequency: { least: 45, most: 65, orZero: false },
}

/** Names of the points by which a model is judged: its marks and its key quantities. */
export function keyPoints({ marks, points }: DeviceModel): string[] {
  const keys = Object.keys(KEY_QUANTITIES).filter((name) => points[name] !== undefined)
  return [...new Set([...marks.map(({ point }) => point), ...keys])]
}

function numberIn({ measured }: PointValue): number | undefined {
  return measured.quality !== 'missing' && typeof measured.value === 'number' ? measured.value : undefined
}

function markResult({ point, oneOf }: Mark, values: readonly PointValue[]): MarkResult {
  const measured = values.find(({ name }) => name === point)?.measured
  if (measured === undefined || measured.quality === 'missing' || typeof measured.value === 'object') {
    return { point, oneOf, got: undefined, is: 'unread' }
  }
  const got = measured.value
  return { point, oneOf, got, is: oneOf.includes(got) ? 'holds' : 'contradicts' }
}

/** A key quantity against its bounds; undefined for an unconnected phase, which says nothing. */
function isPlausible(value: PointValue): boolean | undefined {
  const bounds = KEY_QUANTITIES[value.name]
  const number = numberIn(value)
  if (bounds === undefined || number === undefined) return undefined
  if (bounds.orZero && number === 0) return undefined
  return number >= bounds.least && number <= bounds.most
}

function fitOf(
  marks: readonly MarkResult[],
  plausible: number,
  implausible: number,
  unread: number,
  refused: number,
  given: number,
): Fit {
  if (given === 0 || marks.some(({ is }) => is === 'contradicts')) return 'no'
  if (marks.length > 0 && marks.every(({ is }) => is === 'holds')) return 'certain'
  if (plausible > 0) return implausible === 0 && unread === 0 && marks.length === 0 ? 'likely' : 'possible'
  return implausible === 0 && refused === 0 ? 'possible' : 'no'
}

const isUnavailable = ({ measured }: PointValue) =>
  measured.quality === 'missing' && measured.reason === 'not-available'

/** Whether key points tell for or against a model at all: a device that has none of them is to be read on. */
export function saysNothing(values: readonly PointValue[]): boolean {
  return values.every(isUnavailable)
}

/** How one model fits. */
export function judge({ model, values }: Trial): Ranked {
  const marks = model.marks.map((mark) => markResult(mark, values))
  const keys = values.filter(({ name }) => KEY_QUANTITIES[name] !== undefined)
  const plausible = keys.filter((value) => isPlausible(value) === true)
  // what the decoder refuses for its bounds is no better than what is refused here
  const isOut = (value: PointValue) =>
    isPlausible(value) === false || (value.measured.quality === 'missing' && value.measured.reason === 'implausible')
  const implausible = keys.filter(isOut)
  const missing = keys.filter((value) => value.measured.quality === 'missing' && !isOut(value))
  const unread = missing.map(({ name }) => name)
  const refused = missing.filter((value) => !isUnavailable(value)).length
  const idlePhases = keys.filter((value) => KEY_QUANTITIES[value.name]?.orZero && numberIn(value) === 0).length
  const given = values.filter(({ measured }) => measured.quality !== 'missing').length
  const exceptions = values.filter(
    ({ measured }) => measured.quality === 'missing' && measured.reason === 'exception',
  ).length
  const fit = fitOf(marks, plausible.length, implausible.length, unread.length, refused, given)
  return { modelId: model.id, fit, marks, plausible, implausible, unread, idlePhases, exceptions, given }
}

const ORDER: readonly Fit[] = ['certain', 'likely', 'possible', 'no']

/**
 * Models by how well they fit, the best first: by fit, then fewer implausible quantities, more plausible ones, fewer
 * phases that read zero, fewer exceptions, more points given, and at last by name, so that the same readings always give the same order.
 */
export function rank(trials: readonly Trial[]): Ranked[] {
  const keys = (ranked: Ranked) => [
    ORDER.indexOf(ranked.fit),
    ranked.implausible.length,
    -ranked.plausible.length,
    ranked.idlePhases,
    ranked.exceptions,
    -ranked.given,
  ]
  return trials.map(judge).sort((a, b) => {
    const other = keys(b)
    const difference = keys(a)
      .map((key, i) => key - (other[i] ?? 0))
      .find((one) => one !== 0)
    return difference ?? (a.modelId < b.modelId ? -1 : 1)
  })
}

/** The models that fit as well as the best one: nothing that was read tells them apart. */
export function alikeBest(ranked: readonly Ranked[]): Ranked[] {
  const [best] = ranked
  if (best === undefined || best.fit === 'no') return []
  return ranked.filter(
    ({ fit, implausible, plausible }) =>
      fit === best.fit && implausible.length === best.implausible.length && plausible.length === best.plausible.length,
  )
}
