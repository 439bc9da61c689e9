import type { ExchangeEvent, FinalizedBlock } from '@wattfleet/chain'
import { createMoney } from './totals-money.ts'
import { createSettled } from './totals-settled.ts'

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
  /** What left accounts at execution and by corrections: energy, fees and penalties. */
  readonly moneyInNano: bigint
  /** What arrived in accounts: sellers, grid operator, balancing account. */
  readonly moneyOutNano: bigint
  /** Items and matches that the chain refused. */
  readonly refused: number
  readonly gateways: number
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
  const sum = { orders: 0, trades: 0, refused: 0, gateways: 0 }
  const energy = createSettled()
  const money = createMoney()

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
      case 'trade':
        sum.trades += 1
        return
      default:
        return
    }
  }

  return {
    add(block) {
      for (const event of block.events) {
        count(event)
        energy.count(event)
        money.count(event)
      }
      energy.forget(block.timestampS)
    },
    totals: () => ({ ...sum, ...energy.sum, moneyInNano: money.sum.inNano, moneyOutNano: money.sum.outNano }),
    isEven: energy.isEven,
    balances: () => money.balances,
    issuedNano: () => money.sum.issuedNano,
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
