import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { COMMUNITY, type House, RULES, START_S, signed, type TestChain, testChain } from '../fixture.ts'

const PRICE_MICRO = 150_000
const SLOT = START_S + 900
const ROOT = 'ab'.repeat(32)

let chain: TestChain
let sites: House[]

beforeAll(async () => {
  chain = await testChain({ rules: { marketRule: { type: 'static-shares', priceMicro: PRICE_MICRO } } })
  sites = []
  for (let i = 0; i < 3; i++) sites.push(await chain.house())
  sites.sort((a, b) => (a.site < b.site ? -1 : 1))
})
afterAll(() => chain.stop())

const settle = (
  flows: readonly (readonly [exportWh: number, importWh: number])[],
  by: 'settlementEngine' | 'gridOperator' = 'settlementEngine',
) =>
  chain.submit(by, {
    ...{ call: 'settle-coefficients', community: COMMUNITY, slotStart: SLOT, root: ROOT },
    flows: flows.map(([exportWh, importWh], at) => ({
      site: sites[at]?.site ?? '',
      exportWh,
      importWh,
      message: { epoch: 1, sequence: 1 },
    })),
  })

describe('a community that splits its export', { timeout: 120_000 }, () => {
  it('says so in its rules, and has no market', async () => {
    expect(await chain.queries.rules(COMMUNITY)).toEqual({
      ...RULES,
      marketRule: { type: 'static-shares', priceMicro: PRICE_MICRO },
    })
    const [house] = sites
    const items = house === undefined ? [] : [signed(house, chain.order(house))]
    const { events } = await chain.submit('relayer', { call: 'submit-orders', community: COMMUNITY, items })
    expect(events).toMatchObject([{ type: 'item-rejected', reason: 'market-not-open' }])
  })

  it('gives each site its registered share, as far as it drew so much, at the fixed price and the fee', async () => {
    for (const [at, share] of [0, 3, 1].entries()) {
      const site = sites[at]?.site ?? ''
      const { events } = await chain.submit('operator', { call: 'set-share', site, share })
      expect(events).toEqual([{ type: 'share-set', site, share }])
    }
    await chain.blockAt(SLOT + RULES.slotLengthS + RULES.executionAfterS)
    const { events } = await settle([
      [400, 0],
      [0, 250],
      [0, 900],
    ])
    const gross = BigInt(PRICE_MICRO + RULES.feeMicro[0])
    expect(events.filter(({ type }) => type === 'energy-shared')).toMatchObject([
      { soldWh: 350, boughtWh: 0, receivedNano: 350n * BigInt(PRICE_MICRO), paidNano: 0n },
      { soldWh: 0, boughtWh: 250, paidNano: 250n * gross },
      { soldWh: 0, boughtWh: 100, paidNano: 100n * gross },
    ])
    const { freeNano } = await chain.queries.funds(chain.gridOperator)
    expect(freeNano).toBe(350n * BigInt(RULES.feeMicro[0]))
  })

  it('moves only the difference when the grid operator corrects the flows', async () => {
    const before = await chain.queries.funds(sites[1]?.member ?? '')
    const corrected = [
      [400, 0],
      [0, 300],
      [0, 900],
    ] as const
    expect((await settle(corrected)).outcome).toMatchObject({ ok: false, error: 'registry.NotInRole' })
    const { events } = await settle(corrected, 'gridOperator')
    const gross = BigInt(PRICE_MICRO + RULES.feeMicro[0])
    expect(events).toContainEqual({ type: 'charged', account: sites[1]?.member, amountNano: 50n * gross })
    const after = await chain.queries.funds(sites[1]?.member ?? '')
    expect(before.freeNano - after.freeNano).toBe(50n * gross)
  })
})
