/*
 * How much fits into a block, by weight: arithmetic on what the runtime says. Times are picoseconds of execution, the unit
 * of a weight's `refTime`.
 */

/** What a call costs: by itself, and for each item in it. */
export interface Cost {
  readonly fixedPs: bigint
  readonly eachPs: bigint
  /** Of the extrinsic, for each item. */
  readonly eachBytes: bigint
}

/** What transactions may take of a block, and what each extrinsic takes whatever it calls. */
export interface BlockRoom {
  readonly normalPs: bigint
  readonly extrinsicPs: bigint
  readonly bytes: bigint
  readonly blockMs: bigint
}

/** Batches that fill a block: fewer leave more of it empty where they do not fit, more cost their own weight. */
export const BATCHES_PER_BLOCK = 3n

const least = (...values: readonly bigint[]) => values.reduce((a, b) => (b < a ? b : a))

/** Items in a block that holds nothing else, in so many calls. */
export function itemsPerBlock(room: BlockRoom, cost: Cost, calls = BATCHES_PER_BLOCK): number {
  const left = room.normalPs - calls * (room.extrinsicPs + cost.fixedPs)
  return left < 0n ? 0 : Number(least(left / cost.eachPs, room.bytes / cost.eachBytes))
}

/** Calls without items in a block that holds nothing else. */
export function callsPerBlock(room: BlockRoom, { fixedPs, eachBytes }: Omit<Cost, 'eachPs'>): number {
  return Number(least(room.normalPs / (room.extrinsicPs + fixedPs), room.bytes / eachBytes))
}

/** To whole ones a second. */
export const perSecond = (perBlock: number, { blockMs }: BlockRoom) => Math.floor((perBlock * 1_000) / Number(blockMs))

/**
 * What orders cost that do not share pages: one page of its own for each but the first of every page that is paid for
 * already.
 */
export function unpacked(packed: Cost, pagePs: bigint, pageOrders: bigint): Cost {
  return { ...packed, eachPs: packed.eachPs + pagePs - pagePs / pageOrders }
}
