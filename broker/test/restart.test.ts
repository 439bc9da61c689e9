import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { downFilters, downTopic, upFilter, upTopic } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { freePorts } from '../../test-support/ports.ts'
import { openSessionJournal } from '../src/adapters/session-journal.ts'
import { connected, eventually, inboxOf, type TestBroker, type TestGateway, testBroker } from './fixtures/broker.ts'
import { connectPacket, PUBLISH, packetReader, pubackPacket, publishOf, typeOf } from './fixtures/packets.ts'
import { storedRows } from './fixtures/stored-rows.ts'

let dir: string
let at: TestBroker | undefined
const children: ChildProcess[] = []
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wattfleet-sessions-'))
})
afterEach(async () => {
  await at?.close()
  at = undefined
  for (const child of children.splice(0)) child.kill('SIGKILL')
  rmSync(dir, { recursive: true })
})

const rows = (table: string) => storedRows(dir, table)

async function session(of: TestBroker, as: TestGateway) {
  const client = of.open(as, { clean: false })
  const inbox = inboxOf(client)
  let isKnown = false
  client.once('connect', ({ sessionPresent }) => {
    isKnown = sessionPresent
  })
  await connected(client)
  return { client, inbox, isKnown }
}

describe('a broker that is started again', () => {
  it('knows its sessions, their queues and what was not acknowledged', async () => {
    at = await testBroker({ stateDir: dir })
    const [gateway, hubAs] = [await at.gateway(), await at.hub()]
    const first = await session(at, gateway)
    expect(first.isKnown).toBe(false)
    await first.client.subscribeAsync(downFilters(gateway.name), { qos: 1 })
    expect(rows('subscriptions')).toBe(downFilters(gateway.name).length) // the answer came after the commit
    await first.client.endAsync()
    const hub = await session(at, hubAs)
    await hub.client.subscribeAsync(upFilter(), { qos: 1 })
    const sent = ['1', '2', '3', '4']
    for (const payload of sent) await hub.client.publishAsync(downTopic(gateway.name, 'receipt'), payload, { qos: 1 })
    // two are under way and not acknowledged when everything stops
    const stuck = await at.socket(gateway)
    let seen = 0
    const read = packetReader((one) => {
      if (typeOf(one) !== PUBLISH) return
      seen += 1
      if (seen <= 2) stuck.write(pubackPacket(publishOf(one).messageId ?? 0))
    })
    stuck.on('data', read)
    stuck.write(connectPacket(gateway.name))
    await eventually(() => seen === 4, 'all four')
    const { port } = at.broker
    await eventually(() => at?.broker.stats().queued === 2, 'two acknowledged')
    await at.broker.stop()

    const again = await testBroker({ stateDir: dir, port, authority: at.authority })
    await at.close()
    at = again
    expect(again.broker.stats().queued).toBe(2)
    const second = await session(again, gateway)
    expect(second.isKnown).toBe(true)
    await eventually(() => second.inbox.length >= 2, 'what was under way')
    expect(second.inbox.map(({ payload }) => payload)).toEqual(['3', '4'])
    const hubAgain = await session(again, hubAs)
    expect(hubAgain.isKnown).toBe(true)
    await second.client.publishAsync(upTopic(gateway.name, 'order'), 'an order', { qos: 1 })
    await eventually(() => hubAgain.inbox.length === 1, 'the hub hears without subscribing again')
    await eventually(() => again.broker.stats().queued === 0 && rows('queue') === 0, 'nothing is left')
  })

  it('forgets the session of who asks for a clean one', async () => {
    at = await testBroker({ stateDir: dir })
    const gateway = await at.gateway()
    const { client } = await session(at, gateway)
    await client.subscribeAsync(downFilters(gateway.name), { qos: 1 })
    await client.endAsync()
    const hub = await at.connect(await at.hub())
    await hub.publishAsync(downTopic(gateway.name, 'trade'), 'waits', { qos: 1 })
    await eventually(() => rows('queue') === 1, 'it is kept')
    const clean = await at.connect(gateway, { clean: true })
    await eventually(() => rows('queue') === 0 && rows('subscriptions') === 0, 'all is forgotten')
    await clean.endAsync()
  })

  it('keeps what was written also where it was killed', async () => {
    at = await testBroker()
    const [gateway, hubAs] = [await at.gateway(), await at.hub()]
    const server = await at.authority.issue({ commonName: 'broker', server: true })
    const file = (name: string, text: string) => {
      writeFileSync(join(dir, name), text)
      return join(dir, name)
    }
    const [port = 0] = await freePorts(1)
    const config = {
      ...{ port, stateDir: dir, caPath: file('ca.pem', at.authority.caPem) },
      ...{ certPath: file('b.pem', server.certificatePem), keyPath: file('b.key', server.privateKeyPem) },
    }
    const run = async () => {
      const main = join(import.meta.dirname, '../src/main.ts')
      const path = file('broker.json', JSON.stringify(config))
      const child = fork(main, ['--config', path], {
        silent: true,
        execArgv: ['--disable-warning=ExperimentalWarning'],
      })
      children.push(child)
      await once(child, 'message')
      return child
    }
    const child = await run()
    const to = { ...at, open: (as: TestGateway, options = {}) => (at as TestBroker).open(as, { ...options, port }) }
    const { client } = await session(to, gateway)
    await client.subscribeAsync(downFilters(gateway.name), { qos: 1 })
    await client.endAsync()
    const hub = await session(to, hubAs)
    for (const n of ['1', '2', '3']) await hub.client.publishAsync(downTopic(gateway.name, 'trade'), n, { qos: 1 })
    await eventually(() => rows('queue') === 3, 'three on the disk')
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    await run()
    const back = await session(to, gateway)
    expect(back.isKnown).toBe(true)
    await eventually(() => back.inbox.length === 3, 'all three')
    expect(back.inbox.map(({ payload }) => payload)).toEqual(['1', '2', '3'])
  })
})

describe('the journal', () => {
  it('writes nothing for what is acknowledged at once', async () => {
    const journal = openSessionJournal(dir, pino({ level: 'silent' }))
    const entry = { id: 1, clientId: 'a', packet: { cmd: 'publish', topic: 't', qos: 1 }, isFlying: false }
    journal.queued(entry)
    journal.dequeued(entry)
    journal.queued({ ...entry, id: 2 })
    await journal.flushed()
    expect(journal.load().entries.map(({ id }) => id)).toEqual([2])
    journal.dequeued({ ...entry, id: 2 })
    await journal.flushed()
    expect(journal.load().entries).toEqual([])
    journal.close()
  })

  it('refuses a file of another version by naming it', () => {
    new Database(join(dir, 'sessions.sqlite')).exec('PRAGMA user_version = 99').close()
    expect(() => openSessionJournal(dir, pino({ level: 'silent' }))).toThrow(/sessions\.sqlite: has schema version 99/)
  })
})
