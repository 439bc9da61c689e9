import type { RegisterKind } from './points.ts'

/** Registers that were read, by where they came from. */
export interface Block {
  readonly at: number
  readonly registers: readonly number[]
  /** Where a device has both: `input` and `holding` registers of one address are different registers. */
  readonly kind?: RegisterKind | undefined
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
  for (const block of blocks) {
    const from = at - block.at
    if (block.kind === kind && from >= 0 && from + count <= block.registers.length) {
      return block.registers.slice(from, from + count)
    }
  }
  return undefined
}
