import { createPublicKey, randomBytes } from 'node:crypto'
import { join } from 'node:path'
import {
  downTopic,
  encodeOrder,
  isRetryable,
  MAX_SIGNED_PAYLOAD_BYTES,
  type Order,
  SIGNATURE_BYTES,
  sha256,
  signingKeyFromSeed,
  signMessage,
  slotTimes,
  toHex,
  toPayload,
  upTopic,
} from '@wattfleet/protocol'
import { createAuthority } from '@wattfleet/provisioning'
import type { IClientOptions } from 'mqtt'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { credentials, dial, hashOf, idOf, type TestGateway } from './support/gateway.ts'
import { type Parts, startParts } from './support/parts.ts'
import { BEYOND_MEANS, drawKills, killAsDrawn, prepareVolley, seeded, standing } from './support/under-fire.ts'
import { until } from './support/until.ts'

/*
 * The real parts as processes, and gateways that are enrolled like any other but say what they should not. Anna, bert and
 * cora are honest; mallory is not, and whatever she does must not reach them.
 */

/** What the parts give each member, nano. */
const FUNDS_NANO = 100_000_000_000n

let starting: Promise<Parts> | undefined
let parts: Parts
let [anna, bert, cora, mallory] = [] as unknown as [TestGateway, TestGateway, TestGateway, TestGateway]

beforeAll(async () => {
  // the chain's client tells the console of every connection that breaks
  for (const how of ['error', 'warn'] as const) vi.spyOn(console, how).mockImplementation(() => undefined)
  starting = startParts(4)
  parts = await starting
  ;[anna, bert, cora, mallory] = parts.gateways as [TestGateway, TestGateway, TestGateway, TestGateway]
}, 180_000)
afterAll(async () => {
  const started = await starting?.catch(() => undefined)
  await started?.stop()
}, 180_000)
vi.setConfig({ testTimeout: 180_000 })

const timesEntered = (order: Order) => parts.chain.entered.get(idOf(order))?.length ?? 0

async function untilEntered(order: Order): Promise<void> {
  await until(`order ${order.sequence} is in a finalized block`, () => timesEntered(order) > 0)
}

/** What was receipted before this call has met the chain when it returns: the relay keeps the order. */
async function untilRelayed(gateway: TestGateway): Promise<void> {
  const last = gateway.order()
  expect(await gateway.send(gateway.sign(last))).toBe('ok')
  await untilEntered(last)
}

async function sendOk(gateway: TestGateway, changes: Partial<Order> = {}): Promise<Order> {
  const order = gateway.order(changes)
  expect(await gateway.send(gateway.sign(order))).toBe('ok')
  return order
}

/** The hash by which a receipt names a payload, whatever is in it. */
function hashOfPayload(payload: Uint8Array): string {
  const end = payload.length > SIGNATURE_BYTES ? payload.length - SIGNATURE_BYTES : payload.length
  return toHex(sha256(payload.subarray(0, end)))
}

describe('an order', () => {
  it('gets a signed receipt and then a place in a finalized block', async () => {
    const order = anna.order({ energyWh: 77, priceMicro: 1_234 })
    const signed = anna.sign(order)
    const receipt = await anna.answerTo(toPayload(signed), hashOf(signed))
    expect(receipt).toEqual({ hash: hashOf(signed), ok: true })
    await untilEntered(order)
    expect(parts.chain.entered.get(idOf(order))).toMatchObject([{ order, member: parts.members[0] }])
    expect(anna.strays).toEqual([])
  })

  it('sent again with the same bytes gets the same receipt and enters once', async () => {
    const order = anna.order()
    const signed = anna.sign(order)
    for (let i = 0; i < 3; i++) {
      expect(await anna.answerTo(toPayload(signed), hashOf(signed))).toMatchObject({ ok: true })
    }
    await untilEntered(order)
    expect(await anna.answerTo(toPayload(signed), hashOf(signed))).toMatchObject({ ok: true })
    await untilRelayed(anna)
    expect(timesEntered(order)).toBe(1)
    expect(anna.outcomes(order)).toEqual([])
  })

  it('sent again with other bytes is refused as a conflict, and the first stays', async () => {
    const order = await sendOk(anna)
    const other = anna.sign({ ...order, energyWh: order.energyWh + 1 })
    expect(await anna.send(other)).toBe('conflict')
    await untilEntered(order)
    expect(await anna.send(other)).toBe('conflict')
    await untilRelayed(anna)
    expect(parts.chain.entered.get(idOf(order))).toMatchObject([{ order }])
    expect(parts.chain.rejected.get(hashOf(other))).toBeUndefined()
  })

  it('that its member cannot cover is receipted, then rejected for want of collateral', async () => {
    const order = anna.order(BEYOND_MEANS)
    const signed = anna.sign(order)
    expect(await anna.send(signed)).toBe('ok')
    expect(await anna.outcomeOf(order)).toMatchObject({ state: 'rejected', reason: 'collateral', tradedWh: 0 })
    await untilEntered(await sendOk(anna))
    expect(timesEntered(order)).toBe(0)
    expect(parts.chain.rejected.get(hashOf(signed))).toMatchObject([{ reason: 'collateral' }])
    expect(anna.outcomes(order)).toHaveLength(1)
    const { freeNano, lockedNano } = await (await parts.chain.queries()).funds(parts.members[0] as string)
    expect(freeNano + lockedNano).toBe(FUNDS_NANO)
  })
})

describe('a message that must not enter', () => {
  const stranger = signingKeyFromSeed(randomBytes(32))
  const rules = () => anna.enrolled.grant.rules
  const refused: readonly { name: string; changes: () => Partial<Order>; reason: string }[] = [
    { name: 'of another chain', changes: () => ({ chain: randomBytes(32) }), reason: 'wrong-chain' },
    { name: 'of another community', changes: () => ({ community: rules().community + 1 }), reason: 'wrong-community' },
    { name: 'of an old epoch', changes: () => ({ epoch: anna.enrolled.grant.epoch - 1 }), reason: 'epoch' },
    { name: 'of an epoch to come', changes: () => ({ epoch: anna.enrolled.grant.epoch + 1 }), reason: 'epoch' },
    { name: 'past the relay margin', changes: () => ({ slotStart: lateSlot() }), reason: 'gate-closed' },
    { name: 'for yesterday', changes: () => ({ slotStart: anna.slotAhead(-96) }), reason: 'gate-closed' },
    { name: 'before its market opens', changes: () => ({ slotStart: anna.slotAhead(98) }), reason: 'market-not-open' },
    { name: 'for the market after delivery', changes: () => ({ kind: 'post' }), reason: 'market-not-open' },
    { name: 'that has expired', changes: () => ({ expiresAt: parts.nowS() }), reason: 'expired' },
    { name: 'over the nameplate', changes: () => ({ energyWh: anna.enrolled.grant.capImportWh + 1 }), reason: 'cap' },
    { name: 'between two slots', changes: () => ({ slotStart: anna.slotAhead(8) + 1 }), reason: 'malformed' },
  ]

  /** A slot whose relay margin has begun. */
  function lateSlot(): number {
    const next = anna.slotAhead(1)
    return parts.nowS() >= slotTimes(next, rules()).intakeClosesAt ? next : anna.slotAhead(0)
  }

  it.each(refused)('an order $name: $reason', async ({ changes, reason }) => {
    const order = anna.order(changes())
    expect(await anna.send(anna.sign(order))).toBe(reason)
    expect(timesEntered(order)).toBe(0)
  })

  it('an order of a key that was never enrolled: unknown-gateway', async () => {
    const order = anna.order({ gateway: stranger.publicKey })
    expect(await anna.send(signMessage({ type: 'order', value: order }, stranger))).toBe('unknown-gateway')
  })

  it('orders that exceed the nameplate together: cap for the second', async () => {
    const slotStart = anna.slotAhead(10)
    const energyWh = Math.floor(anna.enrolled.grant.capImportWh / 2) + 1
    await sendOk(anna, { slotStart, energyWh })
    expect(await anna.sendOrder({ slotStart, energyWh })).toBe('cap')
    await sendOk(anna, { slotStart, energyWh, side: 'offer', priceMicro: 9_000_000 })
  })

  it('an order with a forged signature: signature; the true one then still enters', async () => {
    const order = anna.order()
    const signed = anna.sign(order)
    const signature = Uint8Array.from(signed.signature)
    signature[10] = (signature[10] ?? 0) ^ 1
    const forged = toPayload({ ...signed, signature })
    expect(await anna.answerTo(forged, hashOf(signed))).toMatchObject({ ok: false, reason: 'signature' })
    expect(await anna.send(signed)).toBe('ok')
    await untilEntered(order)
  })

  it('garbage: malformed, and the connection stays', async () => {
    const { client } = anna
    const whole = toPayload(anna.sign(anna.order()))
    const cancel = { ...anna.order(), sequence: anna.nextSequence(), target: 1 }
    const garbage: readonly Uint8Array[] = [
      new Uint8Array(0),
      randomBytes(1),
      randomBytes(SIGNATURE_BYTES),
      randomBytes(177),
      randomBytes(MAX_SIGNED_PAYLOAD_BYTES),
      whole.subarray(1),
      whole.subarray(0, -1),
      Buffer.concat([encodeOrder(anna.order()), randomBytes(1), randomBytes(SIGNATURE_BYTES)]),
      Buffer.from('{"body":"{}","signature":"00"}'),
      toPayload(anna.signMessage({ type: 'cancel', value: cancel })),
    ]
    for (const payload of garbage) {
      expect(await anna.answerTo(payload, hashOfPayload(payload))).toMatchObject({ ok: false, reason: 'malformed' })
    }
    await sendOk(anna)
    expect(anna.client).toBe(client)
    expect(client.connected).toBe(true)
  })

  it('more than 512 bytes: too-large, and the connection stays', async () => {
    const { client } = anna
    for (const length of [MAX_SIGNED_PAYLOAD_BYTES + 1, 4_000]) {
      const payload = randomBytes(length)
      expect(await anna.answerTo(payload, hashOfPayload(payload))).toMatchObject({ ok: false, reason: 'too-large' })
    }
    await sendOk(anna)
    expect(client.connected).toBe(true)
  })

  it('nothing of all this has met the chain', async () => {
    await untilRelayed(anna)
    const reasons = [...parts.chain.rejected.values()].flat().map(({ reason }) => reason)
    expect(reasons.every((reason) => reason === 'collateral')).toBe(true)
    expect(anna.strays).toEqual([])
  })
})

describe('a gateway that speaks for another', () => {
  it("cannot sign in the other's name", async () => {
    const forged = mallory.sign(mallory.order({ gateway: anna.enrolled.key.publicKey, sequence: anna.nextSequence() }))
    expect(await mallory.answerTo(toPayload(forged), hashOf(forged))).toMatchObject({ reason: 'signature' })
    expect(anna.receiptsOf(forged)).toEqual([])
  })

  it("may repeat the other's words, which changes nothing: not the order, not who hears of it", async () => {
    const order = await sendOk(bert)
    await untilEntered(order)
    const signed = bert.sign(order)
    expect(await mallory.answerTo(toPayload(signed), hashOf(signed))).toMatchObject({ ok: true })
    await bert.send(cancelOf(bert, order), 'cancel')
    expect(await bert.outcomeOf(order)).toMatchObject({ state: 'cancelled' })
    await untilRelayed(bert)
    expect(timesEntered(order)).toBe(1)
    expect(mallory.outcomes(order)).toEqual([])
  })

  it("may carry the other's fresh order, which is the other's all the same; the next words bring the news home", async () => {
    const order = bert.order()
    const signed = bert.sign(order)
    expect(await mallory.answerTo(toPayload(signed), hashOf(signed))).toMatchObject({ ok: true })
    expect(bert.receiptsOf(signed)).toEqual([])
    await untilEntered(order)
    expect(parts.chain.entered.get(idOf(order))).toMatchObject([{ order, member: parts.members[1] }])
    expect(await bert.send(cancelOf(bert, order), 'cancel')).toBe('ok')
    expect(await bert.outcomeOf(order)).toMatchObject({ state: 'cancelled' })
    expect(bert.strays).toEqual([])
  })
})

function cancelOf(gateway: TestGateway, { chain, epoch, sequence: target }: Order) {
  const key = gateway.enrolled.key.publicKey
  return gateway.signMessage({
    type: 'cancel',
    value: { chain, gateway: key, epoch, sequence: gateway.nextSequence(), target },
  })
}

describe('while the chain is away', () => {
  it('orders are receipted and enter once when it is back; one whose gate closes meanwhile expires, once', async () => {
    const { rules } = cora.enrolled.grant
    const times = await until('a relay margin draws near', () => {
      const next = slotTimes(cora.slotAhead(1), rules)
      const leftS = next.intakeClosesAt - parts.nowS()
      return leftS > 90 && leftS < 270 && next
    })
    await parts.killChain()
    const late = await sendOk(cora, { slotStart: times.startsAt })
    const hasty = await sendOk(cora, { expiresAt: parts.nowS() + 20 })
    const orders: Order[] = []
    for (const gateway of [anna, bert, cora]) {
      const order = await sendOk(gateway)
      expect(await gateway.send(gateway.sign(order))).toBe('ok')
      orders.push(order)
    }
    const beyond = await sendOk(bert, BEYOND_MEANS)
    await until('the relay margin has begun', () => parts.nowS() >= times.intakeClosesAt)
    expect(await cora.sendOrder({ slotStart: times.startsAt })).toBe('gate-closed')
    await until('the gate is closed', async () => {
      await parts.killChain()
      return parts.nowS() > times.gateClosesAt
    })

    await until('the others have entered', () => orders.every((order) => timesEntered(order) > 0))
    expect(await bert.outcomeOf(beyond)).toMatchObject({ state: 'rejected', reason: 'collateral' })
    for (const one of [late, hasty]) expect(await cora.outcomeOf(one)).toMatchObject({ state: 'expired', tradedWh: 0 })
    await untilRelayed(cora)
    expect([...orders, late, hasty, beyond].map(timesEntered)).toEqual([1, 1, 1, 0, 0, 0])
    expect([late, hasty].map((one) => cora.outcomes(one).length)).toEqual([1, 1])
    expect([...anna.strays, ...bert.strays, ...cora.strays]).toEqual([])
  })
})

describe('the broker', () => {
  const refusals = (reason: string) => parts.brokerCount(`wattfleet_broker_refused_total{reason="${reason}"}`)

  /** What mallory does costs her the connection, is counted, and anna goes on meanwhile on hers. */
  async function isCut(reason: string, misdeed: () => Promise<unknown>): Promise<void> {
    const before = await refusals(reason)
    const { client } = anna
    const going = sendOk(anna)
    misdeed().catch(() => undefined)
    await until('the connection is cut', () => !mallory.connected)
    await mallory.disconnect()
    await going
    await sendOk(anna)
    expect(anna.client).toBe(client)
    expect(client.connected).toBe(true)
    expect(await refusals(reason)).toBe(before + 1)
    await mallory.connect()
    await sendOk(mallory)
  }

  it("cuts who publishes to another's topic, and the message goes nowhere", async () => {
    const order = mallory.order()
    const signed = mallory.sign(order)
    await isCut('publish-topic', () => mallory.publish(toPayload(signed), 'order', upTopic(anna.wire, 'order')))
    await isCut('publish-topic', () => mallory.publish(randomBytes(9), 'order', downTopic(anna.wire, 'receipt')))
    await isCut('publish-topic', () =>
      mallory.publish(randomBytes(9), 'order', upTopic(mallory.wire, 'order').slice(3)),
    )
    await untilRelayed(mallory)
    expect(timesEntered(order)).toBe(0)
    expect([...anna.receiptsOf(signed), ...mallory.receiptsOf(signed), ...anna.strays]).toEqual([])
  })

  it("refuses who listens to another's topics, and the other is not overheard", async () => {
    const filters = [
      `wf/1/+/${anna.wire}/down/+`,
      downTopic(anna.wire, 'receipt'),
      upTopic(anna.wire, 'order'),
      'wf/1/#',
      '#',
    ]
    for (const filter of filters) {
      await expect(mallory.client.subscribeAsync(filter, { qos: 1 }), filter).rejects.toThrow()
    }
    await untilEntered(await sendOk(anna))
    await sendOk(mallory)
    expect(mallory.connected).toBe(true)
    expect(mallory.strays).toEqual([])
  })

  it('cuts a packet of a megabyte unread', async () => {
    await isCut('packet-size', () => mallory.publish(new Uint8Array(1024 * 1024)))
  })

  it('lets nobody in without a certificate of the utility, or under a name that is not in it', async () => {
    const { grant, tlsKeyPem } = anna.enrolled
    const foreign = await createAuthority(join(parts.folder, 'foreign-ca'))
    const publicKey = createPublicKey(tlsKeyPem).export({ format: 'der', type: 'spki' })
    const leaf = { commonName: grant.gateway, unit: 'gateway', publicKey, usage: 'client', validDays: 1 } as const
    const { certificatePem } = await foreign.issue(leaf)
    const right = credentials(anna.enrolled)
    const wrong: Record<string, IClientOptions> = {
      'a certificate of another CA': { ...right, cert: certificatePem },
      'no certificate': { clientId: grant.gateway, ca: grant.caPem },
      "another's name": { ...credentials(mallory.enrolled), clientId: grant.gateway },
      'a name of no certificate': { ...credentials(mallory.enrolled), clientId: 'x' },
    }
    const { client } = anna
    for (const [name, options] of Object.entries(wrong)) {
      const intruder = dial(grant.brokerUrl, options)
      const end = await new Promise<string>((done) => {
        intruder.once('connect', () => done('let in'))
        intruder.once('close', () => done('refused'))
      })
      expect(end, name).toBe('refused')
      await intruder.endAsync(true)
    }
    expect(anna.client).toBe(client)
    expect(client.connected).toBe(true)
    await sendOk(anna)
  })
})

describe('a flood', () => {
  it('is slowed down by the broker and limited by the hub; the connection stays and others are served', async () => {
    const flood = 240
    const order = cora.order()
    const signed = cora.sign(order)
    const { client } = cora
    const paced = await parts.brokerCount('wattfleet_broker_paced_total')
    const sending = Promise.all(Array.from({ length: flood }, () => cora.publish(toPayload(signed))))
    await sendOk(anna)
    await sending
    await until('an answer to each', () => cora.receiptsOf(signed).length >= flood)
    const refused = cora.receiptsOf(signed).filter((receipt) => !receipt.ok)
    expect(refused.every((receipt) => receipt.reason === 'rate-limited' && isRetryable(receipt.reason))).toBe(true)
    expect(refused.length).toBeGreaterThan(0)
    expect(refused.length).toBeLessThan(flood)
    expect(await parts.brokerCount('wattfleet_broker_paced_total')).toBeGreaterThan(paced)
    await untilRelayed(cora)
    expect(timesEntered(order)).toBe(1)
    expect(cora.client).toBe(client)
    expect(client.connected).toBe(true)
  })
})

describe('the hub killed at any moment', () => {
  const KILLS = 8
  /** Another seed is another schedule. */
  const SEED = Number(process.env.WATTFLEET_TEST_SEED ?? 1)

  it('loses no order that it receipted, enters none twice, and tells each owner one end', async () => {
    const random = seeded(SEED)
    const volley = prepareVolley([anna, bert, cora], random)
    const { fired, answers } = volley
    const kills = drawKills(KILLS, fired.length, random)
    await Promise.all([volley.run(), killAsDrawn(parts.hub, kills, () => answers.size)])
    expect(fired.length).toBeGreaterThanOrEqual(100)
    expect(fired.map((one) => answers.get(one))).toEqual(fired.map(() => 'ok'))

    const wrong = () => fired.map((one) => standing(parts.chain, one)).filter(({ is, must }) => is !== must)
    await until(
      () => `every order stands as it must: ${JSON.stringify(wrong(), null, 2)}`,
      () => wrong().length === 0,
    )
    await allNoticesAgain()
    await Promise.all([anna, bert, cora].map(untilRelayed))
    expect(wrong()).toEqual([])
  })

  /** Every notice from the first, asked for again: numbers without gaps, and the same words under the same number. */
  async function allNoticesAgain(): Promise<void> {
    for (const gateway of [anna, bert, cora]) {
      const last = Math.max(...gateway.notices.keys())
      const times = new Map([...gateway.notices].map(([number, notice]) => [number, notice.times]))
      await gateway.tellStatus(0)
      const isAgain = (number: number) => (gateway.notices.get(number)?.times ?? 0) > (times.get(number) ?? 0)
      const numbers = Array.from({ length: last }, (_, i) => i + 1)
      await until(`notices 1 to ${last} again`, () => numbers.every(isAgain))
      expect(gateway.strays).toEqual([])
    }
  }
})
