import type { ExchangeEvent, FinalizedBlock } from '@wattfleet/chain'
import type { BlockRecord, NewNotice } from '../ports.ts'
import { type IndexRows, NO_TOTALS, ONLY, type SettlementRow, type TotalsRow } from './rows.ts'

/** What a block has meant so far, while it is being taken in. */
export interface Effects {
  readonly block: FinalizedBlock
  readonly entered: string[]
  readonly ended: { id: string; tradedWh: number }[]
  readonly rejected: BlockRecord['rejected'][number][]
  readonly notices: NewNotice[]
  /** Members whose money moved, or who got a new gateway that must learn it. */
  readonly touched: Set<string>
  /** Settlements that are new or came to something else, as they are at the end of the block, by slot and site. */
  readonly settled: Map<string, SettlementRow>
}

export type Handler<T extends ExchangeEvent['type']> = (
  rows: IndexRows,
  event: Extract<ExchangeEvent, { type: T }>,
  effects: Effects,
  place: number,
) => void
export type Handlers<T extends ExchangeEvent['type'] = ExchangeEvent['type']> = { readonly [K in T]: Handler<K> }

/** For what is said of nothing that the index holds. */
export const nothing = (): void => {}

/** Changes the running sums. */
export function count(rows: IndexRows, change: (totals: TotalsRow) => Partial<TotalsRow>): void {
  const totals = rows.totals.get(ONLY) ?? NO_TOTALS
  rows.totals.put({ ...totals, ...change(totals) })
}
