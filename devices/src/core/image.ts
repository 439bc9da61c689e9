/** Registers that were read, by where they came from. */
export interface Block {
  readonly at: number
  readonly registers: readonly number[]
}

/** `count` registers from `at` where one block holds them all; undefined where none does. */
export function wordsAt(blocks: readonly Block[], at: number, count: number): readonly number[] | undefined {
  for (const block of blocks) {
    const from = at - block.at
    if (from >= 0 && from + count <= block.registers.length) return block.registers.slice(from, from + count)
  }
  return undefined
}
