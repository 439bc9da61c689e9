import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  downTopic,
  ENERGY_TYPE,
  fromPayload,
  gatewayIdFrom,
  monotonicClock,
  parseTopic,
  receiptBody,
  sealDown,
  sha256,
  toHex,
  upFilter,
} from '@wattfleet/protocol'
import { connect, type MqttClient } from 'mqtt'
import { expect, it } from 'vitest'
import { memoryOutbox } from '../../../agent/src/adapters/memory-outbox.ts'
import { mqttLink } from '../../../agent/src/adapters/mqtt-link.ts'
import { openSqliteOutbox } from '../../../agent/src/adapters/sqlite-outbox.ts'
import { createInbox } from '../../../agent/src/inbox.ts'
import { createSender } from '../../../agent/src/sender.ts'
import { GATEWAY_KEY, HUB_KEY, memoryLog, signer, testSeal } from '../../../agent/test/support/fixtures.ts'
import { eventually } from '../fixtures/broker.ts'
import { type BrokerProcess, brokerProcess } from '../fixtures/broker-process.ts'
import { randomFrom } from '../fixtures/fuzz.ts'

/*
 * A thousand agents, with the agent's own connection, outbox and sender, and the broker killed under them. The hub is a
 * small one that only stores and answers.
 */

/** All of them share one process, and each handshake costs it milliseconds: a busy machine is given fewer. */
const AGENTS = Number(process.env.WATTFLEET_STORM_AGENTS ?? 1_000)
/** Every so manieth has its outbox on the disk, as a gateway has. */
const ON_DISK = 10
const GROUP = 50
const SLOT = 1_750_413_600

interface Agent {
  readonly isUp: () => boolean
  /** Puts one more message into the outbox. */
  say(): void
  readonly waiting: () => number
  readonly running: Promise<void>
}

interface Fleet {
  /** When which agent began to connect, ms. */
  readonly tries: number[]
  readonly ups: { readonly atMs: number; readonly agent: number }[]
}

async function startAgent(n: number, broker: BrokerProcess, dir: string, fleet: Fleet, signal: AbortSignal) {
  const gateway = gatewayIdFrom(sha256(Buffer.from(`storm ${n}`)).subarray(0, 16))
  const { certificatePem, privateKeyPem } = await broker.authority.issue({ commonName: gateway, unit: 'gateway' })
  const random = randomFrom(n)
  const clock = monotonicClock()
  const log = memoryLog()
  const outbox =
    n % ON_DISK === 0
      ? openSqliteOutbox(join(dir, `${n}.sqlite`), testSeal({ gateway }), signer())
      : memoryOutbox(testSeal({ gateway }), 1)
  const sender = createSender(outbox, clock, random, log)
  const inbox = createInbox(HUB_KEY.publicKey, toHex(GATEWAY_KEY.publicKey))
  const url = `mqtts://127.0.0.1:${broker.port}`
  const identity = { gateway, caPem: broker.authority.caPem, certificatePem, keyPem: privateKeyPem }
  const link = mqttLink({ brokerUrl: url, ...identity }, clock, random, log)
  let isUp = false
  const events = {
    opening() {
      fleet.tries.push(performance.now())
      return Buffer.from(`{"session":${outbox.nextSession()}}`)
    },
    up(session: Parameters<typeof sender.up>[0]) {
      isUp = true
      fleet.ups.push({ atMs: performance.now(), agent: n })
      sender.up(session)
    },
    down() {
      isUp = false
      sender.down()
    },
    message(...[kind, payload]: Parameters<typeof inbox.take>) {
      if (inbox.take(kind, payload) !== 'taken') throw new Error('not a receipt of the hub')
      for (const word of inbox.drain()) {
        outbox.hear([word])
        if (word.kind === 'receipt') sender.settled(word.value.hash)
      }
    },
  }
  return (): Agent => ({
    isUp: () => isUp,
    say() {
      const order = { type: 'order', side: 'bid', slotStart: SLOT, energyWh: n + 1, priceMicro: 1 } as const
      outbox.commit({ drafts: [{ ...order, energyTypes: ENERGY_TYPE.other }], nowMs: 1 })
      sender.wake()
    },
    waiting: () => outbox.pending(100).length,
    running: Promise.all([link.run(events, signal), sender.run(signal)]).then(() => outbox.close()),
  })
}

/** Stores what comes and answers with a receipt. */
async function smallHub(broker: BrokerProcess): Promise<{ client: MqttClient; stored: Set<string> }> {
  const { certificatePem, privateKeyPem } = await broker.authority.issue({ commonName: 'hub', unit: 'hub' })
  const client = connect(`mqtts://127.0.0.1:${broker.port}`, {
    ...{ ca: broker.authority.caPem, cert: certificatePem, key: privateKeyPem, clientId: 'hub' },
    ...{ protocolVersion: 4, clean: false, reconnectPeriod: 500 },
  })
  const stored = new Set<string>()
  client.on('error', () => undefined)
  client.on('message', (name, payload) => {
    const topic = parseTopic(name)
    const signed = fromPayload(payload)
    if (topic?.kind !== 'order' || signed === undefined) return
    const hash = toHex(sha256(signed.bytes))
    stored.add(hash)
    client.publish(
      downTopic(topic.gateway, 'receipt'),
      Buffer.from(sealDown(receiptBody({ hash, ok: true }), HUB_KEY)),
      {
        qos: 1,
      },
    )
  })
  await new Promise<void>((resolve) => client.once('connect', () => resolve()))
  await client.subscribeAsync(upFilter(), { qos: 1 })
  return { client, stored }
}

/** How many fall into each second after `fromMs`. */
function perSecond(times: readonly number[], fromMs: number): number[] {
  const counts: number[] = []
  for (const atMs of times) {
    const second = Math.floor((atMs - fromMs) / 1000)
    if (second >= 0) counts[second] = (counts[second] ?? 0) + 1
  }
  return Array.from(counts, (count) => count ?? 0)
}

it(`${AGENTS} agents come back after the broker was killed, spread out, and nothing is lost`, {
  timeout: 420_000,
}, async () => {
  const broker = await brokerProcess()
  const dir = mkdtempSync(join(tmpdir(), 'wattfleet-storm-'))
  const stop = new AbortController()
  const fleet: Fleet = { tries: [], ups: [] }
  const agents: Agent[] = []
  let hub: Awaited<ReturnType<typeof smallHub>> | undefined
  try {
    await broker.start()
    hub = await smallHub(broker)
    // one process has one loop for all of them: at first they come in groups, as installers bring them
    for (let n = 0; n < AGENTS; n++) {
      agents.push((await startAgent(n, broker, dir, fleet, stop.signal))())
      if (agents.length % GROUP === 0)
        await eventually(() => agents.every((one) => one.isUp()), 'a group is there', 60_000)
    }
    for (const agent of agents) agent.say()

    await broker.kill() // with whatever is on its way
    for (const agent of agents) agent.say()
    await eventually(() => agents.every((one) => !one.isUp()), 'all have noticed', 60_000)
    ;[fleet.ups.length, fleet.tries.length] = [0, 0]
    await broker.start()
    const backMs = performance.now()
    const back = new Set<number>()
    await eventually(
      () => {
        for (const { agent } of fleet.ups) back.add(agent)
        return back.size >= 0.95 * AGENTS
      },
      '95 % are back',
      120_000,
    )
    const p95S = (performance.now() - backMs) / 1000
    for (const agent of agents) agent.say()
    await eventually(() => agents.every((one) => one.isUp() && one.waiting() === 0), 'everything is answered', 120_000)
    const allS = (performance.now() - backMs) / 1000

    const tries = perSecond(fleet.tries, backMs)
    const ups = perSecond(
      fleet.ups.map(({ atMs }) => atMs),
      backMs,
    )
    const figures = { p95S: p95S.toFixed(1), allS: allS.toFixed(1), tries, ups }
    process.stdout.write(`${JSON.stringify(figures)}\n`)
    expect(hub.stored.size).toBe(3 * AGENTS)
    expect(p95S).toBeLessThan(120)
    // no lockstep: no second sees a great part of the fleet try
    expect(Math.max(...tries)).toBeLessThan(0.25 * AGENTS)
    expect(Math.max(...ups)).toBeLessThanOrEqual(120)
  } finally {
    stop.abort()
    await Promise.allSettled(agents.map(({ running }) => running))
    hub?.client.end(true)
    await broker.close()
    rmSync(dir, { recursive: true })
  }
})
