import type { Order, Reason, SignedMessage } from '@wattfleet/protocol'
import { sha256, signMessage, toHex } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ExchangeEvent } from '../../src/exchange.ts'
import { COMMUNITY, type House, hex32, idOf, RULES, START_S, signed, type TestChain, testChain } from '../fixture.ts'

let chain: TestChain
let house: House
const SLOT = START_S + 7_200

beforeAll(async () => {
  chain = await testChain()
  house = await chain.house()
})
afterAll(() => chain.stop())

const submit = (...items: SignedMessage[]) =>
  chain.submit('relayer', { call: 'submit-orders', community: COMMUNITY, items })

const rejectedFor = async (item: SignedMessage): Promise<Reason | 'entered' | undefined> => {
  const { events } = await submit(item)
  for (const event of events) {
    if (event.type === 'order-entered') return 'entered'
    if (event.type === 'item-rejected' && event.hash === toHex(sha256(item.bytes))) return event.reason
  }
  return undefined
}

describe('an order on the chain', () => {
  it('enters with its collateral locked: price and what not taking would cost', async () => {
    const order = chain.order(house, { energyWh: 400, priceMicro: 250_000 })
    const before = await chain.queries.funds(house.member)
    const { events } = await submit(signed(house, order))
    const lockedNano = 400n * (250_000n + BigInt(RULES.unusedRateMicro))
    const { site, member } = house
    const entered = { type: 'order-entered', id: idOf(order), position: 0, order, site, member, lockedNano }
    expect(events).toContainEqual(entered)
    const after = await chain.queries.funds(house.member)
    expect(after.lockedNano - before.lockedNano).toBe(lockedNano)
    expect(before.freeNano - after.freeNano).toBe(lockedNano)
  })

  it('is entered once, however often it comes', async () => {
    const order = chain.order(house, { energyWh: 10 })
    const item = signed(house, order)
    await submit(item, item)
    const funds = await chain.queries.funds(house.member)
    const { events } = await submit(item)
    expect(events).toEqual([])
    expect(await chain.queries.funds(house.member)).toEqual(funds)
  })

  it('is refused with `conflict` when its identity was used for other bytes', async () => {
    const order = chain.order(house, { energyWh: 10 })
    await submit(signed(house, order))
    expect(await rejectedFor(signed(house, { ...order, energyWh: 11 }))).toBe('conflict')
  })

  it('does not spoil its batch when it is bad', async () => {
    const good = chain.order(house, { energyWh: 10 })
    const forged = signed(house, chain.order(house, { energyWh: 10 }))
    forged.signature[0] = (forged.signature[0] ?? 0) ^ 1
    const { events } = await submit(forged, signed(house, good))
    expect(events).toContainEqual({ type: 'item-rejected', hash: toHex(sha256(forged.bytes)), reason: 'signature' })
    expect(events.some((event) => event.type === 'order-entered' && event.id === idOf(good))).toBe(true)
  })

  const table: [name: string, change: Partial<Order>, reason: Reason][] = [
    ['of another chain', { chain: Buffer.from(hex32(), 'hex') }, 'wrong-chain'],
    ['of another community', { community: COMMUNITY + 1 }, 'wrong-community'],
    ['of an unknown gateway', { gateway: Buffer.from(hex32(), 'hex') }, 'unknown-gateway'],
    ['of another epoch', { epoch: 2 }, 'epoch'],
    ['for a time that starts no slot', { slotStart: SLOT + 1 }, 'malformed'],
    ['for a slot whose market is not open yet', { slotStart: START_S + 90_000 + 900 }, 'market-not-open'],
    ['for a market after delivery, which this community does not have', { kind: 'post' }, 'market-not-open'],
    ['for a slot whose gate is closed', { slotStart: START_S }, 'gate-closed'],
    ['that has expired', { expiresAt: START_S - 1 }, 'expired'],
    ['above the nameplate', { energyWh: 5_001 }, 'cap'],
    ['above the nameplate on the other side', { side: 'offer', energyWh: 5_001 }, 'cap'],
    ['that its member cannot cover', { priceMicro: 4_000_000_000, energyWh: 100 }, 'collateral'],
  ]
  it.each(table)('%s is refused', async (_, change, reason) => {
    expect(await rejectedFor(signed(house, chain.order(house, change)))).toBe(reason)
  })

  it('that is no message at all is refused as malformed', async () => {
    const { signature } = signed(house, chain.order(house))
    expect(await rejectedFor({ bytes: Uint8Array.from([1, 2, 3]), signature })).toBe('malformed')
  })

  it('with a figure that no client can count to exactly is refused as malformed', async () => {
    const item = signed(house, chain.order(house, { expiresAt: 0 }))
    // expiresAt: the eight bytes before energyTypes and the two empty options
    const bytes = Uint8Array.from(item.bytes)
    bytes.set([0, 0, 0, 0, 0, 0, 32, 0], bytes.length - 11) // 2^53
    expect(await rejectedFor({ bytes, signature: house.key.sign(bytes) })).toBe('malformed')
  })

  it('of a key that was replaced is refused as revoked', async () => {
    const old = await chain.house()
    const { events } = await chain.submit('operator', { call: 'enrol-gateway', site: old.site, gateway: hex32() })
    expect(events).toContainEqual({ type: 'gateway-revoked', site: old.site, gateway: old.gateway, epoch: 1 })
    expect(await rejectedFor(signed(old, chain.order(old)))).toBe('revoked')
  })

  it('of a key that was revoked is refused, and what the key had open is cancelled at once', async () => {
    const own = await chain.house()
    const order = chain.order(own, { energyWh: 100 })
    await submit(signed(own, order))
    const { events } = await chain.submit('operator', { call: 'revoke-gateway', gateway: own.gateway })
    expect(events).toContainEqual({ type: 'order-ended', id: idOf(order), state: 'cancelled', remainingWh: 100 })
    expect(events).toContainEqual({ type: 'gateway-revoked', site: own.site, gateway: own.gateway, epoch: 1 })
    expect((await chain.queries.funds(own.member)).lockedNano).toBe(0n)
    expect(await rejectedFor(signed(own, chain.order(own)))).toBe('revoked')
  })

  it('enters only by the relayer', async () => {
    const items = [signed(house, chain.order(house))]
    const { outcome } = await chain.submit('matchingEngine', { call: 'submit-orders', community: COMMUNITY, items })
    expect(outcome).toMatchObject({ ok: false, effect: 'included-without-effect', error: 'registry.NotInRole' })
  })
})

describe('the end of an order', () => {
  const cancel = (target: number, sequence: number) =>
    signMessage(
      {
        type: 'cancel',
        value: { chain: Buffer.from(chain.chainId, 'hex'), gateway: house.key.publicKey, epoch: 1, sequence, target },
      },
      house.key,
    )

  it('by cancel releases what remains, once', async () => {
    const before = await chain.queries.funds(house.member)
    const order = chain.order(house, { energyWh: 100 })
    await submit(signed(house, order))
    const { events } = await submit(cancel(order.sequence, 1_000_001), cancel(order.sequence, 1_000_002))
    expect(events.filter(({ type }) => type === 'order-ended')).toEqual([
      { type: 'order-ended', id: idOf(order), state: 'cancelled', remainingWh: 100 },
    ])
    expect(await chain.queries.funds(house.member)).toEqual(before)
  })

  it('by a cancel that came first binds when the order arrives', async () => {
    const before = await chain.queries.funds(house.member)
    const order = chain.order(house, { energyWh: 100 })
    await submit(cancel(order.sequence, 1_000_003))
    const { events } = await submit(signed(house, order))
    const ended = { type: 'order-ended', id: idOf(order), state: 'cancelled', remainingWh: 100 }
    expect(events).toContainEqual(ended)
    expect(await chain.queries.funds(house.member)).toEqual(before)
  })

  it('by its replacement is atomic: a replacement that is refused leaves it open', async () => {
    const order = chain.order(house, { energyWh: 100 })
    await submit(signed(house, order))
    const before = await chain.queries.funds(house.member)
    const tooLarge = chain.order(house, { energyWh: 5_001, replaces: order.sequence })
    expect(await rejectedFor(signed(house, tooLarge))).toBe('cap')
    expect(await chain.queries.funds(house.member)).toEqual(before)
    const smaller = chain.order(house, { energyWh: 40, replaces: order.sequence })
    const { events } = await submit(signed(house, smaller))
    expect(events).toContainEqual({ type: 'order-ended', id: idOf(order), state: 'replaced', remainingWh: 100 })
    expect(await rejectedFor(signed(house, chain.order(house, { replaces: order.sequence })))).toBe('conflict')
  })

  it('by the match deadline expires it, releases its lock and forgets it', async () => {
    const own = await chain.house()
    const order = chain.order(own, { slotStart: SLOT + 900, energyWh: 321 })
    await submit(signed(own, order))
    const deadline = SLOT + 900 - RULES.matchDeadlineS
    const ends = (await chain.blockAt(deadline)).filter(({ type }) => type === 'order-ended')
    expect(ends).not.toContainEqual(expect.objectContaining({ id: idOf(order) }))
    // after hours without a block it catches up so many minutes in each
    const events: ExchangeEvent[] = []
    for (let block = 0; block < 4; block++) events.push(...(await chain.blockAt(deadline + 66 + 6 * block)))
    expect(events).toContainEqual({ type: 'order-ended', id: idOf(order), state: 'expired', remainingWh: 321 })
    expect((await chain.queries.funds(own.member)).lockedNano).toBe(0n)
    expect(await rejectedFor(signed(own, order))).toBe('gate-closed')
  })

  it('by cancels that came first is bounded, and those that wait too long make room', async () => {
    const own = await chain.house()
    const early = (sequence: number) =>
      signMessage(
        {
          type: 'cancel',
          value: {
            ...{ chain: Buffer.from(chain.chainId, 'hex'), gateway: own.key.publicKey, epoch: 1 },
            ...{ sequence: 5_000 + sequence, target: 9_000 + sequence },
          },
        },
        own.key,
      )
    const { events } = await submit(...Array.from({ length: 100 }, (_, i) => early(i)))
    expect(events.every((event) => event.type === 'item-rejected' && event.reason === 'cap')).toBe(true)
    expect(events.length).toBeGreaterThan(0)
    expect(events.length).toBeLessThan(100)
    expect(await rejectedFor(early(100))).toBe('cap')
    await chain.blockAt(chain.clock.nowMs() / 1000 + 2 * RULES.spotOpensS + 60)
    expect(await rejectedFor(early(100))).toBeUndefined()
  })
})
