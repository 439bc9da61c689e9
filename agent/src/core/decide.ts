import { type CommunityRules, ENERGY_TYPE, type Side, slotStartOf, slotTimes } from '@wattfleet/protocol'
import type { SlotForecast } from './forecast.ts'
import { type OrderRecord, positionOf, remainingOf } from './position.ts'

/** How this house trades. Prices in micro-currency per kWh: a bid's includes fees, an offer's is before fees. */
export interface Strategy {
  readonly bidMicro: number
  readonly offerMicro: number
  /** How many slots ahead are traded; persistence of the sun makes no sense beyond a few. */
  readonly horizonSlots: number
  /** Less than this is not worth an order. */
  readonly minimumWh: number
}

export interface Market {
  readonly rules: CommunityRules
  /** Most this site may trade per slot, from its grant. */
  readonly capImportWh: number
  readonly capExportWh: number
}

export type Action =
  | {
      readonly type: 'place'
      readonly side: Side
      readonly slotStart: number
      readonly energyWh: number
      readonly priceMicro: number
      readonly energyTypes: number
    }
  | { readonly type: 'cancel'; readonly target: number }

/** Orders ever placed per slot and side: a forecast that wavers must not flood the book. */
export const MOST_ORDERS_PER_SIDE = 8
/** After this many refusals a slot and side is left alone: the reason will not go away by asking again. */
export const MOST_REJECTIONS_PER_SIDE = 3
/** An overhang of less than this share of the forecast is left: persistence is no better than that. */
const TOLERATED_SHARE = 0.2

/**
 * What to do about every slot whose spot market takes orders now. Per slot and side the position is
 * forecast − traded − what remains of every order not known to have ended: a positive one becomes an order, an
 * overhang is withdrawn. Orders are withdrawn and not replaced: what an order trades while its replacement is on the
 * way would be sold twice, so the new order waits for the outcome of the old. `sunShines`: an inverter says that it
 * produces now; without its word nothing is sold as sun.
 */
export function decide(
  nowS: number,
  forecast: SlotForecast,
  orders: readonly OrderRecord[],
  market: Market,
  strategy: Strategy,
  sunShines: boolean,
): readonly Action[] {
  return tradableSlots(nowS, market.rules, strategy.horizonSlots).flatMap((slotStart) => {
    const mine = orders.filter((order) => order.slotStart === slotStart)
    const energyTypes = sunShines ? ENERGY_TYPE.sun : ENERGY_TYPE.other
    return [
      ...decideSide(
        { side: 'bid', slotStart, priceMicro: strategy.bidMicro, energyTypes: 0 },
        Math.min(forecast.importWh, market.capImportWh),
        mine.filter((order) => order.side === 'bid'),
        strategy.minimumWh,
      ),
      ...decideSide(
        { side: 'offer', slotStart, priceMicro: strategy.offerMicro, energyTypes },
        Math.min(forecast.exportWh, market.capExportWh),
        mine.filter((order) => order.side === 'offer'),
        strategy.minimumWh,
      ),
    ]
  })
}

/** The next `count` slots for which intake takes orders at `nowS`. */
export function tradableSlots(nowS: number, rules: CommunityRules, count: number): readonly number[] {
  const first = slotStartOf(nowS + rules.relayMarginS, rules.slotLengthS) + rules.slotLengthS
  const slots: number[] = []
  for (let slotStart = first; slots.length < count; slotStart += rules.slotLengthS) {
    const times = slotTimes(slotStart, rules)
    if (nowS < times.opensAt) break
    if (nowS < times.intakeClosesAt) slots.push(slotStart)
  }
  return slots
}

type Terms = Omit<Extract<Action, { type: 'place' }>, 'type' | 'energyWh'>

function decideSide(
  terms: Terms,
  targetWh: number,
  orders: readonly OrderRecord[],
  minimumWh: number,
): readonly Action[] {
  const { tradedWh, remainingWh, withdrawingWh } = positionOf(orders)
  const freeWh = targetWh - tradedWh - remainingWh
  if (freeWh > 0 && freeWh >= minimumWh) {
    const rejected = orders.filter((order) => order.state === 'rejected').length
    const enough = orders.length >= MOST_ORDERS_PER_SIDE || rejected >= MOST_REJECTIONS_PER_SIDE
    return enough ? [] : [{ type: 'place', ...terms, energyWh: freeWh }]
  }
  const overhangWh = tradedWh + remainingWh - withdrawingWh - targetWh
  if (overhangWh <= Math.max(minimumWh, targetWh * TOLERATED_SHARE)) return []
  return withdraw(overhangWh, orders)
}

/** Cancels, the newest first, until the overhang is gone or nothing is left to withdraw. */
function withdraw(overhangWh: number, orders: readonly OrderRecord[]): readonly Action[] {
  const open = orders.filter((order) => !order.withdrawing && remainingOf(order) > 0)
  const actions: Action[] = []
  let left = overhangWh
  for (const order of open.toSorted((a, b) => b.sequence - a.sequence)) {
    if (left <= 0) break
    actions.push({ type: 'cancel', target: order.sequence })
    left -= remainingOf(order)
  }
  return actions
}
