import { manualClock } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { createFindings } from '../src/findings.ts'
import { flowWatch } from '../src/flow-watch.ts'
import { memoryLog } from './support/fixtures.ts'

/** A day of clouds over an inverter that feeds all three phases. */
const GENERATION_W = Array.from({ length: 60 }, (_, i) => 3_000 + 2_700 * Math.sin(i * 1.7))

/** What is found where each phase is shown with this sign, or only their sum. */
function found(signs: readonly number[], phasesShown: boolean) {
  const findings = createFindings(manualClock(0), memoryLog())
  const watch = flowWatch(findings)
  for (const generationW of GENERATION_W) {
    const phasesW = signs.map((sign) => sign * (200 - generationW / signs.length))
    const totalW = phasesW.reduce((sum, w) => sum + w, 0)
    const sample = { importW: Math.max(0, totalW), exportW: Math.max(0, -totalW), ...(phasesShown && { phasesW }) }
    watch(sample, generationW)
  }
  return findings.standing()
}

describe('the power at the grid held against the generation', () => {
  it.each([
    { signs: [1, 1, 1], phasesShown: true, is: [] },
    { signs: [1, -1, 1], phasesShown: true, is: ['phase-2-reversed'] },
    { signs: [-1, 1, -1], phasesShown: true, is: ['phase-1-reversed', 'phase-3-reversed'] },
    { signs: [1], phasesShown: false, is: [] },
    { signs: [-1, -1, -1], phasesShown: false, is: ['power-reversed'] },
    // two thirds of what flows still have the right sign: only the phases tell
    { signs: [1, -1, 1], phasesShown: false, is: [] },
  ])('signs $signs, phases shown $phasesShown: $is', ({ signs, phasesShown, is }) => {
    expect(found(signs, phasesShown)).toEqual(is)
  })
})
