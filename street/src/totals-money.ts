import type { ExchangeEvent } from '@wattfleet/chain'

/** Money as the events move it: sums, and what each account has, free and locked together. */
export function createMoney() {
  const sum = { inNano: 0n, outNano: 0n, issuedNano: 0n }
  const balances = new Map<string, bigint>()
  const move = (account: string, byNano: bigint) => balances.set(account, (balances.get(account) ?? 0n) + byNano)

  const count = (event: ExchangeEvent): void => {
    switch (event.type) {
      case 'issued':
        sum.issuedNano += event.amountNano
        move(event.account, event.amountNano)
        return
      case 'redeemed':
        sum.issuedNano -= event.amountNano
        move(event.account, -event.amountNano)
        return
      case 'debited':
      case 'charged':
        sum.inNano += event.amountNano
        move(event.account, -event.amountNano)
        return
      case 'credited':
        sum.outNano += event.amountNano
        move(event.account, event.amountNano)
        return
      default:
        return
    }
  }
  return { sum, balances, count }
}
