import type { Clock } from '@wattfleet/protocol'
import { exceptionOf, missingReasonOf } from './core/faults.ts'
import { type Block, wordsAt } from './core/image.ts'
import { cutOf, planReads, type Span } from './core/plan.ts'
import { type DeviceModel, type Point, type PointTable, pointOf, type RegisterKind, wordsOf } from './core/points.ts'
import { measured } from './core/readings.ts'
import type { Measured, MissingReason, RegisterReader } from './ports.ts'

/** Which device behind a connection, and what it takes. */
export interface Source {
  readonly reader: RegisterReader
  readonly unitId: number
  readonly kind: RegisterKind
  readonly maxRegisters: number
  readonly holes: 'readable' | 'rejected'
  /** Where requests have to begin, as far as the device has taught it: kept from one reading to the next. */
  readonly cuts: Set<number>
  readonly clock: Steady
}

/** What tells when an answer was there. */
export type Steady = Pick<Clock, 'steadyMs'>

/** What a plan's requests gave: the blocks that came, and the first reason why others did not. */
export interface ReadResult {
  readonly blocks: readonly Block[]
  readonly unread: MissingReason | undefined
  /** What that reason was made of. */
  readonly fault: unknown
}

/** Illegal data address; some devices say illegal value, or function, of a length that they do not like. */
const REFUSED_RANGE = [2, 3]

/**
 * Reads these registers in the requests that cost the line least. One that the device refuses for its range is asked again
 * in two, which is remembered. One that fails otherwise leaves its values missing; after silence or a lost connection the
 * rest is not asked, because it would only wait for the same.
 */
export async function readSpans(
  { reader, unitId, kind, maxRegisters, holes, cuts, clock }: Source,
  spans: readonly Span[],
  signal: AbortSignal,
): Promise<ReadResult> {
  const blocks: Block[] = []
  let unread: MissingReason | undefined
  let fault: unknown
  const planned = (of: readonly Span[]) => planReads(of, { maxRegisters, holes, cuts, timing: reader.timing })
  const waiting = planned(spans)
  for (let request = waiting.shift(); request !== undefined; request = waiting.shift()) {
    const { at, count } = request
    try {
      const registers = await reader.readRegisters({ unitId, kind, at, count }, signal)
      blocks.push({ at, registers, readMs: clock.steadyMs() })
    } catch (error) {
      const cut = REFUSED_RANGE.includes(exceptionOf(error) ?? 0) ? cutOf(request, spans) : undefined
      if (cut !== undefined) {
        cuts.add(cut)
        waiting.unshift(...planned(spans.filter((span) => span.at >= at && span.at + span.count <= at + count)))
        continue
      }
      unread ??= missingReasonOf(error)
      fault ??= error
      if (unread !== 'exception') break
    }
  }
  return { blocks, unread, fault }
}

/** What a reading needs: no span is cut, so that what belongs together comes from one answer. */
export interface Wanted {
  readonly spans: readonly Span[]
  /** Scale factors that lie farther from their values than a request reaches. */
  readonly factors: readonly Span[]
}

/** A value and its scale factor are one run, so that they come from one answer; the factor is apart where none holds both. */
export function wantedOf(table: PointTable, points: readonly Point[], maxRegisters: number): Wanted {
  const spans: Span[] = []
  const factors = new Map<number, Span>()
  for (const point of points) {
    const own = { at: point.at, count: wordsOf(point) }
    if (point.scaleFactor === undefined) {
      spans.push(own)
      continue
    }
    const scale = pointOf(table, point.scaleFactor)
    const at = Math.min(point.at, scale.at)
    const count = Math.max(point.at + wordsOf(point), scale.at + wordsOf(scale)) - at
    spans.push(count <= maxRegisters ? { at, count } : own)
    if (count > maxRegisters) factors.set(scale.at, { at: scale.at, count: wordsOf(scale) })
  }
  return { spans, factors: [...factors.values()] }
}

/** How often values are read whose scale factors change: devices change them now and then, not at every request. */
const MOST_LOOKS = 3

/**
 * Reads these registers, and scale factors that lie apart from them right before and right after: where they are the same,
 * the blocks are steady and belong together. Where not, the values are read again, and after `MOST_LOOKS` times what was
 * not read in one answer is missing as `changing`. Nothing else is asked between the requests of a look, each of which has
 * its time-out; a factor that changed and changed back within a look would not be noticed.
 */
export async function readWanted(
  source: Source,
  { spans, factors }: Wanted,
  signal: AbortSignal,
): Promise<ReadResult & { readonly isSteady: boolean }> {
  if (factors.length === 0) return { ...(await readSpans(source, spans, signal)), isSteady: true }
  let before = await readSpans(source, factors, signal)
  for (let look = 1; ; look++) {
    // after silence or a lost connection the rest would only wait for the same
    if (before.unread !== undefined && before.unread !== 'exception') return { ...before, isSteady: false }
    const values = await readSpans(source, spans, signal)
    if (before.unread !== undefined) return { ...before, blocks: values.blocks, isSteady: false }
    if (values.unread !== undefined && values.unread !== 'exception') return { ...values, isSteady: false }
    const after = await readSpans(source, factors, signal)
    if (after.unread === undefined && isSame(factors, before.blocks, after.blocks)) {
      const blocks = [...values.blocks, ...after.blocks].map((block) => ({ ...block, isSteady: true }))
      return { ...values, blocks, isSteady: true }
    }
    if (after.unread !== undefined) return { ...after, blocks: values.blocks, isSteady: false }
    if (look === MOST_LOOKS) return { ...values, unread: values.unread ?? 'changing', isSteady: false }
    before = after
  }
}

function isSame(spans: readonly Span[], some: readonly Block[], others: readonly Block[]): boolean {
  return spans.every(({ at, count }) => {
    const [one, other] = [wordsAt(some, at, count), wordsAt(others, at, count)]
    return one?.every((word, i) => word === other?.[i])
  })
}

/** Reads the registers of some points of a model; what the device refuses is remembered as long as the function lives. */
export function blockReader(
  reader: RegisterReader,
  unitId: number,
  model: DeviceModel,
  names: readonly string[],
  clock: Steady,
): (signal: AbortSignal) => Promise<ReadResult> {
  const kinds: readonly RegisterKind[] = ['input', 'holding']
  const sources = kinds.map((kind): { source: Source; wanted: Wanted } => {
    const { maxRegisters, holes } = model
    const own = names.map((name) => pointOf(model.points, name)).filter((point) => (point.kind ?? model.kind) === kind)
    const wanted = wantedOf(model.points, own, maxRegisters)
    return { source: { reader, unitId, kind, maxRegisters, holes, cuts: new Set(), clock }, wanted }
  })
  return async (signal) => {
    const blocks: Block[] = []
    let unread: MissingReason | undefined
    let fault: unknown
    for (const { source, wanted } of sources) {
      if (wanted.spans.length === 0) continue
      const result = await readWanted(source, wanted, signal)
      const isOther = source.kind !== model.kind
      blocks.push(...result.blocks.map((block) => (isOther ? { ...block, kind: source.kind } : block)))
      unread ??= result.unread
      fault ??= result.fault
    }
    return { blocks, unread, fault }
  }
}

/** Reads points of one device, one moment after the other. */
export interface PointReader<Name extends string> {
  /** Each good or missing with its reason, in the units of the model. Never rejects because of the device. */
  read(signal: AbortSignal): Promise<Record<Name, Measured>>
}

/** Reads these points of a device; what it refuses is remembered as long as the reader lives. */
export function pointReader<Name extends string>(
  reader: RegisterReader,
  unitId: number,
  model: DeviceModel,
  names: readonly Name[],
  clock: Steady,
): PointReader<Name> {
  const readBlocks = blockReader(reader, unitId, model, names, clock)
  return {
    async read(signal) {
      const answers = { ...(await readBlocks(signal)), doneMs: clock.steadyMs() }
      const values = names.map((name) => [name, measured(model.points, name, answers)] as const)
      return Object.fromEntries(values) as Record<Name, Measured>
    },
  }
}
