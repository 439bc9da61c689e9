import type { ExchangeEvent, FinalizedBlock } from '@wattfleet/chain'
import { describe, expect, it } from 'vitest'
import { auditFunds, onceResult } from '../src/once.ts'
import { createLedger, missingStep } from '../src/totals.ts'

const [BUYER, SELLER] = ['aa'.repeat(16), 'bb'.repeat(16)]
const [ANN, BEN, GRID] = ['01'.repeat(32), '02'.repeat(32), '03'.repeat(32)]

const block = (...events: ExchangeEvent[]): FinalizedBlock => ({
  number: 1,
  hash: 'ff'.repeat(32),
  timestampS: 0,
  events,
})
const trade = (number: number, slotStart = 900): ExchangeEvent => ({
  type: 'trade',
  trade: number,
  community: 1,
  slotStart,
  kind: 'spot',
  bid: 'cc'.repeat(32),
  offer: 'dd'.repeat(32),
  buyerSite: BUYER,
  sellerSite: SELLER,
  energyWh: 100,
  buyerRateMicro: 250_000,
  sellerRateMicro: 240_000,
})
const executed = (number: number): ExchangeEvent => ({
  type: 'trade-executed',
  trade: number,
  allocatedWh: 90,
  paidNano: 22_500_000n,
  receivedNano: 21_600_000n,
  feeNano: 900_000n,
})
const settled = (site: string, figures: { sold?: number; bought?: number }, slotStart = 900): ExchangeEvent => ({
  type: 'site-settled',
  pending: 0,
  community: 1,
  slotStart,
  site,
  soldWh: 100,
  boughtWh: 100,
  allocatedSoldWh: figures.sold ?? 0,
  allocatedBoughtWh: figures.bought ?? 0,
  shortfallWh: 0,
  unusedWh: 0,
  missingImport: false,
  missingExport: false,
  penaltyNano: 0n,
  source: 'engine',
})
const money = (type: 'debited' | 'charged' | 'credited', account: string, amountNano: bigint): ExchangeEvent => ({
  type,
  account,
  amountNano,
})
const issued = (account: string, amountNano: bigint): ExchangeEvent => ({
  type: 'issued',
  account,
  amountNano,
  reference: 'ee'.repeat(32),
})

describe('the totals', () => {
  it('count a trade as settled when it is executed and both of its sites are settled', () => {
    const ledger = createLedger()
    ledger.add(block(trade(1), trade(2, 1_800)))
    expect(ledger.isEven()).toBe(true)
    ledger.add(block(executed(1), settled(BUYER, { bought: 90 })))
    expect([ledger.totals().settled, ledger.isEven()]).toEqual([0, false])
    ledger.add(block(settled(SELLER, { sold: 90 })))
    expect([ledger.totals().settled, ledger.isEven()]).toEqual([1, true])
    expect(ledger.totals()).toMatchObject({ trades: 2, energyBoughtWh: 90, energySoldWh: 90 })
  })

  it('follow a correction for both sites, and let what was given up go', () => {
    const ledger = createLedger()
    ledger.add(block(trade(1), trade(2, 1_800)))
    ledger.add(block(executed(1), settled(BUYER, { bought: 90 }), settled(SELLER, { sold: 90 })))
    const corrected: ExchangeEvent = {
      ...{ type: 'trade-corrected', trade: 1, allocatedWh: 60 },
      ...{ paidNano: 15_000_000n, receivedNano: 14_400_000n, feeNano: 600_000n },
    }
    ledger.add(block(corrected, settled(SELLER, { sold: 60 })))
    expect(ledger.totals()).toMatchObject({ settled: 1, energyBoughtWh: 60, energySoldWh: 60 })
    ledger.add(block({ type: 'trade-given-up', trade: 2 }))
    expect([ledger.totals().settled, ledger.isEven()]).toEqual([1, true])
  })

  it('sum what left and what arrived apart from each other, and follow every account', () => {
    const ledger = createLedger()
    ledger.add(block(issued(ANN, 100n), issued(BEN, 50n)))
    ledger.add(block(money('debited', ANN, 30n), money('credited', BEN, 28n), money('credited', GRID, 2n)))
    expect(ledger.totals()).toMatchObject({ moneyInNano: 30n, moneyOutNano: 30n })
    expect([...ledger.balances()]).toEqual([
      [ANN, 70n],
      [BEN, 78n],
      [GRID, 2n],
    ])
  })

  it('take what was charged for paid, and what was redeemed for money that is no more', () => {
    const ledger = createLedger()
    ledger.add(block(issued(ANN, 100n), money('charged', ANN, 30n), money('credited', BEN, 30n)))
    const redeemed = { type: 'redeemed', community: 1, id: 1, account: BEN, amountNano: 20n } as const
    ledger.add(block({ ...redeemed, reference: 'ef'.repeat(32) }))
    expect(ledger.totals()).toMatchObject({ moneyInNano: 30n, moneyOutNano: 30n })
    expect(ledger.issuedNano()).toBe(80n)
    expect(Object.fromEntries(ledger.balances())).toEqual({ [ANN]: 70n, [BEN]: 10n })
  })

  it('name the step that was not reached', () => {
    const none = { ...createLedger().totals(), gateways: 6 }
    expect(missingStep({ ...none, gateways: 4 }, 6)).toBe('enrolment: 4 of 6 gateways are on the chain')
    expect(missingStep(none, 6)).toBe('orders: none has entered the chain')
    expect(missingStep({ ...none, orders: 1 }, 6)).toBe('matching: no two orders have been matched')
    expect(missingStep({ ...none, orders: 1, trades: 1 }, 6)).toBe('settlement: no trade has been settled')
    expect(missingStep({ ...none, orders: 1, trades: 1, settled: 2 }, 6)).toBe('settlement: 2 trades have settled')
  })

  it('become one JSON object whose sums of money are exact', () => {
    const totals = { ...createLedger().totals(), moneyInNano: 2n ** 60n + 1n }
    expect(JSON.parse(JSON.stringify(onceResult(totals, 5)))).toMatchObject({ moneyInNano: '1152921504606846977' })
  })
})

describe('the audit', () => {
  const held = (funds: Record<string, bigint>, issuedNano: bigint) =>
    ({
      issuedNano: async () => issuedNano,
      funds: async (account: string) => ({ freeNano: funds[account] ?? 0n, lockedNano: 0n }),
    }) as unknown as Parameters<typeof auditFunds>[1]
  const ledger = createLedger()
  ledger.add(block(issued(ANN, 100n), money('debited', ANN, 30n), money('credited', BEN, 30n)))

  it('is content where events and stored balances agree', async () => {
    await expect(auditFunds(ledger, held({ [ANN]: 70n, [BEN]: 30n }, 100n))).resolves.toBeUndefined()
  })

  it('names the account that differs by a single nano', async () => {
    await expect(auditFunds(ledger, held({ [ANN]: 70n, [BEN]: 29n }, 100n))).rejects.toThrow(`account ${BEN} holds 29`)
  })

  it('notices money that nobody issued', async () => {
    await expect(auditFunds(ledger, held({ [ANN]: 70n, [BEN]: 30n }, 101n))).rejects.toThrow(
      'issued 100 nano by events',
    )
  })
})
