import type { ExchangeEvent } from '@wattfleet/chain'
import { type CommunityRules, slotTimes } from '@wattfleet/protocol'

interface Trade {
  readonly buyerSite: string
  readonly sellerSite: string
  /** Sites whose settlement is awaited. */
  readonly sites: Set<string>
  /** Undefined before it is executed; a correction says what it comes to now. */
  allocatedWh?: number
}

interface Site {
  readonly allocatedBoughtWh: number
  readonly allocatedSoldWh: number
}

/** A slot's trades and settlements, kept as long as they can be corrected. */
interface Slot {
  readonly trades: Map<number, Trade>
  readonly sites: Map<string, Site>
}

type Traded = Extract<ExchangeEvent, { type: 'trade' }>

/**
 * What trades and slots come to. The energy bought is summed from the settlements of the buying sites, that sold from those
 * of the selling sites: each for itself. Where a trade is corrected, its two sites' sums follow; the site that it was
 * corrected for says its own again.
 */
export function createSettled() {
  const sum = { settled: 0, energyBoughtWh: 0, energySoldWh: 0 }
  const slots = new Map<number, Slot>()
  const slotOfTrade = new Map<number, number>()
  const open = new Map<number, Trade>()
  let rules: CommunityRules | undefined

  const slotOf = (slotStart: number): Slot => {
    const slot = slots.get(slotStart) ?? { trades: new Map(), sites: new Map() }
    slots.set(slotStart, slot)
    return slot
  }

  const add = ({ trade: number, slotStart, buyerSite, sellerSite }: Traded) => {
    const trade: Trade = { buyerSite, sellerSite, sites: new Set([buyerSite, sellerSite]) }
    slotOf(slotStart).trades.set(number, trade)
    slotOfTrade.set(number, slotStart)
    open.set(number, trade)
  }

  const settle = (slot: Slot, site: string, now: Site) => {
    const before = slot.sites.get(site)
    sum.energyBoughtWh += now.allocatedBoughtWh - (before?.allocatedBoughtWh ?? 0)
    sum.energySoldWh += now.allocatedSoldWh - (before?.allocatedSoldWh ?? 0)
    slot.sites.set(site, now)
  }

  const correct = (number: number, allocatedWh: number) => {
    const slot = slots.get(slotOfTrade.get(number) ?? -1)
    const trade = slot?.trades.get(number)
    if (slot === undefined || trade === undefined) return
    const moreWh = allocatedWh - (trade.allocatedWh ?? 0)
    trade.allocatedWh = allocatedWh
    const [buyer, seller] = [slot.sites.get(trade.buyerSite), slot.sites.get(trade.sellerSite)]
    if (buyer) settle(slot, trade.buyerSite, { ...buyer, allocatedBoughtWh: buyer.allocatedBoughtWh + moreWh })
    if (seller) settle(slot, trade.sellerSite, { ...seller, allocatedSoldWh: seller.allocatedSoldWh + moreWh })
  }

  const finish = () => {
    for (const [number, { allocatedWh, sites }] of open) {
      if (allocatedWh === undefined || sites.size > 0) continue
      open.delete(number)
      sum.settled += 1
    }
  }

  const count = (event: ExchangeEvent): void => {
    switch (event.type) {
      case 'community-set':
        rules = event.rules
        return
      case 'trade':
        add(event)
        return
      case 'trade-executed': {
        const trade = open.get(event.trade)
        if (trade !== undefined) trade.allocatedWh = event.allocatedWh
        finish()
        return
      }
      case 'trade-corrected':
        correct(event.trade, event.allocatedWh)
        return
      case 'trade-given-up':
        open.delete(event.trade)
        return
      case 'site-settled': {
        // its sums are not complete yet
        if (event.pending > 0) return
        const slot = slotOf(event.slotStart)
        settle(slot, event.site, event)
        for (const trade of slot.trades.values()) trade.sites.delete(event.site)
        finish()
        return
      }
      default:
        return
    }
  }

  return {
    sum,
    count,
    /** Whether every executed trade is settled for both sites, so that the sums belong together. */
    isEven: () => [...open.values()].every(({ allocatedWh }) => allocatedWh === undefined),
    /** Lets go of slots that cannot be corrected any more. */
    forget(nowS: number) {
      if (rules === undefined) return
      for (const [slotStart, { trades }] of slots) {
        if (slotTimes(slotStart, rules).forgottenFrom >= nowS) return
        for (const number of trades.keys()) slotOfTrade.delete(number)
        slots.delete(slotStart)
      }
    },
  }
}
