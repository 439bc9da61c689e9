import type { MoneyEvent, VaultEvent } from '@wattfleet/chain'
import { invariant } from '@wattfleet/protocol'
import { count, type Effects, type Handlers, nothing } from './effects.ts'
import type { AccountRow, IndexRows } from './rows.ts'

export function noMoney(account: string): AccountRow {
  return { account, freeNano: 0n, lockedNano: 0n }
}

type Sum = 'issuedNano' | 'debitedNano' | 'creditedNano'
interface Move {
  readonly free: bigint
  readonly locked: bigint
  /** The sum that it counts in, and how. */
  readonly sum?: readonly [Sum, bigint]
}

/** How an event moves free and locked. */
const MOVES: Readonly<Record<MoneyEvent['type'], Move>> = {
  issued: { free: 1n, locked: 0n, sum: ['issuedNano', 1n] },
  locked: { free: -1n, locked: 1n },
  released: { free: 1n, locked: -1n },
  debited: { free: 0n, locked: -1n, sum: ['debitedNano', 1n] },
  charged: { free: -1n, locked: 0n, sum: ['debitedNano', 1n] },
  credited: { free: 1n, locked: 0n, sum: ['creditedNano', 1n] },
  redeemed: { free: 0n, locked: -1n, sum: ['issuedNano', -1n] },
}

function move(rows: IndexRows, event: MoneyEvent, effects: Effects): void {
  const { account, amountNano } = event
  const { free, locked, sum } = MOVES[event.type]
  const before = rows.accounts.get(account) ?? noMoney(account)
  const after: AccountRow = {
    account,
    freeNano: before.freeNano + free * amountNano,
    lockedNano: before.lockedNano + locked * amountNano,
  }
  invariant(after.freeNano >= 0n && after.lockedNano >= 0n, `balance of ${account} negative after ${event.type}`)
  rows.accounts.put(after)
  effects.touched.add(account)
  if (sum === undefined) return
  const [name, sign] = sum
  count(rows, (totals) => ({ [name]: totals[name] + sign * amountNano }))
}

/** Withdrawals, debts and claims move nothing by themselves: what they move is said by events of its own. */
export const MONEY_HANDLERS: Handlers<VaultEvent['type']> = {
  issued: move,
  locked: move,
  released: move,
  debited: move,
  charged: move,
  credited: move,
  redeemed: move,
  'withdrawal-requested': nothing,
  'withdrawal-declined': nothing,
  'debt-set': nothing,
  'claim-set': nothing,
}
