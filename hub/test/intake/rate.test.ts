import { describe, expect, it } from 'vitest'
import { createRateLimiter } from '../../src/intake/rate.ts'

describe('the rate limit', () => {
  it('allows a burst, then what time brings, to each sender alone', () => {
    let nowMs = 0
    const limiter = createRateLimiter({ perSecond: 2, burst: 3 }, () => nowMs)
    const takes = (sender: string, n: number) => Array.from({ length: n }, () => limiter.take(sender))
    expect(takes('a', 5)).toEqual([true, true, true, false, false])
    expect(takes('b', 1)).toEqual([true])
    nowMs = 500
    expect(takes('a', 2)).toEqual([true, false])
    nowMs = 1_000_000
    expect(takes('a', 4)).toEqual([true, true, true, false])
  })
})
