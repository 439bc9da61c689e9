import type { Side } from '../messages/order.ts'
import { allOf, type Body, natural, oneOf } from './fields.ts'
import type { Numbered } from './notice.ts'

/** One trade of one of this gateway's orders, from a finalized block. */
export interface TradeNotice extends Numbered {
  readonly trade: number
  readonly epoch: number
  /** The order's sequence. */
  readonly sequence: number
  readonly slotStart: number
  readonly side: Side
  readonly energyWh: number
  /** What this side pays or gets per kWh: the buyer's rate includes the fee, the seller's is without. */
  readonly rateMicro: number
}

export function parseTradeNotice(body: Body): TradeNotice | undefined {
  return allOf({
    number: natural(body, 'number'),
    trade: natural(body, 'trade'),
    epoch: natural(body, 'epoch'),
    sequence: natural(body, 'sequence'),
    slotStart: natural(body, 'slotStart'),
    side: oneOf(body, 'side', ['bid', 'offer']),
    energyWh: natural(body, 'energyWh'),
    rateMicro: natural(body, 'rateMicro'),
  })
}
