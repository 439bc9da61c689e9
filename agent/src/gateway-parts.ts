import type { Clock } from '@wattfleet/protocol'
import type { Strategy } from './core/decide.ts'
import type { Heartbeat } from './core/heartbeat.ts'
import type { Findings } from './findings.ts'
import type { Identity } from './identity.ts'
import type { GridMeter, Link, Log, Outbox, Remote, Scheduler, SunSource } from './ports.ts'

/** What one gateway is made of: `main.ts` builds the parts, the loops use them. */
export interface GatewayParts {
  /** What slots, readings and orders are timed by. */
  readonly clock: Clock
  /** Runs at the clock's rate and is never stepped: pauses, and what a jump of the clock shows against. */
  readonly steady: Clock
  /** Real time that nobody steps: receipts and retries. */
  readonly transport: Clock
  readonly meter: GridMeter
  /** Absent where the house has no inverter that can be read. */
  readonly sun: SunSource | undefined
  readonly outbox: Outbox
  readonly link: Link
  readonly scheduler: Scheduler
  readonly identity: Identity
  readonly strategy: Strategy
  /** Between two readings, of the clock. */
  readonly pollMs: number
  /** In [0, 1): jitter only. */
  readonly random: () => number
  readonly findings: Findings
  /** Absent: nothing is taken from afar. */
  readonly remote?: Remote
  /** Where somebody watches whether the loops turn. */
  readonly heartbeat?: Heartbeat
  readonly log: Log
}
