import { missingReasonOf } from '../core/faults.ts'
import { type Block, wordsAt } from '../core/image.ts'
import { MOST_REGISTERS, type Span } from '../core/plan.ts'
import type { Answers } from '../core/readings.ts'
import { readWanted, type Source, type Steady } from '../point-reader.ts'
import type { MissingReason, RegisterReader } from '../ports.ts'
import type { ModelAt } from './model.ts'
import { sunSpecModel } from './models.ts'
import { walkModels } from './walk.ts'

/** Models of a device that belong to one reading: where they are, and what of them is read. */
export interface Layout {
  readonly models: readonly ModelAt[]
  readonly spans: readonly Span[]
  /** Scale factors of values in `spans` that no request can hold together with them. */
  readonly factors?: readonly Span[]
}

export type Found<L> =
  | {
      readonly ok: true
      readonly layout: L
      readonly answers: Answers
    }
  | { readonly ok: false; readonly reason: MissingReason }

/** A model that is there, as long as it was published at least: a shorter one is another's. */
export function isWhole({ id, length }: ModelAt): boolean {
  return length + 2 >= (sunSpecModel(id)?.length ?? Number.POSITIVE_INFINITY)
}

/**
 * Reads models of a SunSpec device. Where they are is found at the first reading and again when they are no longer there (a
 * device may come back with other firmware). `layoutOf` picks what is read, undefined where the device has none of it.
 */
export function locatedReader<L extends Layout>(
  reader: RegisterReader,
  unitId: number,
  clock: Steady,
  layoutOf: (models: readonly ModelAt[], signal: AbortSignal) => Promise<L | undefined> | L | undefined,
): (signal: AbortSignal) => Promise<Found<L>> {
  let known: L | undefined
  const limits = { maxRegisters: MOST_REGISTERS, holes: 'rejected' } as const
  const source: Source = { reader, unitId, kind: 'holding', ...limits, cuts: new Set(), clock }
  return async (signal) => {
    try {
      known ??= await layoutOf(await walkModels(reader, unitId, signal), signal)
    } catch (error) {
      return { ok: false, reason: missingReasonOf(error) }
    }
    if (known === undefined) return { ok: false, reason: 'unsupported' }
    const layout = known
    const heads = layout.models.map(({ at }) => ({ at, count: 2 }))
    const wanted = { spans: [...heads, ...layout.spans], factors: layout.factors ?? [] }
    const { blocks, unread } = await readWanted(source, wanted, signal)
    const isThere = stillThere(layout, blocks)
    if (unread === 'exception' || !isThere) known = undefined
    return isThere
      ? { ok: true, layout, answers: { blocks, unread, doneMs: clock.steadyMs() } }
      : { ok: false, reason: 'malformed' }
  }
}

/** Whether the models begin with the ids and lengths that the walk found. What was not read is not contradicted. */
function stillThere({ models }: Layout, blocks: readonly Block[]): boolean {
  return models.every(({ at, id, length }) => {
    const words = wordsAt(blocks, at, 2)
    return words === undefined || (words[0] === id && words[1] === length)
  })
}
