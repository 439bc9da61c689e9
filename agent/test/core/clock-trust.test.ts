import { describe, expect, it } from 'vitest'
import { JUMP_MS, look, STAND_MS, trustAtStart } from '../../src/core/clock-trust.ts'

const YEAR = 365 * 86_400_000
const BOOT = 1_800_000_000_000

/** Whether the clock is believed at each look: minutes of the steady clock, and how far the other is off then. */
function believed(looks: readonly (readonly [minute: number, offMs: number])[]): readonly boolean[] {
  let trust = trustAtStart(BOOT, 0)
  return looks.map(([minute, offMs]) => {
    const steadyMs = minute * 60_000
    trust = look(trust, BOOT + steadyMs + offMs, steadyMs)
    return trust.jump === undefined
  })
}

describe('look', () => {
  it.each([
    {
      name: 'a clock that runs',
      looks: [
        [1, 0],
        [60, 3],
        [100_000, -2],
      ],
      verdicts: [true, true, true],
    },
    {
      name: 'a step within the bound',
      looks: [
        [1, JUMP_MS],
        [2, JUMP_MS],
      ],
      verdicts: [true, true],
    },
    {
      name: 'a glitch of minutes',
      looks: [
        [1, 0],
        [2, YEAR],
        [6, YEAR],
        [7, 0],
      ],
      verdicts: [true, false, false, true],
    },
    {
      name: 'a jump that stands',
      looks: [
        [1, YEAR],
        [5, YEAR],
        [6, YEAR + 9],
      ],
      verdicts: [false, false, true],
    },
    {
      name: 'a jump that jumps again is patience from the start',
      looks: [
        [1, YEAR],
        [5, 2 * YEAR],
        [7, 2 * YEAR],
        [10, 2 * YEAR],
      ],
      verdicts: [false, false, false, true],
    },
    {
      name: 'a clock that went back and returns',
      looks: [
        [1, -YEAR],
        [2, 0],
      ],
      verdicts: [true, true],
    },
    {
      name: 'a glitch, the truth, the same glitch',
      looks: [
        [1, YEAR],
        [3, 0],
        [7, YEAR],
        [9, YEAR],
      ],
      verdicts: [false, true, false, false],
    },
  ] as const)('$name', ({ looks, verdicts }) => {
    expect(believed(looks)).toEqual(verdicts)
  })

  it('holds a jump for its whole time, and no longer', () => {
    const jumped = look(trustAtStart(BOOT, 0), BOOT + YEAR, 0)
    expect(look(jumped, BOOT + YEAR + STAND_MS - 1, STAND_MS - 1).jump).toBeDefined()
    expect(look(jumped, BOOT + YEAR + STAND_MS, STAND_MS)).toEqual({ offsetMs: BOOT + YEAR })
  })
})
