import { describe, expect, it } from 'vitest'
import { createHeartbeat } from '../../src/core/heartbeat.ts'

describe('a heartbeat', () => {
  it('is well before the first turn, while turns come in time, and after the loop has ended', () => {
    let nowMs = 1_000
    const heartbeat = createHeartbeat(() => nowMs)
    nowMs += 1e9
    expect(heartbeat.isWell()).toBe(true)
    heartbeat.beat(60_000)
    nowMs += 60_000
    expect(heartbeat.isWell()).toBe(true)
    nowMs += 1
    expect(heartbeat.isWell()).toBe(false)
    heartbeat.beat(60_000)
    expect(heartbeat.isWell()).toBe(true)
    nowMs += 60_001
    heartbeat.rest()
    expect(heartbeat.isWell()).toBe(true)
  })
})
