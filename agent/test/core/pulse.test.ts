import { describe, expect, it } from 'vitest'
import { createPulse } from '../../src/core/pulse.ts'

describe('a pulse', () => {
  it('is well before the first turn, while turns come in time, and after the loop has ended', () => {
    let nowMs = 1_000
    const pulse = createPulse(() => nowMs)
    nowMs += 1e9
    expect(pulse.isWell()).toBe(true)
    pulse.beat(60_000)
    nowMs += 60_000
    expect(pulse.isWell()).toBe(true)
    nowMs += 1
    expect(pulse.isWell()).toBe(false)
    pulse.beat(60_000)
    expect(pulse.isWell()).toBe(true)
    nowMs += 60_001
    pulse.rest()
    expect(pulse.isWell()).toBe(true)
  })
})
