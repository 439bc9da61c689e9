import { REASONS, type Reason } from '../reasons.ts'
import { allOf, type Body, natural, oneOf } from './fields.ts'
import type { Numbered } from './notice.ts'

export const TERMINAL_STATES = ['filled', 'cancelled', 'replaced', 'expired', 'rejected'] as const
export type TerminalState = (typeof TERMINAL_STATES)[number]

/** The end of one receipted order: exactly one per order. */
export interface Outcome extends Numbered {
  readonly epoch: number
  readonly sequence: number
  readonly state: TerminalState
  /** What was traded of it, in Wh. */
  readonly tradedWh: number
  /** Only with `rejected`. */
  readonly reason?: Reason
}

export function parseOutcome(body: Body): Outcome | undefined {
  const outcome = allOf({
    number: natural(body, 'number'),
    epoch: natural(body, 'epoch'),
    sequence: natural(body, 'sequence'),
    state: oneOf(body, 'state', TERMINAL_STATES),
    tradedWh: natural(body, 'tradedWh'),
  })
  if (outcome === undefined) return undefined
  const reason = oneOf(body, 'reason', REASONS)
  if ((outcome.state === 'rejected') !== (reason !== undefined)) return undefined
  return reason === undefined ? outcome : { ...outcome, reason }
}
