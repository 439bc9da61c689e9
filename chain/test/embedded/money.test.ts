import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { accountFromSeed } from '../../src/client/account.ts'
import type { ExchangeEvent } from '../../src/exchange.ts'
import { COMMUNITY, type House, hex32, type TestChain, testChain } from '../fixture.ts'

const member = accountFromSeed(randomBytes(32))
const FUNDS = 1_000n
const BOND = 500

let chain: TestChain
let house: House

beforeAll(async () => {
  chain = await testChain({ rules: { engineBondNano: BOND }, endowed: [member] })
  house = await chain.house({ account: member, fundsNano: FUNDS })
})
afterAll(() => chain.stop())

const withdraw = (amountNano: bigint) => chain.submit(member, { call: 'withdraw', community: COMMUNITY, amountNano })
const idOf = (events: readonly ExchangeEvent[]): number => {
  const asked = events.find((event) => event.type === 'withdrawal-requested')
  if (asked?.type !== 'withdrawal-requested') throw new Error('no withdrawal was asked for')
  return asked.id
}
const funds = () => chain.queries.funds(house.member)

describe('money on its way out', { timeout: 120_000 }, () => {
  it('is locked when its owner asks for it, and ceases to be when the operator has paid it out', async () => {
    const issued = await chain.queries.issuedNano()
    const { events } = await withdraw(300n)
    const account = house.member
    expect(events).toEqual([
      { type: 'locked', account, amountNano: 300n },
      { type: 'withdrawal-requested', community: COMMUNITY, id: idOf(events), account, amountNano: 300n },
    ])
    expect(await funds()).toEqual({ freeNano: 700n, lockedNano: 300n })
    const reference = hex32()
    const redeem = { call: 'redeem', community: COMMUNITY, id: idOf(events), reference } as const
    const paid = await chain.submit('operator', redeem)
    const redeemed = { type: 'redeemed', community: COMMUNITY, id: idOf(events), account, amountNano: 300n, reference }
    expect(paid.events).toEqual([redeemed])
    expect(await funds()).toEqual({ freeNano: 700n, lockedNano: 0n })
    expect(await chain.queries.issuedNano()).toBe(issued - 300n)
    const again = await chain.submit('operator', { ...redeem, reference: hex32() })
    expect(again.outcome).toMatchObject({ error: 'vault.UnknownWithdrawal' })
    const other = idOf((await withdraw(1n)).events)
    const twice = await chain.submit('operator', { ...redeem, id: other })
    expect(twice.outcome).toMatchObject({ error: 'vault.ReferenceUsed' })
  })

  it('returns when the operator declines', async () => {
    const before = await funds()
    const { events } = await withdraw(100n)
    const id = idOf(events)
    const declined = await chain.submit('operator', { call: 'decline', community: COMMUNITY, id })
    const account = house.member
    expect(declined.events).toEqual([
      { type: 'released', account, amountNano: 100n },
      { type: 'withdrawal-declined', community: COMMUNITY, id, account, amountNano: 100n },
    ])
    expect(await funds()).toEqual(before)
  })

  it('is no more than there is, and only its operator’s to pay out', async () => {
    expect((await withdraw(700n)).outcome).toMatchObject({ ok: false, error: 'vault.NotEnoughFree' })
    const id = idOf((await withdraw(1n)).events)
    const redeem = { call: 'redeem', community: COMMUNITY, id, reference: hex32() } as const
    expect((await chain.submit('relayer', redeem)).outcome).toMatchObject({ ok: false, error: 'registry.NotInRole' })
  })
})

describe('a settlement engine’s bond', { timeout: 120_000 }, () => {
  const settle = () =>
    chain.submit('settlementEngine', {
      ...{ call: 'settle', community: COMMUNITY, slotStart: 0, root: 'ab'.repeat(32) },
      ...{ allocations: [], deviations: [] },
    })

  it('must be at stake before anything is settled, and comes back once nothing can be disputed', async () => {
    const engine = chain.accounts.settlementEngine.id
    expect((await settle()).outcome).toMatchObject({ ok: false, error: 'settlement.BondTooSmall' })
    const issue = { call: 'issue', community: COMMUNITY, account: engine, amountNano: BigInt(BOND) + 1n } as const
    await chain.submit('operator', { ...issue, reference: hex32() })
    const post = { call: 'post-bond', community: COMMUNITY, amountNano: BigInt(BOND) } as const
    const posted = await chain.submit('settlementEngine', post)
    expect(posted.events).toContainEqual({ type: 'bond-set', community: COMMUNITY, engine, amountNano: BigInt(BOND) })
    expect(await chain.queries.bondNano(COMMUNITY, engine)).toBe(BigInt(BOND))
    expect(await chain.queries.funds(engine)).toEqual({ freeNano: 1n, lockedNano: BigInt(BOND) })
    expect((await settle()).outcome).toMatchObject({ ok: true })
    const release = { call: 'release-bond', community: COMMUNITY } as const
    expect((await chain.submit('settlementEngine', release)).outcome).toMatchObject({ error: 'settlement.BondBound' })
    await chain.blockAt(chain.clock.nowMs() / 1000 + 604_800 + 86_400 + 6)
    expect((await chain.submit('settlementEngine', release)).outcome).toMatchObject({ ok: true })
    expect(await chain.queries.funds(engine)).toEqual({ freeNano: BigInt(BOND) + 1n, lockedNano: 0n })
  })
})
