import { describe, expect, it } from 'vitest'
import { afterFault, FIRST_WAIT_MS, LONGEST_WAIT_MS, RESTED, waitLeftMs } from '../../src/core/back-off.ts'

describe('back-off', () => {
  it('doubles up to the longest wait', () => {
    const waits: number[] = []
    for (let i = 0, state = RESTED; i < 9; i++) {
      state = afterFault(state, 1000)
      waits.push(waitLeftMs(state, 1000))
    }
    expect(waits.slice(0, 4)).toEqual([1, 2, 4, 8].map((n) => n * FIRST_WAIT_MS))
    expect(waits.at(-1)).toBe(LONGEST_WAIT_MS)
  })

  it('is over when its time is', () => {
    const state = afterFault(RESTED, 1000)
    expect(waitLeftMs(state, 1000 + FIRST_WAIT_MS)).toBe(0)
    expect(waitLeftMs(RESTED, 0)).toBe(0)
  })
})
