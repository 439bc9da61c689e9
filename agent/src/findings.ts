import type { Clock } from '@wattfleet/protocol'
import type { Log } from './ports.ts'

/** What was found about a house's devices that an installer, or whoever watches the fleet, should know. */
export interface Findings {
  /** Takes in what was found, such as `import-counter-stuck`; it is logged when it did not stand already. */
  note(what: string, fields: object): void
  /** What stands now, sorted. */
  standing(): readonly string[]
}

/** What happened once, such as a reset, is shown for so long; what goes on is found again within it. */
const STANDS_MS = 86_400_000

export function createFindings(steady: Clock, log: Log): Findings {
  const lastMs = new Map<string, number>()
  const stands = (what: string) => steady.nowMs() - (lastMs.get(what) ?? Number.NEGATIVE_INFINITY) < STANDS_MS
  return {
    note(what, fields) {
      if (!stands(what)) log.warn(fields, `found: ${what}`)
      lastMs.set(what, steady.nowMs())
    },
    standing: () => [...lastMs.keys()].filter(stands).sort(),
  }
}
