import { allOf, type Body, nano, natural } from './fields.ts'
import type { Numbered } from './notice.ts'

/** How one slot of this site was executed, from a finalized block: what a household needs to see why its bill is what it is. */
export interface SettlementNotice extends Numbered {
  readonly slotStart: number
  readonly soldWh: number
  readonly boughtWh: number
  readonly allocatedSoldWh: number
  readonly allocatedBoughtWh: number
  readonly shortfallWh: number
  readonly unusedWh: number
  /** Paid by this site, energy, fees and penalties together. */
  readonly paidNano: bigint
  readonly receivedNano: bigint
}

export function settlementBody(notice: SettlementNotice): Body {
  return { ...notice, paidNano: String(notice.paidNano), receivedNano: String(notice.receivedNano) }
}

export function parseSettlementNotice(body: Body): SettlementNotice | undefined {
  return allOf({
    number: natural(body, 'number'),
    slotStart: natural(body, 'slotStart'),
    soldWh: natural(body, 'soldWh'),
    boughtWh: natural(body, 'boughtWh'),
    allocatedSoldWh: natural(body, 'allocatedSoldWh'),
    allocatedBoughtWh: natural(body, 'allocatedBoughtWh'),
    shortfallWh: natural(body, 'shortfallWh'),
    unusedWh: natural(body, 'unusedWh'),
    paidNano: nano(body, 'paidNano'),
    receivedNano: nano(body, 'receivedNano'),
  })
}
