import { isRetryable, type Reason, type Side } from '@wattfleet/protocol'
import type { OrderRecord } from '../core/position.ts'

/** The hash before the first energy message of an epoch. */
export const NO_PREVIOUS = new Uint8Array(32)

/** An order as it is kept. What trades and outcome say of its energy is kept apart: either may arrive first. */
export interface StoredOrder {
  readonly sequence: number
  readonly epoch: number
  readonly side: Side
  readonly slotStart: number
  readonly energyWh: number
  tradesWh: number
  outcomeWh: number
  /** `refused`: rejected by a receipt alone, which the hub may still take back; `rejected`: by its outcome. */
  state: OrderRecord['state'] | 'refused'
  withdrawing: number
}

export function toRecord(row: StoredOrder): OrderRecord {
  const { sequence, side, slotStart, energyWh } = row
  const state = row.state === 'refused' ? 'rejected' : row.state
  const tradedWh = Math.max(row.tradesWh, row.outcomeWh)
  return { sequence, side, slotStart, energyWh, tradedWh, state, withdrawing: row.withdrawing === 1 }
}

/** Whether a refusal ends the message: the same bytes can never succeed. */
export function isFinal(reason: Reason): boolean {
  return !isRetryable(reason)
}
