import type { SettlementEvent } from '@wattfleet/chain'
import {
  type BalanceNotice,
  balanceBody,
  type Outcome,
  type Reason,
  type SettlementNotice,
  settlementBody,
  type TerminalState,
  type TradeNotice,
} from '@wattfleet/protocol'
import type { NewNotice } from '../ports.ts'
import type { AccountRow, OrderRow, SettlementRow } from './rows.ts'

/*
 * Notices: numbered per gateway key from 1, without gaps, whatever happens to this process or to the index.
 *
 * The numbers live in the inbox, not in the index. A notice is kept there by what it is about: `outcome:<order>`,
 * `trade:<number>:<side>`, `settlement:<community>:<slot>:<block>`, `balance:<block>`, unique per gateway. A block's notices are
 * appended there, durably, before the index commits the block. Whoever dies in between, or deletes the index and follows
 * from block 0 again, appends them again, which changes nothing and takes no number. An order that never entered the chain
 * gets its outcome the same way, so there can be one outcome for an order and no second.
 *
 * Old notices that their gateway has acknowledged are forgotten, and what they were about with them. The inbox then knows
 * up to which block it has had all notices of the chain, and takes none of those blocks again.
 */

/** A body without its number, which is given when the notice is stored. */
type Unnumbered<T> = Omit<T, 'number'>

export function outcomeAbout(orderId: string): string {
  return `outcome:${orderId}`
}

export interface Ending {
  readonly id: string
  readonly gateway: string
  readonly epoch: number
  readonly sequence: number
  readonly state: TerminalState
  readonly tradedWh: number
  readonly reason?: Reason
}

export function endingNotice(ending: Ending): NewNotice {
  const { id, gateway, epoch, sequence, state, tradedWh, reason } = ending
  const body: Unnumbered<Outcome> = { epoch, sequence, state, tradedWh, ...(reason === undefined ? {} : { reason }) }
  return { gateway, about: outcomeAbout(id), kind: 'outcome', body: { ...body } }
}

/** The outcome of an order that ended on the chain. */
export function outcomeNotice(order: OrderRow): NewNotice {
  const { id, gateway, epoch, sequence, state, energyWh, remainingWh } = order
  if (state === 'open') throw new RangeError(`order ${id} has not ended`)
  return endingNotice({ id, gateway, epoch, sequence, state, tradedWh: energyWh - remainingWh })
}

/** Both sides of a trade. */
export function tradeNotices(
  trade: Extract<SettlementEvent, { type: 'trade' }>,
  bid: OrderRow,
  offer: OrderRow,
): NewNotice[] {
  return [bid, offer].map((order) => {
    const body: Unnumbered<TradeNotice> = {
      trade: trade.trade,
      epoch: order.epoch,
      sequence: order.sequence,
      slotStart: trade.slotStart,
      side: order.side,
      energyWh: trade.energyWh,
      rateMicro: order.side === 'bid' ? trade.buyerRateMicro : trade.sellerRateMicro,
    }
    return { gateway: order.gateway, about: `trade:${trade.trade}:${order.side}`, kind: 'trade', body: { ...body } }
  })
}

export function settlementNotice(gateway: string, row: SettlementRow): NewNotice {
  const notice: SettlementNotice = {
    number: 0,
    slotStart: row.slotStart,
    soldWh: row.soldWh,
    boughtWh: row.boughtWh,
    allocatedSoldWh: row.allocatedSoldWh,
    allocatedBoughtWh: row.allocatedBoughtWh,
    shortfallWh: row.shortfallWh,
    unusedWh: row.unusedWh,
    paidNano: row.paidNano,
    receivedNano: row.receivedNano,
  }
  const { number: _, ...body } = settlementBody(notice)
  // once more after each correction
  const about = `settlement:${row.community}:${row.slotStart}:${row.block}`
  return { gateway, about, kind: 'settlement', body }
}

/** The member's money at the end of a block that moved it. */
export function balanceNotice(gateway: string, account: AccountRow, block: number): NewNotice {
  const notice: BalanceNotice = { number: 0, freeNano: account.freeNano, lockedNano: account.lockedNano }
  const { number: _, ...body } = balanceBody(notice)
  return { gateway, about: `balance:${block}`, kind: 'balance', body }
}
