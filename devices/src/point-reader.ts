import type { Clock } from '@wattfleet/protocol'
import { decodeNumber } from './core/decode.ts'
import { exceptionOf, missingReasonOf } from './core/faults.ts'
import type { Block } from './core/image.ts'
import { cutOf, planReads, type Span } from './core/plan.ts'
import { type DeviceModel, type Point, pointOf, type RegisterKind, wordsOf } from './core/points.ts'
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
}

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
  { reader, unitId, kind, maxRegisters, holes, cuts }: Source,
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
      blocks.push({ at, registers: await reader.readRegisters({ unitId, kind, at, count }, signal) })
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

/** A value and its scale factor are one run, so that they come from one answer; only where none can hold both, two. */
function spansOf({ points, maxRegisters }: DeviceModel, point: Point): Span[] {
  const all = [point, ...(point.scaleFactor === undefined ? [] : [pointOf(points, point.scaleFactor)])]
  const at = Math.min(...all.map((one) => one.at))
  const count = Math.max(...all.map((one) => one.at + wordsOf(one))) - at
  return count <= maxRegisters ? [{ at, count }] : all.map((one) => ({ at: one.at, count: wordsOf(one) }))
}

/** Reads the registers of some points of a model; what the device refuses is remembered as long as the function lives. */
export function blockReader(
  reader: RegisterReader,
  unitId: number,
  model: DeviceModel,
  names: readonly string[],
): (signal: AbortSignal) => Promise<ReadResult> {
  const kinds: readonly RegisterKind[] = ['input', 'holding']
  const sources = kinds.map((kind): { source: Source; spans: Span[] } => {
    const { maxRegisters, holes } = model
    const own = names.map((name) => pointOf(model.points, name)).filter((point) => (point.kind ?? model.kind) === kind)
    const spans = own.flatMap((point) => spansOf(model, point))
    return { source: { reader, unitId, kind, maxRegisters, holes, cuts: new Set() }, spans }
  })
  return async (signal) => {
    const blocks: Block[] = []
    let unread: MissingReason | undefined
    let fault: unknown
    for (const { source, spans } of sources) {
      if (spans.length === 0) continue
      const result = await readSpans(source, spans, signal)
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
  clock: Clock,
): PointReader<Name> {
  const readBlocks = blockReader(reader, unitId, model, names)
  return {
    async read(signal) {
      const { blocks, unread } = await readBlocks(signal)
      const atMs = clock.nowMs()
      const values = names.map(
        (name) => [name, measured(decodeNumber(model.points, name, blocks), atMs, unread)] as const,
      )
      return Object.fromEntries(values) as Record<Name, Measured>
    },
  }
}
