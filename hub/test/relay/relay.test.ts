import { Fault } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { type Hub, hub } from '../support/hub.ts'
import { house, moveIn, OPEN_S, SLOT, signedCancel, signedOrder, until } from '../support/street.ts'

const ada = house('ada')
let street: Hub

function setup(): Hub {
  street = hub()
  moveIn(street.chain, ada)
  street.start('orderbook')
  return street
}

const order = (sequence: number, overrides = {}) =>
  signedOrder(ada, { sequence, side: 'offer', energyWh: 1, ...overrides })
const entered = ({ chain }: Hub) =>
  chain.all.flatMap(({ events }) => events.filter(({ type }) => type === 'order-entered'))
const outcomes = ({ inbox }: Hub) => {
  inbox.sent(new Map([[ada.gateway, Number.MAX_SAFE_INTEGER]]))
  return inbox
    .sentAfter(ada.gateway, 0, 1000)
    .filter(({ kind }) => kind === 'outcome')
    .map(({ body }) => [body.sequence, body.state])
}

afterEach(() => street.stop())

describe('the relay', () => {
  it('brings what waits to the chain in batches, in the order of receipt', async () => {
    const { chain, put, start, block, blockWhenSubmitted } = setup()
    await block()
    for (let sequence = 1; sequence <= 250; sequence++) put(ada, order(sequence))
    start('relay')
    await blockWhenSubmitted()
    await blockWhenSubmitted()
    await until(() => entered(street).length === 250, 'all entered')
    expect(chain.submitted.map((call) => call.call === 'submit-orders' && call.items.length)).toEqual([200, 50])
    expect(entered(street).map((event) => event.type === 'order-entered' && event.order.sequence)).toEqual(
      Array.from({ length: 250 }, (_, i) => i + 1),
    )
  })

  it('relays cancels beside orders, and nothing twice', async () => {
    const { chain, put, start, block, blockWhenSubmitted } = setup()
    await block()
    put(ada, order(1))
    put(ada, signedCancel(ada, { sequence: 2, target: 1 }))
    start('relay')
    await blockWhenSubmitted()
    put(ada, order(3))
    await blockWhenSubmitted()
    expect(chain.submitted.map((call) => call.call === 'submit-orders' && call.items.length)).toEqual([2, 1])
    expect(outcomes(street)).toEqual([[1, 'cancelled']])
  })

  it('refuses what waits of a gateway that was stopped meanwhile, tells it once, and relays what it takes back', async () => {
    const { chain, put, start, block, blockWhenSubmitted, stopped, index } = setup()
    const ben = house('ben')
    moveIn(chain, ben)
    await block()
    put(ada, order(1))
    put(ada, signedCancel(ada, { sequence: 2, target: 1 }))
    put(ben, signedOrder(ben, { sequence: 1, side: 'offer', energyWh: 1 }))
    stopped.add(ada.gateway)
    start('relay')
    await blockWhenSubmitted()
    await block()
    expect(chain.submitted.map((call) => call.call === 'submit-orders' && call.items.length)).toEqual([2])
    expect(entered(street)).toMatchObject([{ type: 'order-entered', site: ben.site }])
    expect(outcomes(street)).toEqual([[1, 'rejected']])
    // what was refused stays refused
    stopped.clear()
    put(ada, order(3))
    await blockWhenSubmitted()
    expect(outcomes(street)).toEqual([[1, 'rejected']])
    expect(entered(street)).toHaveLength(2)
    expect(index.head()?.number).toBe(chain.all.length - 1)
  })

  it('submits again what died', async () => {
    const { chain, put, start, block, blockWhenSubmitted } = setup()
    await block()
    put(ada, order(1))
    start('relay')
    await until(() => chain.waiting() === 1)
    chain.dropPool()
    await blockWhenSubmitted()
    expect(entered(street)).toHaveLength(1)
    expect(chain.submitted).toHaveLength(2)
  })

  it('strands nothing when the store fails while it gives back what died', async () => {
    const { chain, inbox, put, start, block, blockWhenSubmitted } = setup()
    const { release } = inbox
    let calls = 0
    Object.assign(inbox, {
      release(ids: readonly string[]) {
        if (calls++ === 0) throw new Fault('store', 'disk full', { retryable: true })
        release(ids)
      },
    })
    await block()
    put(ada, order(1))
    start('relay')
    await until(() => chain.waiting() === 1)
    chain.dropPool()
    await until(() => chain.submitted.length === 2, 'the barrier')
    expect(chain.submitted[1]).toMatchObject({ items: [] })
    await block()
    await blockWhenSubmitted()
    expect(entered(street)).toHaveLength(1)
    expect(inbox.claimed()).toEqual([])
  })

  it('goes on where it was killed between submission and end: nothing is lost, nothing entered twice', async () => {
    const { put, start, block, blockWhenSubmitted, chain } = setup()
    await block()
    put(ada, order(1))
    const first = start('relay')
    await until(() => chain.waiting() === 1)
    await first.stop()
    put(ada, order(2))
    start('relay')
    // an empty batch is the barrier behind what may still enter
    await until(() => chain.submitted.length === 2)
    expect(chain.submitted[1]).toMatchObject({ call: 'submit-orders', items: [] })
    await block()
    await blockWhenSubmitted()
    expect(entered(street).map((event) => event.type === 'order-entered' && event.order.sequence)).toEqual([1, 2])
  })

  it('does not give a second try to what was refused while the relay was dead', async () => {
    const { put, start, block, blockWhenSubmitted, chain } = setup()
    await block()
    put(ada, order(1, { energyWh: 5000 }))
    chain.vault.lock(ada.member, chain.vault.of(ada.member).free)
    const first = start('relay')
    await until(() => chain.waiting() === 1)
    await first.stop()
    start('relay')
    await until(() => chain.waiting() === 2, 'the barrier')
    await block()
    chain.vault.release(ada.member, chain.vault.of(ada.member).locked)
    await block()
    put(ada, order(2))
    await blockWhenSubmitted()
    expect(outcomes(street)).toEqual([[1, 'rejected']])
    expect(entered(street).map((event) => event.type === 'order-entered' && event.order.sequence)).toEqual([2])
  })

  it('lets orders wait while the chain is away, and reports those that expired meanwhile, exactly once', async () => {
    const { put, start, block, clock, chain } = setup()
    await block()
    start('relay')
    put(ada, order(1, { expiresAt: OPEN_S + 60 }), OPEN_S + 60)
    await until(() => chain.waiting() === 1)
    put(ada, order(2))
    put(ada, order(3, { slotStart: SLOT + 900 }), SLOT + 600)
    await clock.advance((SLOT - 200 - OPEN_S) * 1000)
    chain.dropPool()
    await until(() => chain.waiting() === 1)
    await block()
    await block()
    expect(outcomes(street).sort()).toEqual([
      [1, 'expired'],
      [2, 'expired'],
    ])
    expect(entered(street).map((event) => event.type === 'order-entered' && event.order.sequence)).toEqual([3])
  })
})
