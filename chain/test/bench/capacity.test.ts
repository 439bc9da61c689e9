import { describe, expect, it } from 'vitest'
import { type BlockRoom, type Cost, callsPerBlock, itemsPerBlock, perSecond, unpacked } from '../../bench/capacity.ts'
import { growthOf, sizesIn } from '../../bench/growth.ts'

const ROOM: BlockRoom = { normalPs: 1_000n, extrinsicPs: 10n, bytes: 10_000n, blockMs: 6_000n }
const COST: Cost = { fixedPs: 90n, eachPs: 7n, eachBytes: 100n }

describe('what fits into a block', () => {
  it.each([
    { what: 'weight is the limit', cost: COST, calls: 3n, items: 100 },
    { what: 'fewer calls leave more of it', cost: { ...COST, eachPs: 9n }, calls: 1n, items: 100 },
    { what: 'more calls leave less', cost: { ...COST, eachPs: 9n }, calls: 3n, items: 77 },
    { what: 'bytes are the limit', cost: { ...COST, eachBytes: 1_000n }, calls: 3n, items: 10 },
    { what: 'not even the calls fit', cost: { ...COST, fixedPs: 400n }, calls: 3n, items: 0 },
  ])('$what', ({ cost, calls, items }) => {
    expect(itemsPerBlock(ROOM, cost, calls)).toBe(items)
  })

  it('is counted in calls where they hold no items', () => {
    expect(callsPerBlock(ROOM, { fixedPs: 90n, eachBytes: 100n })).toBe(10)
    expect(callsPerBlock(ROOM, { fixedPs: 90n, eachBytes: 2_000n })).toBe(5)
  })

  it('is told by the second', () => {
    expect(perSecond(100, ROOM)).toBe(16)
  })

  it('is less where each order has a page of its own, of which one in so many was paid for', () => {
    expect(unpacked(COST, 32n, 32n)).toEqual({ ...COST, eachPs: 7n + 32n - 1n })
  })
})

describe('the growth of the state', () => {
  const output = 'running 1 test\nbytes of state every 500 blocks from 3000 on: [10, 12, 11, 12]\ntest growth ... ok\n'

  it('is read from what the test of 10,000 blocks prints', () => {
    expect(sizesIn(output)).toEqual([10, 12, 11, 12])
    expect(sizesIn('test growth ... ok')).toBeUndefined()
  })

  it('is the most of the second half over the most of the first', () => {
    expect(growthOf([10, 12, 11, 12])).toBe(1)
    expect(growthOf([10, 10, 20, 15])).toBe(2)
  })
})
