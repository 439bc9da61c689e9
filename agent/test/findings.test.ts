import { manualClock } from '@wattfleet/protocol'
import { expect, it } from 'vitest'
import { createFindings } from '../src/findings.ts'
import { memoryLog } from './support/fixtures.ts'

const HOUR_MS = 3_600_000

it('shows what was found within a day, and logs it when it did not stand already', async () => {
  const clock = manualClock(0)
  const log = memoryLog()
  const findings = createFindings(clock, log)
  expect(findings.standing()).toEqual([])
  findings.note('phase-2-reversed', { correlation: 0.9 })
  findings.note('import-counter-reset', { energyWh: 3 })
  await clock.advance(20 * HOUR_MS)
  findings.note('phase-2-reversed', { correlation: 0.8 })
  expect(findings.standing()).toEqual(['import-counter-reset', 'phase-2-reversed'])
  await clock.advance(4 * HOUR_MS)
  expect(findings.standing()).toEqual(['phase-2-reversed'])
  findings.note('import-counter-reset', { energyWh: 1 })
  expect(log.lines.map(({ message, fields }) => [message, fields])).toEqual([
    ['found: phase-2-reversed', { correlation: 0.9 }],
    ['found: import-counter-reset', { energyWh: 3 }],
    ['found: import-counter-reset', { energyWh: 1 }],
  ])
})
