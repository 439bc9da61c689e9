import type { ExchangeEvent, FinalizedBlock } from '@wattfleet/chain'

/** What the chain's finalized events add up to since block 0. */
export interface Totals {
  readonly orders: number
  readonly trades: number
  /** Trades executed and settled for both of their sites. */
  readonly settled: number
  /** Allocated, as the settlements of the buying sites have it. */
  readonly energyBoughtWh: number
  /** Allocated, as the settlements of the selling sites have it. */
  readonly energySoldWh: number
  /** What left accounts at execution: energy, fees and penalties. */
  readonly moneyInNano: bigint
  /** What arrived in accounts: sellers, grid operator, balancing account. */
  readonly moneyOutNano: bigint
  /** Items and matches that the chain refused. */
  readonly refused: number
  readonly gateways: number
}

interface OpenTrade {
  readonly slotStart: number
  readonly sites: Set<string>
  executed: boolean
}

/** Sums finalized events, block by block. */
export interface Ledger {
  add(block: FinalizedBlock): void
  totals(): Totals
  /** Whether every executed trade is settled for both sites, so that the totals belong together. */
  isEven(): boolean
  /** Balances by account as the events have them: free and locked together. */
  balances(): ReadonlyMap<string, bigint>
  issuedNano(): bigint
}

export function createLedger(): Ledger {
  const sum = { orders: 0, trades: 0, settled: 0, energyBoughtWh: 0, energySoldWh: 0, refused: 0, gateways: 0 }
  const money = { inNano: 0n, outNano: 0n, issuedNano: 0n }
  const open = new Map<number, OpenTrade>()
  const balances = new Map<string, bigint>()

  const move = (account: string, byNano: bigint) => balances.set(account, (balances.get(account) ?? 0n) + byNano)

  const finish = () => {
    for (const [trade, { executed, sites }] of open) {
      if (!executed || sites.size > 0) continue
      open.delete(trade)
      sum.settled += 1
    }
  }

  const count = (event: ExchangeEvent): void => {
    switch (event.type) {
      case 'gateway-enrolled':
        sum.gateways += 1
        return
      case 'order-entered':
        sum.orders += 1
        return
      case 'item-rejected':
      case 'match-rejected':
        sum.refused += 1
        return
      case 'trade': {
        const { trade, slotStart, buyerSite, sellerSite } = event
        sum.trades += 1
        open.set(trade, { slotStart, sites: new Set([buyerSite, sellerSite]), executed: false })
        return
      }
      case 'trade-executed': {
        const trade = open.get(event.trade)
        if (trade !== undefined) trade.executed = true
        return
      }
      case 'site-settled':
        sum.energyBoughtWh += event.allocatedBoughtWh
        sum.energySoldWh += event.allocatedSoldWh
        for (const { slotStart, sites } of open.values()) if (slotStart === event.slotStart) sites.delete(event.site)
        return
      case 'issued':
        money.issuedNano += event.amountNano
        move(event.account, event.amountNano)
        return
      case 'debited':
        money.inNano += event.amountNano
        move(event.account, -event.amountNano)
        return
      case 'credited':
        money.outNano += event.amountNano
        move(event.account, event.amountNano)
        return
      default:
        return
    }
  }

  return {
    add(block) {
      for (const event of block.events) count(event)
      finish()
    },
    totals: () => ({ ...sum, moneyInNano: money.inNano, moneyOutNano: money.outNano }),
    isEven: () => [...open.values()].every(({ executed }) => !executed),
    balances: () => balances,
    issuedNano: () => money.issuedNano,
  }
}

/** The step of the way that these totals have not reached. */
export function missingStep(totals: Totals, sites: number): string {
  if (totals.gateways < sites) return `enrolment: ${totals.gateways} of ${sites} gateways are on the chain`
  if (totals.orders === 0) return 'orders: none has entered the chain'
  if (totals.trades === 0) return 'matching: no two orders have been matched'
  if (totals.settled === 0) return 'settlement: no trade has been settled'
  return `settlement: ${totals.settled} trades have settled`
}
