import type { CommunityRules } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { type Hub, hub } from '../support/hub.ts'
import { BALANCING, ENGINE, GRID_OPERATOR } from '../support/memory-settlement.ts'
import { COMMUNITY, house, moveIn, OPEN_S, SLOT, signedEnergy, signedOrder, until } from '../support/street.ts'

const [ada, ben] = [house('ada'), house('ben')]
const FROM = SLOT + 900 + 3600
let street: Hub

/** A street whose two houses have traded 1000 Wh at 0.30, fee 0.01. */
async function traded(rules: Partial<CommunityRules> = {}): Promise<Hub> {
  street = hub(rules)
  for (const one of [ada, ben]) moveIn(street.chain, one)
  for (const role of ['orderbook', 'relay', 'match'] as const) street.start(role)
  await street.block()
  street.put(ada, signedOrder(ada, { sequence: 1, side: 'offer' }))
  street.put(ben, signedOrder(ben, { sequence: 1, side: 'bid' }))
  await street.blockWhenSubmitted()
  await street.blockWhenSubmitted()
  return street
}

/** A street whose two houses have traded 1 Wh this many times; nothing runs. */
async function tradedOften(count: number): Promise<Hub> {
  street = hub()
  const { chain } = street
  for (const one of [ada, ben]) moveIn(chain, one)
  chain.produce(OPEN_S)
  const signed = Array.from({ length: count }, (_, i) =>
    [ada, ben].map((of, side) => signedOrder(of, { sequence: i + 1, side: side === 0 ? 'offer' : 'bid', energyWh: 1 })),
  )
  chain.push({ call: 'submit-orders', community: COMMUNITY, items: signed.flat() })
  chain.produce(OPEN_S + 6)
  const matches = signed.map((_, i) => ({ offer: 2 * i, bid: 2 * i + 1, energyWh: 1 }))
  const market = { community: COMMUNITY, slotStart: SLOT, kind: 'spot' } as const
  chain.push({ call: 'submit-matches', ...market, computedFrom: 1, rateMicro: undefined, matches })
  chain.produce(OPEN_S + 12)
  return street
}
afterEach(() => street.stop())

async function at({ clock, block }: Hub, atS: number) {
  await clock.advance(atS * 1000 - clock.nowMs())
  await block()
}
function measure({ put }: Hub, exportWh: number, importWh: number) {
  put(ada, signedEnergy(ada, { sequence: 900, exportWh }))
  put(ben, signedEnergy(ben, { sequence: 900, importWh }))
}
const settles = ({ chain }: Hub) => chain.submitted.filter((call) => call.call === 'settle')

describe('the settlement engine', () => {
  it('executes a slot once both readings are there, and every nano stays somewhere', async () => {
    const { start, blockWhenSubmitted, index, chain, inbox } = await traded()
    start('settle')
    await at(street, FROM - 1)
    measure(street, 600, 1200)
    await at(street, FROM)
    await blockWhenSubmitted()
    await until(() => index.unsettled(COMMUNITY).length === 0, 'settled')
    expect(settles(street)).toHaveLength(1)
    expect(chain.vault.of(ben.member)).toEqual({ free: 10_000_000_000n - 180_000_000n, locked: 0n })
    expect(chain.vault.of(ada.member)).toEqual({ free: 10_000_000_000n + 174_000_000n - 40_000_000n, locked: 0n })
    expect(chain.vault.of(GRID_OPERATOR).free).toBe(6_000_000n)
    expect(chain.vault.of(BALANCING).free).toBe(40_000_000n)
    expect(chain.vault.total()).toBe(20_000_000_000n)
    for (const account of [ada.member, ben.member, GRID_OPERATOR, BALANCING]) {
      const { freeNano, lockedNano } = index.rows.accounts.get(account) ?? {}
      expect({ free: freeNano, locked: lockedNano }).toEqual(chain.vault.of(account))
    }
    inbox.sent(new Map([[ada.gateway, 1000]]))
    const said = inbox.sentAfter(ada.gateway, 0, 100).map(({ kind, body }) => [kind, body])
    expect(said.map(([kind]) => kind)).toEqual(['balance', 'balance', 'trade', 'outcome', 'settlement', 'balance'])
    expect(said[4]?.[1]).toMatchObject({
      soldWh: 1000,
      allocatedSoldWh: 600,
      shortfallWh: 400,
      paidNano: '40000000',
      receivedNano: '174000000',
    })
  })

  it('waits for a reading until the latest moment, then goes by the rule for what is missing', async () => {
    const { start, put, block, blockWhenSubmitted, chain, index } = await traded()
    start('settle')
    await at(street, FROM)
    put(ben, signedEnergy(ben, { sequence: 2, importWh: 1000 }))
    await block()
    expect(chain.waiting()).toBe(0)
    await at(street, SLOT + 900 + 86_400)
    await blockWhenSubmitted()
    expect(index.rows.settlements.get(COMMUNITY, SLOT, ada.site)).toMatchObject({
      missingExport: true,
      shortfallWh: 1000,
    })
    expect(index.rows.settlements.get(COMMUNITY, SLOT, ben.site)).toMatchObject({ missingImport: false, unusedWh: 0 })
  })

  it('goes on with the same readings after it was killed, though others have come since', async () => {
    const { start, put, blockWhenSubmitted, chain, index, inbox } = await traded()
    measure(street, 1000, 1000)
    const first = start('settle')
    await at(street, FROM)
    await until(() => chain.waiting() === 1)
    await first.stop()
    const plan = inbox.load(COMMUNITY, SLOT)
    put(ada, signedEnergy(ada, { sequence: 901, exportWh: 1 }))
    chain.dropPool()
    start('settle')
    await blockWhenSubmitted()
    await until(() => index.unsettled(COMMUNITY).length === 0, 'settled')
    expect(index.root(COMMUNITY, SLOT)).toBe(plan?.root)
    expect(index.trades(COMMUNITY, SLOT)).toMatchObject([{ allocatedWh: 1000 }])
  })

  describe.each([250, 450])('with %i trades, killed before its first call was indexed', (count) => {
    it.each([
      ['knows that the index is behind', true],
      ['does not know it', false],
    ])('settles all of the slot by the readings it began with, though one is corrected: it %s', async (_, tells) => {
      const { start, put, chain, index, inbox, node, clock } = await tradedOften(count)
      const orderbook = start('orderbook')
      await street.block()
      measure(street, count - 7, count)
      const first = start('settle')
      await at(street, FROM)
      await until(() => chain.waiting() === 1)
      await Promise.all([first.stop(), orderbook.stop()])
      const plan = inbox.load(COMMUNITY, SLOT)
      const produce = () => chain.produce(Math.floor(clock.nowMs() / 1000))
      for (let block = 0; block < 4; block++) produce()
      put(ada, signedEnergy(ada, { sequence: 1000, exportWh: 1 }))
      node.tells = tells
      start('settle')
      if (!tells) {
        await until(() => chain.waiting() === 1, 'the first call again')
        produce()
      }
      // whatever follows without another block has happened after this
      await new Promise((resolve) => setImmediate(resolve))
      expect(settles(street)).toHaveLength(tells ? 1 : 2)
      start('orderbook')
      await until(() => {
        if (index.head()?.number === chain.all.length - 1) produce()
        return index.unsettled(COMMUNITY).length === 0
      }, 'settled')
      expect(index.root(COMMUNITY, SLOT)).toBe(plan?.root)
      expect(index.trades(COMMUNITY, SLOT).filter(({ allocatedWh }) => allocatedWh !== null)).toHaveLength(count)
      expect(index.rows.settlements.get(COMMUNITY, SLOT, ada.site)).toMatchObject({ shortfallWh: 7 })
    })
  })

  describe('where a bond is asked for', () => {
    const BOND = 5_000

    it('posts what is missing of it before it settles', async () => {
      const { start, blockWhenSubmitted, index, chain } = await traded({ engineBondNano: BOND })
      chain.issue(ENGINE, 2n * BigInt(BOND))
      measure(street, 1000, 1000)
      start('settle')
      await at(street, FROM)
      await blockWhenSubmitted()
      expect(chain.bondNano()).toBe(BigInt(BOND))
      await blockWhenSubmitted()
      await until(() => index.unsettled(COMMUNITY).length === 0, 'settled')
      const calls = chain.submitted.map(({ call }) => call).filter((call) => call === 'settle' || call === 'post-bond')
      expect(calls).toEqual(['post-bond', 'settle'])
    })

    it('settles nothing without money for it, says so once, and goes on when it is issued', async () => {
      const { start, block, blockWhenSubmitted, index, chain, said } = await traded({ engineBondNano: BOND })
      measure(street, 1000, 1000)
      start('settle')
      await at(street, FROM)
      for (let blocks = 0; blocks < 3; blocks++) await block()
      await until(() => said.length > 0, 'said')
      expect(chain.waiting()).toBe(0)
      expect(said).toEqual(['nothing is settled: no money for the bond, issue some to this account'])
      chain.issue(ENGINE, BigInt(BOND) + 1n)
      await block()
      await blockWhenSubmitted()
      await blockWhenSubmitted()
      await until(() => index.unsettled(COMMUNITY).length === 0, 'settled')
    })
  })

  it('lets go of a slot that the chain gives up', async () => {
    const { start, block, chain } = await traded()
    await at(street, SLOT + 900 + 86_400 + 604_800)
    start('settle')
    await block()
    expect(chain.waiting()).toBe(0)
    expect(settles(street)).toEqual([])
  })

  it('settles nothing twice when its last call got in while it was dead', async () => {
    const { start, block, chain, index } = await traded()
    measure(street, 1000, 1000)
    const first = start('settle')
    await at(street, FROM)
    await until(() => chain.waiting() === 1)
    await first.stop()
    await block()
    start('settle')
    await block()
    expect(index.unsettled(COMMUNITY)).toEqual([])
    expect(settles(street)).toHaveLength(1)
    expect(chain.waiting()).toBe(0)
  })
})
