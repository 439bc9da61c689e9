import { openDown, parseTopic, type Status, signingKeyFromSeed } from '@wattfleet/protocol'
import { afterEach, describe, expect, it } from 'vitest'
import { memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { createCourier } from '../../src/courier/courier.ts'
import { createPulse } from '../../src/pulse.ts'
import { candidate } from '../support/inboxes.ts'
import { house, OPEN_S, quiet, signedOrder, until } from '../support/street.ts'

const [ada, ben] = [house('ada'), house('ben')]
const key = signingKeyFromSeed(new Uint8Array(32).fill(3))
const stops: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

function setup() {
  const inbox = memoryInbox()
  const out: { to: string | undefined; number: unknown }[] = []
  const line = { connected: true, works: true }
  const wire = {
    get connected() {
      return line.connected
    },
    publish: async (topic: string, payload: Uint8Array) => {
      if (!line.works) return false
      out.push({ to: parseTopic(topic)?.gateway, number: openDown(payload, key.publicKey)?.number })
      return true
    },
  }
  const pulse = createPulse()
  const courier = createCourier({ notices: inbox, wire, key, pulse, log: quiet })
  const controller = new AbortController()
  const running = courier.run(controller.signal)
  stops.push(async () => {
    controller.abort()
    await running
  })
  let block = 0
  const tell = (count: number, gateway = ada.gateway) => {
    const notices = Array.from({ length: count }, (_, i) => ({
      gateway,
      about: `${block}/${i}`,
      kind: 'balance' as const,
      body: { freeNano: '1', lockedNano: '0' },
    }))
    inbox.record({ number: block++, timestampS: OPEN_S, entered: [], ended: [], rejected: [], notices }, () => false)
    pulse.beat()
  }
  const greet = (of = ada, wireName = of.wire) => {
    inbox.commit([candidate(of, signedOrder(of, { sequence: 1, side: 'offer' }), { wire: wireName })], [])
    pulse.beat()
  }
  return { inbox, out, line, courier, tell, greet, pulse }
}

const status = (lastNotice: number, gateway = ada.gateway): Status => ({
  gateway,
  epoch: 1,
  lastNotice,
  clockMs: 0,
  clock: 'trusted',
  meter: 'good',
  importW: 0,
  exportW: 0,
  findings: [],
})
const numbers = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)

describe('the courier', () => {
  it('publishes notices in their order to the wire name of the key, once there is one', async () => {
    const { out, tell, greet } = setup()
    tell(450)
    greet()
    await until(() => out.length === 450, 'all published')
    expect(out.map(({ number }) => number)).toEqual(numbers(1, 450))
    expect(new Set(out.map(({ to }) => to))).toEqual(new Set([ada.wire]))
    tell(2)
    await until(() => out.length === 452, 'new ones')
  })

  it('says again what came after the number that a status names', async () => {
    const { out, tell, greet, courier } = setup()
    greet()
    tell(5)
    await until(() => out.length === 5)
    courier.heard(ada.wire, status(3))
    await until(() => out.length === 7)
    expect(out.slice(5).map(({ number }) => number)).toEqual([4, 5])
  })

  it('says nothing again to a wire name that is not the one of the key', async () => {
    const { out, tell, greet, courier } = setup()
    greet(ada)
    greet(ben)
    tell(5)
    await until(() => out.length === 5)
    courier.heard(ben.wire, status(0, ada.gateway))
    tell(1)
    await until(() => out.length === 6)
    expect(out.every(({ to }) => to === ada.wire)).toBe(true)
  })

  it('keeps what could not be handed over', async () => {
    const { out, line, tell, greet, pulse, inbox } = setup()
    line.works = false
    greet()
    tell(3)
    await until(() => inbox.due(10).length === 3)
    line.works = true
    pulse.beat()
    await until(() => out.length === 3, 'published at last')
    expect(inbox.due(10)).toEqual([])
  })
})
