import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openInbox, type SqliteInbox } from '../../src/adapters/inbox-sqlite.ts'
import { openIndex, type SqliteIndex } from '../../src/adapters/index-sqlite.ts'
import { createViews } from '../../src/adapters/views.ts'
import { indexBlock } from '../../src/orderbook/follow.ts'
import { afterThis, candidate, temporaryFolder } from '../support/inboxes.ts'
import { script } from '../support/script.ts'
import { COMMUNITY, house, SLOT, signedEnergy, signedOrder } from '../support/street.ts'

const [ada, ben, cy] = [house('ada'), house('ben'), house('cy')]
const STEPS = [3, 7, 9, 13, 6, 10, 12, 16, 300, 640, 641, 643, 18, 0, 1]

function setup() {
  const folder = temporaryFolder()
  const inbox: SqliteInbox = openInbox(join(folder, 'inbox.sqlite'))
  const index: SqliteIndex = openIndex(join(folder, 'index.sqlite'))
  afterThis(() => {
    inbox.close()
    index.close()
  })
  const status = {
    gateway: ada.gateway,
    epoch: 1,
    lastNotice: 0,
    clockMs: 5,
    clock: 'trusted' as const,
    meter: 'good' as const,
    findings: [],
    importW: 0,
    exportW: 700,
  }
  const reading = candidate(ada, signedEnergy(ada, { sequence: 900, exportWh: 4 }))
  const never = candidate(ben, signedOrder(ben, { sequence: 901, side: 'bid' }))
  inbox.commit(
    [reading, candidate(ada, signedEnergy(ada, { sequence: 902, importWh: 3 })), never],
    [{ wire: ada.wire, status, receivedMs: 1 }],
  )
  const chain = script(STEPS)
  for (const block of chain.all) indexBlock(index, inbox, block)
  const views = createViews({
    index,
    inbox,
    community: COMMUNITY,
    siteNames: { [cy.site]: 'Bakery' },
    finalizedBlock: () => chain.all.length,
    isBrokerConnected: () => true,
    storeFault: () => undefined,
    receipts: () =>
      new Map([
        ['ok', 3],
        ['cap', 2],
        ['rate-limited', 9],
      ]),
    blocksFollowed: () => chain.all.length,
  })
  return { inbox, index, chain, views }
}

describe('what the HTTP side reads', () => {
  it('pages through orders, newest first, each once', async () => {
    const { views, index } = setup()
    const seen: string[] = []
    for (let before: number | undefined; ; ) {
      const page = await views.orders({ limit: 4, ...(before === undefined ? {} : { before }) })
      if (page.length === 0) break
      seen.push(...page.map(({ id }) => id))
      before = page.at(-1)?.position
    }
    expect(new Set(seen).size).toBe(seen.length)
    expect(seen.length).toBe(index.rows.orders.select('').length)
  })

  it('narrows orders by everything at once', async () => {
    const { views } = setup()
    const all = await views.orders({ limit: 1000 })
    const bids = await views.orders({
      limit: 1000,
      side: 'bid',
      gateway: ben.gateway,
      slotStartFrom: SLOT,
      slotStartTo: SLOT,
      kind: 'spot',
      community: COMMUNITY,
    })
    expect(bids).toEqual(all.filter(({ side, gateway }) => side === 'bid' && gateway === ben.gateway))
    for (const state of ['open', 'partly-filled', 'filled', 'expired', 'rejected', 'cancelled', 'replaced'] as const) {
      expect(await views.orders({ limit: 1000, state })).toEqual(all.filter((order) => order.state === state))
    }
    const [never] = await views.orders({ limit: 1000, gateway: ben.gateway, state: 'expired' })
    expect(never).toMatchObject({ sequence: 901, tradedWh: 0 })
    expect(never).not.toHaveProperty('block')
  })

  it('shows trades with their execution, and markets with their sums', async () => {
    const { views } = setup()
    const trades = await views.trades({ limit: 1000 })
    expect(trades.length).toBeGreaterThan(1)
    expect(trades.every(({ execution }) => execution !== undefined)).toBe(true)
    expect(trades.map(({ trade }) => trade)).toEqual([...trades].map(({ trade }) => trade).sort((a, b) => b - a))
    const site = trades[0]?.buyerSite ?? ''
    expect(await views.trades({ limit: 1000, site })).toEqual(
      trades.filter((t) => t.buyerSite === site || t.sellerSite === site),
    )
    const [market, ...others] = await views.markets({ limit: 10 })
    expect(others).toEqual([])
    const orders = (await views.orders({ limit: 1000 })).filter(({ block }) => block !== undefined)
    const sum = (side: string) =>
      orders.filter((order) => order.side === side).reduce((wh, { energyWh }) => wh + energyWh, 0)
    expect(market).toMatchObject({
      bids: { energyWh: sum('bid') },
      offers: { energyWh: sum('offer') },
      openBids: { count: 0, energyWh: 0 },
      trades: { count: trades.length, energyWh: trades.reduce((wh, { energyWh }) => wh + energyWh, 0) },
      executed: {
        count: trades.length,
        energyWh: trades.reduce((wh, { execution }) => wh + (execution?.allocatedWh ?? 0), 0),
      },
    })
    expect(await views.markets({ limit: 10, before: { slotStart: SLOT, community: COMMUNITY, kind: 'spot' } })).toEqual(
      [],
    )
    expect(
      await views.markets({ limit: 10, before: { slotStart: SLOT, community: COMMUNITY + 1, kind: 'spot' } }),
    ).toEqual([market])
  })

  it('shows readings as they were signed, the latest received first', async () => {
    const { views } = setup()
    const readings = await views.measurements({ limit: 10, site: ada.site })
    expect(readings.map(({ sequence, exportWh, importWh }) => [sequence, exportWh, importWh])).toEqual([
      [902, 0, 3],
      [900, 4, 0],
    ])
    expect(await views.measurements({ limit: 10, before: readings[0]?.position ?? 0 })).toEqual([readings[1]])
    expect(await views.measurements({ limit: 10, gateway: ben.gateway })).toEqual([])
  })

  it('shows a street whose sums add up with the chain', async () => {
    const { views, chain } = setup()
    const street = await views.street({ marketsFrom: 0, marketsLimit: 5, sitesLimit: 2, settlementsLimit: 100 })
    expect(street.siteCount).toBe(3)
    expect(street.sites.map(({ name }) => name)).toEqual(['Bakery', undefined])
    expect(street.chain.head?.number).toBe(chain.all.length - 1)
    expect(street.chain.communities).toHaveLength(1)
    const { totals, settlements } = street
    expect(totals.heldNano).toBe(chain.vault.total())
    expect(totals.heldNano).toBe(totals.issuedNano)
    expect(totals.moneyInNano).toBe(totals.moneyOutNano)
    expect(totals.moneyInNano).toBeGreaterThan(0n)
    expect(totals.energyBoughtWh).toBe(totals.energySoldWh)
    expect(totals.refused).toBe(
      2 + chain.all.flatMap(({ events }) => events.filter(({ type }) => type.endsWith('-rejected'))).length,
    )
    expect(settlements.reduce((sum, s) => sum + s.paidNano, 0n)).toBe(totals.moneyInNano)
    const all = await views.street({ marketsFrom: 0, marketsLimit: 5, sitesLimit: 9, settlementsLimit: 0 })
    const mine = all.sites.find(({ site }) => site === ada.site)
    expect(mine?.status).toMatchObject({ exportW: 700, meter: 'good' })
    expect(mine && { free: mine.freeNano, locked: mine.lockedNano }).toEqual(chain.vault.of(ada.member))
  })

  it('counts, and says what the store said', async () => {
    const { views, index, inbox, chain } = setup()
    const counters = await views.counters()
    const orders = await views.orders({ limit: 1000 })
    expect(Object.values(counters.ordersByState).reduce((a, b) => a + b)).toBe(orders.length)
    expect(counters.receipts).toEqual({ ok: 3, cap: 2, 'rate-limited': 9 })
    expect(counters.waitingForChain).toBe(0)
    expect(await views.health()).toEqual({
      brokerConnected: true,
      indexedBlock: chain.all.length - 1,
      finalizedBlock: chain.all.length,
    })
    index.close()
    inbox.close()
    expect((await views.health()).storeFault).toMatch(/not open/)
    await expect(views.orders({ limit: 1 })).rejects.toMatchObject({ code: 'store' })
  })

  it('tells those who listen until they stop', () => {
    const { views } = setup()
    let heard = 0
    const stop = views.onChange(() => heard++)
    views.changed()
    stop()
    views.changed()
    expect(heard).toBe(1)
  })
})
