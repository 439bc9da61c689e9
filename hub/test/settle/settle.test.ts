import { afterEach, describe, expect, it } from 'vitest'
import { type Hub, hub } from '../support/hub.ts'
import { BALANCING, GRID_OPERATOR } from '../support/memory-settlement.ts'
import { COMMUNITY, house, moveIn, SLOT, signedEnergy, signedOrder, until } from '../support/street.ts'

const [ada, ben] = [house('ada'), house('ben')]
const FROM = SLOT + 900 + 3600
let street: Hub

/** A street whose two houses have traded 1000 Wh at 0.30, fee 0.01. */
async function traded(): Promise<Hub> {
  street = hub()
  for (const one of [ada, ben]) moveIn(street.chain, one)
  for (const role of ['orderbook', 'relay', 'match'] as const) street.start(role)
  await street.block()
  street.put(ada, signedOrder(ada, { sequence: 1, side: 'offer' }))
  street.put(ben, signedOrder(ben, { sequence: 1, side: 'bid' }))
  await street.blockWhenSubmitted()
  await street.blockWhenSubmitted()
  return street
}
afterEach(() => street.stop())

async function at({ clock, block }: Hub, atS: number) {
  await clock.advance(atS * 1000 - clock.nowMs())
  await block()
}
function measure({ put }: Hub, exportWh: number, importWh: number) {
  put(ada, signedEnergy(ada, { sequence: 2, exportWh }))
  put(ben, signedEnergy(ben, { sequence: 2, importWh }))
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
    put(ada, signedEnergy(ada, { sequence: 3, exportWh: 1 }))
    chain.dropPool()
    start('settle')
    await blockWhenSubmitted()
    await until(() => index.unsettled(COMMUNITY).length === 0, 'settled')
    expect(index.root(COMMUNITY, SLOT)).toBe(plan?.root)
    expect(index.trades(COMMUNITY, SLOT)).toMatchObject([{ executed: true, allocatedWh: 1000 }])
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
