import type { OrderRow } from '../orderbook/rows.ts'
import type { OpenOrder } from '../ports.ts'

/** An open order's row as the matching engine reads it: it entered, so it has its places. */
export function openOrder(row: OrderRow): OpenOrder {
  const { id, gateway, side, member, zone, priceMicro, remainingWh, energyTypes, block, place, marketPosition } = row
  const entered = { block: block ?? 0, index: place ?? 0, position: marketPosition ?? 0 }
  return { id, gateway, side, member, zone, priceMicro, remainingWh, energyTypes, ...entered }
}
