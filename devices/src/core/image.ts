import type { RegisterKind } from './points.ts'

/** Registers that were read, by where they came from. */
export interface Block {
  readonly at: number
  readonly registers: readonly number[]
  /** Steady time when the answer was there. */
  readonly readMs?: number
  /** Where a device has both: `input` and `holding` registers of one address are different registers. */
  readonly kind?: RegisterKind | undefined
  /** Of several answers between which no scale factor changed: values and factors of such blocks belong together. */
  readonly isSteady?: boolean | undefined
}

/**
 * `count` registers from `at` where one block holds them all, so that they are of one moment; undefined where none does.
 * Of a given `kind`, or of the kind that blocks without one have.
 */
export function wordsAt(
  blocks: readonly Block[],
  at: number,
  count: number,
  kind?: RegisterKind,
): readonly number[] | undefined {
  const block = blocks.find((one) => isWithin(one, { at, count, kind }))
  return block?.registers.slice(at - block.at, at - block.at + count)
}

/** Whether one block holds all these registers. */
export function isWithin(block: Block, { at, count, kind }: Place): boolean {
  const from = at - block.at
  return block.kind === kind && from >= 0 && from + count <= block.registers.length
}

export interface Place {
  readonly at: number
  readonly count: number
  readonly kind?: RegisterKind | undefined
}

/**
 * The blocks from which two runs of registers may be read together: one that holds both, else the steady ones. Undefined
 * where they were not read together: a value and a scale factor of two moments make a figure that never was.
 */
export function blocksWithBoth(blocks: readonly Block[], one: Place, other: Place): readonly Block[] | undefined {
  const holds = (some: readonly Block[]) =>
    [one, other].every(({ at, count, kind }) => wordsAt(some, at, count, kind) !== undefined)
  const single = blocks.find((block) => holds([block]))
  if (single !== undefined) return [single]
  const steady = blocks.filter(({ isSteady }) => isSteady)
  return holds(steady) ? steady : undefined
}
