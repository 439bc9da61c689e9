import { EventEmitter } from 'node:events'
import { duplexPair } from 'node:stream'
import { downTopic, gatewayIdFrom } from '@wattfleet/protocol'
import { Aedes } from 'aedes'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Entry } from '../src/core/queues.ts'
import { clientsOf, keepHolders } from '../src/holders.ts'
import { guardSessions } from '../src/session-guard.ts'
import { sessionStore } from '../src/session-store.ts'
import { openWindow, type Window } from '../src/window.ts'
import { randomFrom } from './fixtures/fuzz.ts'
import {
  connectPacket,
  PUBLISH,
  packetReader,
  pubackPacket,
  publishOf,
  subscribePacket,
  typeOf,
} from './fixtures/packets.ts'

const GATEWAY = gatewayIdFrom(new Uint8Array(16).fill(7))
const TOPIC = downTopic(GATEWAY, 'trade')
const SUBACK = 9

/** A turn of the event loop: aedes does one step of a connection in each. */
const turn = () => new Promise((resolve) => setImmediate(resolve))
const turns = async (count: number) => {
  for (let n = 0; n < count; n++) await turn()
}
async function until(isThere: () => boolean, most = 2_000): Promise<boolean> {
  for (let n = 0; n < most && !isThere(); n++) await turn()
  return isThere()
}

/** What aedes asks while a connection comes into its session: answered some turns later, as a disk or the loop would. */
const SLOW = ['subscriptionsByClient', 'delWill', 'putWill', 'addSubscriptions'] as const

/** aedes with our store and window, and a gateway whose connections are streams in memory. */
async function rig(seed: number, isWindowed: boolean, inFlight = 3) {
  const random = randomFrom(seed)
  const rules = { mayKeep: () => true, queueLimit: () => 1_000, onFull: () => undefined, isWindowed: () => isWindowed }
  const inner = sessionStore(rules)
  const store = guardSessions(inner, rules)
  const slow = Object.fromEntries(
    SLOW.map((name) => [
      name,
      async (...args: unknown[]) => {
        const answer = await (store[name] as (...args: unknown[]) => Promise<unknown>)(...args)
        await turns(Math.floor(random() * 4))
        return answer
      },
    ]),
  )
  let window: Window | undefined
  const aedes = await Aedes.createBroker({
    persistence: Object.assign(Object.create(store), slow) as never,
    authorizeForward: (client, packet) => (window?.admits(client, packet) ? packet : null),
  })
  const holders = keepHolders(aedes)
  window = openWindow(aedes, inner.queues, {
    ...{ limit: inFlight, patienceMs: 60_000, isWindowed: rules.isWindowed },
    ...{ onHeld: () => undefined, onStuck: () => undefined },
  })
  const acknowledged: string[] = []
  const dialled: { readonly closed: boolean }[] = []

  /** `acks` false: the link is half open, nothing that is written to it arrives. */
  function dial(acks: boolean) {
    const [ours, theirs] = duplexPair()
    const seen: string[] = []
    const types: number[] = []
    const read = packetReader((packet) => {
      types.push(typeOf(packet))
      if (typeOf(packet) !== PUBLISH || !acks) return
      const { payload, messageId = 0 } = publishOf(packet)
      seen.push(payload)
      acknowledged.push(payload)
      ours.write(pubackPacket(messageId))
    })
    ours.on('data', read)
    ours.on('error', () => undefined)
    const client = aedes.handle(theirs as never, undefined as never)
    dialled.push(client)
    ours.write(connectPacket(GATEWAY))
    return { seen, types, client, stream: ours }
  }

  async function subscribed(): Promise<void> {
    const { stream, types } = dial(true)
    stream.write(subscribePacket(1, [TOPIC]))
    if (!(await until(() => types.includes(SUBACK)))) throw new Error('no SUBACK')
    stream.destroy()
    await until(() => holders.count() === 0)
  }

  let sent = 0
  return {
    aedes,
    holders,
    open: () => dialled.filter(({ closed }) => !closed).length,
    queues: inner.queues,
    acknowledged,
    dial,
    subscribed,
    publish() {
      const payload = `${sent++}`
      aedes.publish(
        { cmd: 'publish', topic: TOPIC, payload: Buffer.from(payload), qos: 1, dup: false, retain: false },
        () => undefined,
      )
    },
    sent: () => Array.from({ length: sent }, (_, n) => `${n}`),
    close: () => new Promise<void>((resolve) => aedes.close(resolve)),
  }
}

type Step = 'publish' | 'half-open' | 'takes' | 'drop' | 'turn'
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.constant<Step>('publish') },
  { weight: 2, arbitrary: fc.constant<Step>('half-open') },
  { weight: 1, arbitrary: fc.constant<Step>('takes') },
  { weight: 1, arbitrary: fc.constant<Step>('drop') },
  { weight: 8, arbitrary: fc.constant<Step>('turn') },
)

describe.each([
  ['a gateway', true],
  ['a hub', false],
])('a session of %s that another connection takes over', (_who, isWindowed) => {
  it('loses nothing, whatever happens in between', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 60 }), fc.nat(), async (steps, seed) => {
        const at = await rig(seed, isWindowed)
        try {
          await at.subscribed()
          let newest = at.dial(false)
          for (const one of steps) {
            if (one === 'publish') at.publish()
            else if (one === 'turn') await turn()
            else if (one === 'drop') newest.stream.destroy()
            else newest = at.dial(one === 'takes')
          }
          const last = at.dial(true) // others may not have come to their CONNACK yet
          await turns(60)
          await until(() => at.queues.total() === 0 && last.client.connected)
          expect(new Set(at.acknowledged)).toEqual(new Set(at.sent()))
          expect(at.queues.total()).toBe(0)
          // one connection holds the session, and it is the last
          expect(clientsOf(at.aedes)[GATEWAY] === last.client).toBe(true)
          expect(at.holders.count()).toBe(1)
          expect(clientsOf(at.aedes)[GATEWAY]?.closed).toBe(false)
          expect(at.open()).toBe(1)
          // MQTT 3.1.1, 3.2: the first packet to a client is the CONNACK
          expect(last.types[0]).toBe(2)
        } finally {
          await at.close()
        }
      }),
      { numRuns: 200 },
    )
  }, 60_000)
})

describe('what is being handed to the former connection when another takes over', () => {
  it('is handed to the other', async () => {
    for (let wait = 0; wait < 30; wait++) {
      const at = await rig(wait, true)
      await at.subscribed()
      at.dial(false)
      await turns(20)
      const second = at.dial(true)
      await turns(wait)
      at.publish()
      await until(() => second.seen.length > 0)
      expect({ wait, seen: second.seen }).toEqual({ wait, seen: ['0'] })
      expect(at.queues.total()).toBe(0)
      await at.close()
    }
  })
})

describe('connections that come within a few turns of each other', () => {
  // both come while the former one is being closed, and the later one may be through first
  it.each([0, 1, 2, 3, 4])('leave the last one, %d turns after the one before', async (between) => {
    for (let seed = 0; seed < 20; seed++) {
      const at = await rig(seed, true)
      await at.subscribed()
      at.dial(false)
      await turns(20)
      const second = at.dial(true)
      await turns(between)
      const third = at.dial(true)
      await turns(60)
      const { client } = third
      expect({ seed, second: second.client.closed, third: client.closed }).toEqual({ seed, second: true, third: false })
      expect(clientsOf(at.aedes)[GATEWAY] === client).toBe(true)
      expect([at.open(), at.holders.count()]).toEqual([1, 1])
      at.publish()
      await until(() => third.seen.length > 0)
      expect(third.seen).toEqual(['0'])
      await at.close()
    }
  })

  it('leave the living one, whenever the other breaks', async () => {
    for (let after = 0; after < 25; after++) {
      for (let seed = 0; seed < 4; seed++) {
        const at = await rig(seed, true)
        await at.subscribed()
        at.dial(false)
        await turns(20)
        const second = at.dial(true)
        const { client } = at.dial(true)
        await turns(after)
        second.stream.destroy()
        await turns(60)
        expect({ after, seed, closed: client.closed }).toEqual({ after, seed, closed: false })
        expect(clientsOf(at.aedes)[GATEWAY] === client).toBe(true)
        expect([at.open(), at.holders.count()]).toEqual([1, 1])
        await at.close()
      }
    }
  })
})

describe('what was let out to a connection', () => {
  it('stays under way when another is told too late that it may come in', () => {
    const broker = Object.assign(new EventEmitter(), { id: 'broker' })
    const entry: Entry = { id: 1, clientId: GATEWAY, packet: { cmd: 'publish', topic: TOPIC, qos: 1 }, isFlying: false }
    const queues = { entries: () => [entry], find: () => entry, renumber: () => undefined, total: () => 1 }
    openWindow(broker as never, queues, {
      ...{ limit: 1, patienceMs: 60_000, isWindowed: () => true },
      ...{ onHeld: () => undefined, onStuck: () => undefined },
    })
    const holder = { id: GATEWAY, clean: false, closed: false, publish: () => undefined }
    broker.emit('clientReady', holder)
    broker.emit('clientReady', { ...holder, closed: true })
    expect(entry.isFlying).toBe(true)
  })
})

describe('the packet ids of a connection', () => {
  it('go on after those that are still under way', async () => {
    const at = await rig(1, true, 2)
    await at.subscribed()
    at.dial(false)
    await turns(20)
    for (let n = 0; n < 2; n++) at.publish()
    await turns(20)
    const underWay = [...at.queues.entries(GATEWAY)].map(({ packet }) => packet.messageId ?? 0)
    const last = underWay.at(-1) ?? 0
    const second = at.dial(false)
    await until(() => second.client.connected)
    expect(underWay.length).toBe(2)
    expect((second.client as unknown as { _nextId: number })._nextId).toBe((last % 65_535) + 1)
    await at.close()
  })
})
