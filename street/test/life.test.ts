import { execFile } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { type Outcome, toHex } from '@wattfleet/protocol'
import { sixHouses } from '@wattfleet/simulator'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { freePorts } from '../../test-support/ports.ts'
import { streetOptions } from '../src/options.ts'
import { chainEndpoint, layout } from '../src/plan.ts'
import { isFree, type Street, startStreet } from '../src/street.ts'
import { type ChainView, watchChain } from './support/chain-view.ts'
import { credentials, dial, enrolGateway, idOf, TestGateway } from './support/gateway.ts'
import { until } from './support/until.ts'

/*
 * The street of six houses trades; the utility adds four gateways to it and takes them out again, with nothing but its
 * command line. The seventh house is a real one: a simulated meter and an agent that has its claim and its configuration.
 * `vera`, `carl` and `dora` are enrolled like any other, but say what a test wants them to.
 */

const ROOT = resolve(import.meta.dirname, '..', '..')
const HOST = '127.0.0.1'
/** From the end of the command: a session is cut by then. */
const CUT_WITHIN_MS = 5_000
/** From the first slot that the seventh house can bid for to its settlement. */
const FIRST_SETTLED_MS = 240_000

const folder = mkdtempSync(join(tmpdir(), 'wattfleet-life-'))
const stop = new AbortController()
let starting: Promise<Street> | undefined
let street: Street
let chain: ChainView
let httpPort: number
let paths: ReturnType<typeof layout>
let [vera, carl, dora] = [] as unknown as [TestGateway, TestGateway, TestGateway]
let newPorts: number[]

const rowOf = (name: string, n: number) => [name, name, '', String(n).repeat(64), 1, 4_250, 4_250].join(',')

beforeAll(async () => {
  // the chain's client tells the console of every connection that breaks
  for (const how of ['error', 'warn'] as const) vi.spyOn(console, how).mockImplementation(() => undefined)
  const stateDir = join(folder, 'street')
  const [http = 0, mqttPort = 0, chainPort = 0, enrolPort = 0, ...others] = await freePorts(6)
  httpPort = http
  newPorts = others
  const devicePort = await consecutive(12)
  const options = streetOptions.parse({ stateDir, host: HOST, httpPort, mqttPort, chainPort, enrolPort, devicePort })
  paths = layout(stateDir)
  starting = startStreet(
    options,
    ROOT,
    () => undefined,
    () => undefined,
    stop.signal,
  )
  street = await starting
  chain = watchChain(chainEndpoint(options))
}, 180_000)

afterAll(async () => {
  await Promise.all([vera?.disconnect(), carl?.disconnect(), dora?.disconnect(), chain?.close()])
  const started = await starting?.catch(() => undefined)
  await started?.stop()
  rmSync(folder, { recursive: true, force: true })
}, 60_000)

vi.setConfig({ testTimeout: 180_000 })

/** So many free ports in a row, the first of them. */
async function consecutive(count: number): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const first = 20_000 + Math.floor(Math.random() * 20_000)
    const free = await Promise.all(Array.from({ length: count }, (_, i) => isFree(HOST, first + i)))
    if (free.every(Boolean)) return first
  }
  throw new Error('no free ports')
}

/** The command line of the utility. */
async function fleet(...words: string[]) {
  const flags = ['--disable-warning=ExperimentalWarning', join(ROOT, 'provisioning/src/cli.ts')]
  const given = ['--config', join(paths.configs, 'provisioning.json'), ...words]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...given])
  return JSON.parse(stdout)
}

const claimOf = (name: string) => join(paths.claims, `${name}.claim.json`)

/** The claim as it lies on the gateway, whatever the utility does with its own copy. */
const cardOf = (name: string) => join(folder, `${name}.card`)

async function visitor(name: string): Promise<TestGateway> {
  copyFileSync(claimOf(name), cardOf(name))
  const enrolled = await enrolGateway(cardOf(name), name, join(folder, name), AbortSignal.timeout(90_000))
  const gateway = new TestGateway(enrolled, () => Math.floor(street.clock.nowMs() / 1000))
  await gateway.connect()
  return gateway
}

/** How the hub lists an order. */
async function listed(
  { key }: TestGateway,
  id: string,
): Promise<{ state: string; reason?: string | null } | undefined> {
  const answer = await fetch(`http://${HOST}:${httpPort}/v1/orders?gateway=${key}`)
  return ((await answer.json()) as { items: { id: string; state: string }[] }).items.find((one) => one.id === id)
}

/** Resolves when the live session is cut. */
function closed({ client }: TestGateway): Promise<void> {
  return new Promise((done) => client.once('close', () => done()))
}

/** What the broker answers to a connection of this gateway. */
async function mayConnect({ enrolled }: TestGateway): Promise<boolean> {
  const client = dial(enrolled.grant.brokerUrl, { ...credentials(enrolled), connectTimeout: 5_000 })
  const isIn = await new Promise<boolean>((done) => {
    client.once('connect', () => done(true))
    client.once('close', () => done(false))
  })
  await client.endAsync(true)
  return isIn
}

describe.runIf(process.platform === 'linux')('the life of a gateway on the street', () => {
  it('begins with a row of a manifest: a fresh agent needs its claim and its configuration, and enrols', async () => {
    const [{ name: _, meterPort: __, ...house } = { name: '', meterPort: 0 }] = sixHouses({ basePort: 0 })
    const meterPort = newPorts[0] as number
    const header = 'serial,household,site,member,zone,capImportWh,capExportWh'
    const manifest = join(folder, 'seven.csv')
    writeFileSync(
      manifest,
      [header, rowOf('house-7', 7), rowOf('vera', 8), rowOf('carl', 9), rowOf('dora', 6), ''].join('\n'),
    )
    expect(await fleet('import', manifest)).toMatchObject({ added: 4, known: 0 })
    const simulated = { host: HOST, stateDir: join(folder, 'simulator-7'), seed: 7 }
    const houses = [{ ...house, name: 'house-7', annualKwh: 6_000, meterPort }]
    const program = (room: string) => join(ROOT, room, 'src/main.ts')
    await street.supervisor.start({
      ...{ name: 'simulator-7', program: program('simulator'), config: { ...simulated, houses } },
    })
    const config = {
      ...{ stateDir: join(folder, 'agent-7'), claimPath: claimOf('house-7'), serial: 'house-7' },
      ...{ meter: { host: HOST, port: meterPort }, strategy: { bidMicro: 320_000, offerMicro: 120_000 } },
    }
    // up when it is enrolled and connected
    await street.supervisor.start({ name: 'agent-house-7', program: program('agent'), config })
    expect(await fleet('show', 'house-7')).toMatchObject({ state: 'active', onChain: true, epoch: 1 })
    ;[vera, carl, dora] = await Promise.all([visitor('vera'), visitor('carl'), visitor('dora')])
  })

  it('is interrupted by a suspension: the session is cut within 5 s, what is queued is refused, and resume lets it back', async () => {
    const [open, first, second, late] = [vera.order(), vera.order(), vera.order(), vera.order()]
    expect(await vera.send(vera.sign(open))).toBe('ok')
    await until('an order is open', () => chain.entered.has(idOf(open)))
    const cut = closed(vera)
    // while the chain stands still the relay takes up one batch at most: the second order waits
    const chainPid = street.supervisor.pids().get('chain') as number
    process.kill(chainPid, 'SIGSTOP')
    try {
      expect(await vera.send(vera.sign(first))).toBe('ok')
      expect(await vera.send(vera.sign(second))).toBe('ok')
      expect(await fleet('suspend', 'vera', '--reason', 'test')).toMatchObject({ state: 'suspended' })
      const saidMs = performance.now()
      await cut
      expect(performance.now() - saidMs).toBeLessThan(CUT_WITHIN_MS)
    } finally {
      process.kill(chainPid, 'SIGCONT')
    }
    expect(await mayConnect(vera)).toBe(false)
    // an order of hers that somebody else brings is refused too
    expect(await carl.send(vera.sign(late))).toBe('revoked')
    const refused = await until('the order that waited has its end', () => listed(vera, idOf(second)))
    expect(refused).toMatchObject({ state: 'rejected', reason: 'revoked' })
    expect(chain.entered.has(idOf(second))).toBe(false)
    // what was open stays so, until its owner takes it back
    expect(chain.ended.has(idOf(open))).toBe(false)
    const { chain: id, gateway, epoch } = open
    const cancel = { chain: id, gateway, epoch, sequence: vera.nextSequence(), target: open.sequence }
    expect(await carl.send(vera.signMessage({ type: 'cancel', value: cancel }), 'cancel')).toBe('ok')
    await until('the open order is cancelled', () => chain.ended.get(idOf(open))?.[0]?.state === 'cancelled')

    await fleet('resume', 'vera')
    await until('the broker lets her in again', () => mayConnect(vera))
    await vera.connect()
    expect(await until('she is told', () => vera.outcomes(second)[0])).toMatchObject<Partial<Outcome>>({
      ...{ state: 'rejected', reason: 'revoked', tradedWh: 0 },
    })
    expect(await vera.sendOrder()).toBe('ok')
  })

  it('rests while it is suspended: what it has open is not matched, and is again once it may trade', async () => {
    const slotStart = vera.slotAhead(8)
    // dearer than any house would have it: these three only meet each other
    const [bid, next] = [
      vera.order({ slotStart, priceMicro: 1_000_000 }),
      dora.order({ slotStart, priceMicro: 950_000 }),
    ]
    const dear = { slotStart, side: 'offer', priceMicro: 900_000, energyTypes: 1 } as const
    const offer = carl.order({ ...dear, energyWh: bid.energyWh + next.energyWh })
    expect(await vera.send(vera.sign(bid))).toBe('ok')
    await until('the bid is open', () => chain.entered.has(idOf(bid)))
    await fleet('suspend', 'vera')
    expect(await carl.send(carl.sign(offer))).toBe('ok')
    await until('the offer is open', () => chain.entered.has(idOf(offer)))
    expect(await dora.send(dora.sign(next))).toBe('ok')
    // the next best bid, in a round in which hers would be the first
    await until('the other bid is matched', () => chain.ended.get(idOf(next))?.[0]?.state === 'filled')
    expect([bid, offer].map((one) => chain.ended.has(idOf(one)))).toEqual([false, false])

    await fleet('resume', 'vera')
    await until('they are matched', () => chain.ended.has(idOf(bid)) && chain.ended.has(idOf(offer)))
    expect([bid, offer].map((one) => chain.ended.get(idOf(one))?.[0]?.state)).toEqual(['filled', 'filled'])
    await until('the broker lets her in again', () => mayConnect(vera))
    await vera.connect()
  })

  it('ends with its revocation: the session is cut, what is open is cancelled on the chain, and its claim is worth nothing', async () => {
    const open = vera.order()
    expect(await vera.send(vera.sign(open))).toBe('ok')
    await until('the order is open', () => chain.entered.has(idOf(open)))
    const cut = closed(vera)
    await fleet('revoke', 'vera')
    const saidMs = performance.now()
    await cut
    expect(performance.now() - saidMs).toBeLessThan(CUT_WITHIN_MS)
    await until('the order is cancelled', () => chain.ended.get(idOf(open))?.[0]?.state === 'cancelled')
    expect(await carl.send(vera.sign(vera.order()))).toBe('revoked')
    const again = enrolGateway(cardOf('vera'), 'vera', join(folder, 'vera-2'), AbortSignal.timeout(30_000))
    await expect(again).rejects.toThrow('unknown-claim')
    const { site } = await fleet('show', 'vera')
    expect((await (await chain.queries()).site(site))?.gateway).not.toBe(toHex(vera.enrolled.key.publicKey))
  })

  it(
    'is what it was made for: the seventh house trades, and its first trade settles',
    async () => {
      const { site } = await fleet('show', 'house-7')
      const trades = async () => {
        const answer = await fetch(`http://${HOST}:${httpPort}/v1/trades?site=${site}`)
        return ((await answer.json()) as { items: { state: string; energyWh: number; buyerSite: string }[] }).items
      }
      const log = () => readFileSync(join(paths.logs, 'agent-house-7.log'), 'utf8').split('\n').slice(-20).join('\n')
      const settled = await until(
        () => `a settled trade of the seventh house; its agent says:\n${log()}`,
        async () => (await trades()).find(({ state }) => state === 'executed'),
        FIRST_SETTLED_MS,
      )
      expect(settled).toMatchObject({ buyerSite: site })
      expect(settled.energyWh).toBeGreaterThan(0)
      const story = (await fleet('audit', 'list')) as { event: string; site: string; actor: string }[]
      expect(
        story.filter((entry) => entry.site === site).map(({ actor, event }) => `${actor.split('/')[0]} ${event}`),
      ).toEqual([...['operator imported', 'gateway claim', 'service activate']])
    },
    FIRST_SETTLED_MS + 30_000,
  )
})
