import type { ChainQueries } from '@wattfleet/chain'
import { Fault } from '@wattfleet/protocol'
import type { Ledger, Totals } from './totals.ts'

/** The last line of `--once`. Sums of money are decimal texts: they pass what JSON's numbers hold exactly. */
export function onceResult(totals: Totals, firstSettledMs: number) {
  const { orders, trades, settled, energyBoughtWh, energySoldWh, moneyInNano, moneyOutNano, refused } = totals
  return {
    orders,
    trades,
    settled,
    energyBoughtWh,
    energySoldWh,
    moneyInNano: String(moneyInNano),
    moneyOutNano: String(moneyOutNano),
    refused,
    firstSettledMs,
  }
}

/**
 * Holds the sums of the events against the balances that the chain stores: all money is somewhere, and where the events
 * say. Throws Fault `chain` naming the account that differs.
 */
export async function auditFunds(ledger: Ledger, queries: ChainQueries): Promise<void> {
  const issued = await queries.issuedNano()
  if (issued !== ledger.issuedNano()) {
    throw new Fault('chain', `issued ${ledger.issuedNano()} nano by events, ${issued} by the chain's state`)
  }
  let held = 0n
  for (const [account, byEvents] of ledger.balances()) {
    const { freeNano, lockedNano } = await queries.funds(account)
    held += freeNano + lockedNano
    if (freeNano + lockedNano !== byEvents) {
      throw new Fault('chain', `account ${account} holds ${freeNano + lockedNano} nano, by events ${byEvents}`)
    }
  }
  if (held !== issued) throw new Fault('chain', `accounts hold ${held} nano of ${issued} issued`)
}
