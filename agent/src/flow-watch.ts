import { checkFlow, type FlowCheck, suspicions } from '@wattfleet/devices'
import type { Findings } from './findings.ts'
import type { MeterReading } from './ports.ts'

/** Takes in the grid's powers and what the inverter gave at the same moment, W. */
export type FlowWatch = (sample: Pick<MeterReading, 'importW' | 'exportW' | 'phasesW'>, generationW: number) => void

/**
 * Notes `phase-1-reversed` where a phase's current transformer seems to be the wrong way round, or `power-reversed` where the
 * meter shows only their sum. The installer has to look: see `suspicions`.
 */
export function flowWatch(findings: Findings): FlowWatch {
  let check: FlowCheck | undefined
  return ({ importW, exportW, phasesW }, generationW) => {
    const gridW = phasesW ?? [importW - exportW]
    check = checkFlow(check, { gridW, generationW })
    for (const { phase, correlation, changes } of suspicions(check)) {
      const what = gridW.length === 1 ? 'power-reversed' : `phase-${phase + 1}-reversed`
      findings.note(what, { correlation: Number(correlation.toFixed(2)), changes })
    }
  }
}
