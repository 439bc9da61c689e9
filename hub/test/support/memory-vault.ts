import type { VaultEvent } from '@wattfleet/chain'

/** Free and locked money of accounts, nano-currency; every movement is an event. Throws where an account cannot cover it. */
export interface MemoryVault {
  issue(account: string, amountNano: bigint): void
  lock(account: string, amountNano: bigint): boolean
  release(account: string, amountNano: bigint): void
  pay(from: string, to: string, amountNano: bigint): void
  of(account: string): { free: bigint; locked: bigint }
  total(): bigint
}

export function memoryVault(emit: (event: VaultEvent) => void): MemoryVault {
  const accounts = new Map<string, { free: bigint; locked: bigint }>()
  const of = (account: string) => {
    const found = accounts.get(account) ?? { free: 0n, locked: 0n }
    accounts.set(account, found)
    return found
  }
  const takeLocked = (account: string, amountNano: bigint) => {
    const funds = of(account)
    if (funds.locked < amountNano) throw new Error(`${account} has not locked ${amountNano}`)
    funds.locked -= amountNano
  }
  return {
    of,
    total: () => [...accounts.values()].reduce((sum, { free, locked }) => sum + free + locked, 0n),
    issue(account, amountNano) {
      of(account).free += amountNano
      emit({ type: 'issued', account, amountNano, reference: '00'.repeat(32) })
    },
    lock(account, amountNano) {
      const funds = of(account)
      if (funds.free < amountNano) return false
      funds.free -= amountNano
      funds.locked += amountNano
      emit({ type: 'locked', account, amountNano })
      return true
    },
    release(account, amountNano) {
      takeLocked(account, amountNano)
      of(account).free += amountNano
      emit({ type: 'released', account, amountNano })
    },
    pay(from, to, amountNano) {
      takeLocked(from, amountNano)
      of(to).free += amountNano
      emit({ type: 'debited', account: from, amountNano })
      emit({ type: 'credited', account: to, amountNano })
    },
  }
}
