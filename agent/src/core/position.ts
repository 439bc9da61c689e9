import type { Side, TerminalState } from '@wattfleet/protocol'

/** What is known of one own order. Live until its end is known for certain: silence is not an end. */
export interface OrderRecord {
  readonly sequence: number
  readonly side: Side
  readonly slotStart: number
  readonly energyWh: number
  /** Never less than what trades and outcome, each by itself, say. */
  readonly tradedWh: number
  readonly state: 'live' | TerminalState
  /** A cancel has been signed for it. */
  readonly withdrawing: boolean
}

export interface Position {
  readonly tradedWh: number
  /** What may still trade of every order not known to have ended, those being withdrawn included. */
  readonly remainingWh: number
  /** The part of `remainingWh` that is being withdrawn. */
  readonly withdrawingWh: number
}

export function remainingOf(order: OrderRecord): number {
  return order.state === 'live' ? Math.max(0, order.energyWh - order.tradedWh) : 0
}

/** The position that these orders of one slot and side make. */
export function positionOf(orders: readonly OrderRecord[]): Position {
  let tradedWh = 0
  let remainingWh = 0
  let withdrawingWh = 0
  for (const order of orders) {
    tradedWh += order.tradedWh
    remainingWh += remainingOf(order)
    if (order.withdrawing) withdrawingWh += remainingOf(order)
  }
  return { tradedWh, remainingWh, withdrawingWh }
}
