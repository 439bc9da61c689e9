import {
  downTopic,
  encodeDeath,
  Fault,
  manualClock,
  openDown,
  parseReceipt,
  type Receipt,
  type SignedMessage,
  signingKeyFromSeed,
  toPayload,
  upTopic,
} from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { memoryIndex } from '../../src/adapters/index-memory.ts'
import { createIntake, createIntakeService, type Incoming, type Intake } from '../../src/intake/intake.ts'
import { createRoll } from '../../src/intake/roll.ts'
import { indexBlock } from '../../src/orderbook/follow.ts'
import { createPulse } from '../../src/pulse.ts'
import { memoryChain } from '../support/memory-chain.ts'
import {
  CHAIN_ID,
  COMMUNITY,
  house,
  moveIn,
  OPEN_S,
  quiet,
  RULES,
  SLOT,
  signedCancel,
  signedEnergy,
  signedOrder,
  until,
} from '../support/street.ts'

const ada = house('ada')
const ben = house('ben')
const stranger = house('stranger')

function setup(rate = { perSecond: 1000, burst: 1000 }) {
  const chain = memoryChain(CHAIN_ID, RULES)
  moveIn(chain, ada)
  moveIn(chain, ben)
  const inbox = memoryInbox()
  const index = memoryIndex()
  const clock = manualClock(OPEN_S * 1000)
  const produce = (atS = OPEN_S) => indexBlock(index, inbox, chain.produce(atS))
  produce()
  const broken = { store: false }
  const writer = {
    hashOf: inbox.hashOf,
    commit: (...group: Parameters<typeof inbox.commit>) => {
      if (broken.store) throw new Fault('store', 'disk full', { retryable: true })
      return inbox.commit(...group)
    },
  }
  const stopped = new Set<string>()
  const isStopped = (key: string) => stopped.has(key)
  const finalized: { block: number | undefined } = { block: 0 }
  const options = { chain: CHAIN_ID, community: COMMUNITY, inbox: writer, registry: index, clock, rate, log: quiet }
  const intake = createIntake({ ...options, isStopped, finalizedBlock: () => finalized.block, monotonicMs: () => 0 })
  return { chain, inbox, index, clock, intake, produce, broken, finalized, stopped }
}

function incoming(kind: Incoming['kind'], signed: SignedMessage, wire = ada.wire): Incoming {
  return { wire, kind, payload: toPayload(signed) }
}

function answers(intake: Intake, ...group: Incoming[]): (string | undefined)[] {
  return intake.process(group, []).map(({ receipt }) => (receipt.ok ? 'ok' : receipt.reason))
}

const order = (sequence: number, overrides = {}, of = ada) => signedOrder(of, { sequence, side: 'offer', ...overrides })

describe('intake', () => {
  it('receipts what it stored, to the topic it came from, by the hash of the bytes', () => {
    const { intake, inbox } = setup()
    const group = [
      incoming('order', order(1)),
      incoming('cancel', signedCancel(ada, { sequence: 2, target: 1 })),
      incoming('order', order(1, {}, ben), ben.wire),
    ]
    const given = intake.process(group, [])
    expect(given.map(({ wire, receipt }) => [wire, receipt.ok])).toEqual([
      [ada.wire, true],
      [ada.wire, true],
      [ben.wire, true],
    ])
    expect(inbox.waiting(10, OPEN_S)).toHaveLength(3)
    expect(intake.counts.get('ok')).toBe(3)
  })

  it('refuses the orders of a gateway that its utility has stopped, and takes what it has measured or takes back', () => {
    const { intake, inbox, stopped, clock } = setup()
    expect(answers(intake, incoming('order', order(1)))).toEqual(['ok'])
    stopped.add(ada.gateway)
    expect(
      answers(
        intake,
        incoming('order', order(1)), // stored before
        incoming('order', order(2)),
        incoming('cancel', signedCancel(ada, { sequence: 3, target: 1 })),
        incoming('order', order(1, {}, ben), ben.wire),
      ),
    ).toEqual(['ok', 'revoked', 'ok', 'ok'])
    clock.step((SLOT + 900 - OPEN_S) * 1000)
    expect(answers(intake, incoming('energy', signedEnergy(ada, { sequence: 4 })))).toEqual(['ok'])
    expect(inbox.ofSlot(COMMUNITY, SLOT)).toHaveLength(1)
    stopped.clear()
    clock.step((OPEN_S - SLOT - 900) * 1000)
    expect(answers(intake, incoming('order', order(5)))).toEqual(['ok'])
  })

  it('says ok again to the same bytes, also when they are late or their key is revoked by then', async () => {
    const { intake, clock, chain, produce } = setup()
    const message = incoming('order', order(1))
    expect(answers(intake, message, message)).toEqual(['ok', 'ok'])
    await clock.advance((SLOT - OPEN_S) * 1000)
    chain.revoke(ada.gateway)
    produce()
    expect(answers(intake, message)).toEqual(['ok'])
    expect(answers(intake, incoming('order', order(2)))).toEqual(['revoked'])
  })

  it('refuses other bytes of a known identity', () => {
    const { intake } = setup()
    expect(answers(intake, incoming('order', order(1)), incoming('order', order(1, { priceMicro: 1 })))).toEqual([
      'ok',
      'conflict',
    ])
    expect(answers(intake, incoming('order', order(1, { priceMicro: 2 })))).toEqual(['conflict'])
  })

  it('refuses what is forged, altered, cut, too long or of another kind than its topic', () => {
    const { intake, inbox } = setup()
    const good = order(1)
    const forged = { bytes: good.bytes, signature: order(1, {}, ben).signature }
    const altered = {
      bytes: Uint8Array.from(good.bytes, (byte, i) => (i === 95 ? byte ^ 1 : byte)),
      signature: good.signature,
    }
    const payload = toPayload(good)
    const raw = (bytes: Uint8Array): Incoming => ({ wire: ada.wire, kind: 'order', payload: bytes })
    expect(
      answers(
        intake,
        incoming('order', forged),
        incoming('order', altered),
        raw(payload.subarray(0, 100)),
        raw(payload.subarray(0, 10)),
        raw(new Uint8Array(0)),
        raw(new Uint8Array(513)),
        incoming('cancel', good),
      ),
    ).toEqual(['signature', 'signature', 'malformed', 'malformed', 'malformed', 'too-large', 'malformed'])
    expect(inbox.waiting(10, OPEN_S)).toEqual([])
  })

  it('says of a key it has not heard of that it may be tried again, and refuses it once the index has moved on', () => {
    const { intake, produce, chain } = setup()
    const unknown = incoming('order', order(1, {}, stranger), stranger.wire)
    expect(answers(intake, unknown, unknown)).toEqual(['chain-unavailable', 'chain-unavailable'])
    produce()
    expect(answers(intake, unknown)).toEqual(['unknown-gateway'])
    moveIn(chain, stranger)
    produce()
    expect(answers(intake, unknown)).toEqual(['ok'])
  })

  it('refuses no key for good while the index is behind the finalized head that was known when it was asked for', () => {
    const { intake, produce, chain, finalized } = setup()
    finalized.block = 3
    const early = incoming('order', order(1, {}, stranger), stranger.wire)
    const later = incoming('order', order(1, { epoch: 2 }))
    for (let block = 1; block <= 3; block++) {
      expect(answers(intake, early, later)).toEqual(['chain-unavailable', 'chain-unavailable'])
      if (block === 3) moveIn(chain, stranger)
      produce()
    }
    expect(answers(intake, early)).toEqual(['ok'])
    expect(answers(intake, later)).toEqual(['chain-unavailable'])
    produce()
    expect(answers(intake, later)).toEqual(['epoch'])
  })

  it('goes by the time of blocks where the chain did not say how far it is', () => {
    const { intake, produce, finalized } = setup()
    finalized.block = undefined
    const unknown = incoming('order', order(1, {}, stranger), stranger.wire)
    expect(answers(intake, unknown)).toEqual(['chain-unavailable'])
    produce(OPEN_S - 1)
    expect(answers(intake, unknown)).toEqual(['chain-unavailable'])
    produce(OPEN_S)
    expect(answers(intake, unknown)).toEqual(['unknown-gateway'])
  })

  it('caps a site over all its orders of a slot', () => {
    const { intake } = setup()
    expect(
      answers(intake, incoming('order', order(1, { energyWh: 3000 })), incoming('order', order(2, { energyWh: 3000 }))),
    ).toEqual(['ok', 'cap'])
  })

  it('invites another try where a cancel has no place now, and refuses the seventeenth reading for good', async () => {
    const { intake, clock } = setup()
    expect(answers(intake, incoming('cancel', signedCancel(ada, { sequence: 2, target: 1 })))).toEqual(['rate-limited'])
    await clock.advance((SLOT + 900 - OPEN_S) * 1000)
    const readings = Array.from({ length: 17 }, (_, i) => incoming('energy', signedEnergy(ada, { sequence: i + 3 })))
    expect(answers(intake, ...readings).slice(15)).toEqual(['ok', 'cap'])
  })

  it('limits one sender without the others noticing', () => {
    const { intake } = setup({ perSecond: 1, burst: 2 })
    const mine = [1, 2, 3].map((sequence) => incoming('order', order(sequence, { energyWh: 1 })))
    expect(answers(intake, ...mine, incoming('order', order(1, {}, ben), ben.wire))).toEqual([
      'ok',
      'ok',
      'rate-limited',
      'ok',
    ])
  })

  it('takes readings once the slot has ended', async () => {
    const { intake, clock, inbox } = setup()
    const reading = incoming('energy', signedEnergy(ada, { sequence: 1, exportWh: 42 }))
    expect(answers(intake, reading)).toEqual(['market-not-open'])
    await clock.advance((SLOT + 900 - OPEN_S) * 1000)
    expect(answers(intake, reading)).toEqual(['ok'])
    expect(inbox.ofSlot(COMMUNITY, SLOT)).toHaveLength(1)
  })

  it('gives no ok for what the store did not take, and takes it when the store works again', () => {
    const { intake, broken, inbox } = setup()
    broken.store = true
    const message = incoming('order', order(1))
    expect(answers(intake, message, incoming('order', order(1, {}, ben)))).toEqual([
      'store-unavailable',
      'store-unavailable',
    ])
    expect(intake.storeFault()).toBe('disk full')
    broken.store = false
    expect(answers(intake, message)).toEqual(['ok'])
    expect(intake.storeFault()).toBeUndefined()
    expect(inbox.waiting(10, OPEN_S)).toHaveLength(1)
  })
})

describe('intake on the wire', () => {
  const hubKey = signingKeyFromSeed(new Uint8Array(32).fill(9))

  async function serve() {
    const parts = setup()
    const out: { topic: string; receipt: Receipt | undefined }[] = []
    const heard: string[] = []
    const roll = createRoll()
    const wire = {
      connected: true,
      publish: async (topic: string, payload: Uint8Array) => {
        const body = openDown(payload, hubKey.publicKey)
        out.push({ topic, receipt: body && parseReceipt(body) })
        return true
      },
    }
    const service = createIntakeService({
      intake: parts.intake,
      wire,
      clock: parts.clock,
      key: hubKey,
      stored: createPulse(),
      onStatus: (from) => heard.push(from),
      roll,
      onGroup: () => undefined,
    })
    const controller = new AbortController()
    const running = service.run(controller.signal)
    const stop = async () => {
      controller.abort()
      await running
    }
    return { ...parts, service, out, heard, roll, stop }
  }

  it('answers every message with a receipt that the hub signed, on the topic of its sender', async () => {
    const { service, out, stop } = await serve()
    const count = 600
    for (let sequence = 1; sequence <= count; sequence++) {
      service.receive(upTopic(ada.wire, 'order'), toPayload(order(sequence, { energyWh: 1 })))
    }
    service.receive(upTopic(ben.wire, 'order'), Buffer.from('not an order'))
    await until(() => out.length === count + 1, 'all receipts')
    await stop()
    expect(
      out.filter(({ topic }) => topic === downTopic(ada.wire, 'receipt')).every(({ receipt }) => receipt?.ok),
    ).toBe(true)
    expect(out.find(({ topic }) => topic === downTopic(ben.wire, 'receipt'))?.receipt).toMatchObject({
      ok: false,
      reason: 'malformed',
    })
  })

  it('drops what is on no topic of the contract, and passes a status on', async () => {
    const { service, out, heard, stop } = await serve()
    service.receive('wf/1/00/nobody/up/order', toPayload(order(1)))
    service.receive(downTopic(ada.wire, 'receipt'), toPayload(order(1)))
    service.receive(upTopic(ada.wire, 'status'), Buffer.from('{}'))
    expect(service.dropped()).toBe(3)
    const status = { gateway: ada.gateway, epoch: 1, lastNotice: 0, clockMs: 1, meter: 'good', importW: 1, exportW: 0 }
    service.receive(upTopic(ada.wire, 'status'), Buffer.from(JSON.stringify(status)))
    await until(() => heard.length === 1, 'status')
    await stop()
    expect(heard).toEqual([ada.wire])
    expect(out).toEqual([])
  })

  it('knows who has gone, whatever the broker says late', async () => {
    const { service, heard, roll, stop } = await serve()
    const { gateway, wire } = ada
    const is = { gateway, epoch: 1, lastNotice: 0, clockMs: 1, meter: 'good', importW: 1, exportW: 0 }
    const say = (body: object) => service.receive(upTopic(wire, 'status'), Buffer.from(JSON.stringify(body)))
    say({ ...is, session: 4 })
    await until(() => heard.length === 1, 'status')
    service.receive(upTopic(wire, 'status'), encodeDeath({ gateway, epoch: 1, session: 3 }))
    expect(roll.counts()).toEqual({ present: 1, away: 0 })
    service.receive(upTopic(wire, 'status'), encodeDeath({ gateway, epoch: 1, session: 4 }))
    expect(roll.counts()).toEqual({ present: 0, away: 1 })
    say({ ...is, session: 5 })
    await until(() => heard.length === 2, 'the next status')
    expect(roll.counts()).toEqual({ present: 1, away: 0 })
    expect(service.dropped()).toBe(0)
    await stop()
  })
})
