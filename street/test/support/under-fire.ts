import { type Order, type SignedMessage, type TerminalState, toPayload } from '@wattfleet/protocol'
import type { ChainView } from './chain-view.ts'
import { hashOf, idOf, type TestGateway } from './gateway.ts'
import type { HubProcess } from './hub-process.ts'
import { until } from './until.ts'

/** Messages of one gateway that wait for their receipts at one time. */
const WINDOW = 4
/** One in so many messages is published twice at once. */
const TWICE_IN = 5

/** A number from 0 up to below 1. */
export type Random = () => number

/** Mulberry32 (Tommy Ettinger, public domain): the same draws for the same seed. */
export function seeded(seed: number): Random {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}

/** An order on its way, and how it must end: its terminal state, or open. */
export interface Fired {
  readonly gateway: TestGateway
  readonly order: Order
  readonly signed: SignedMessage
  readonly end: TerminalState | 'open'
}

/** Messages that one gateway sends one after the other. */
type Job = () => Promise<void>

export interface Volley {
  readonly fired: Fired[]
  /** What the hub said in its final receipts. */
  readonly answers: Map<Fired, string>
  /** Sends everything until it is receipted. */
  run(): Promise<void>
}

/**
 * Some hundred orders of three gateways that end in every way there is: quiet bids and offers that stay open, pairs that
 * fill each other, some that are withdrawn, some replaced, and some that their member cannot cover.
 */
export function prepareVolley(gateways: readonly [TestGateway, TestGateway, TestGateway], random: Random): Volley {
  const fired: Fired[] = []
  const answers = new Map<Fired, string>()
  const twice = new Set<Fired>()
  const jobs = new Map<TestGateway, Job[]>(gateways.map((gateway) => [gateway, []]))
  const plan = (gateway: TestGateway, job: Job) => jobs.get(gateway)?.push(job)
  const slot = (at: number) => gateways[0].slotAhead(16 + at)

  const prepare = (gateway: TestGateway, changes: Partial<Order>, end: Fired['end']): Fired => {
    const order = gateway.order({ energyWh: 50, ...changes })
    const one = { gateway, order, signed: gateway.sign(order), end }
    if (random() < 1 / TWICE_IN) twice.add(one)
    fired.push(one)
    return one
  }
  const send = async (one: Fired): Promise<void> => {
    if (twice.has(one)) one.gateway.publish(toPayload(one.signed)).catch(() => undefined)
    answers.set(one, await one.gateway.send(one.signed))
  }
  const single = (gateway: TestGateway, changes: Partial<Order>, end: Fired['end']) => {
    const one = prepare(gateway, changes, end)
    plan(gateway, () => send(one))
  }

  const [buyer, seller, third] = gateways
  for (let i = 0; i < 60; i++) {
    const terms = i % 2 === 0 ? { priceMicro: 1_000 } : ({ side: 'offer', priceMicro: 5_000_000 } as const)
    single(gateways[i % 3] as TestGateway, { ...terms, slotStart: slot(i % 5) }, 'open')
  }
  for (let i = 0; i < 12; i++) {
    single(buyer, { priceMicro: 300_000, slotStart: slot(5 + (i % 4)) }, 'filled')
    single(seller, { side: 'offer', priceMicro: 100_000, slotStart: slot(5 + (i % 4)) }, 'filled')
  }
  for (let i = 0; i < 6; i++) {
    single(gateways[i % 3] as TestGateway, { ...BEYOND_MEANS, slotStart: slot(10 + i) }, 'rejected')
  }
  for (let i = 0; i < 8; i++) {
    const gateway = gateways[i % 3] as TestGateway
    single(gateway, { slotStart: slot(20) }, 'cancelled')
    const { chain, epoch, sequence: target } = (fired.at(-1) as Fired).order
    const cancel = { chain, gateway: gateway.enrolled.key.publicKey, epoch, sequence: gateway.nextSequence(), target }
    const signed = gateway.signMessage({ type: 'cancel', value: cancel })
    plan(gateway, async () => void (await gateway.send(signed, 'cancel')))
  }
  for (let i = 0; i < 6; i++) {
    const old = prepare(third, { slotStart: slot(21) }, 'replaced')
    const next = prepare(third, { slotStart: slot(21), priceMicro: 2_000, replaces: old.order.sequence }, 'open')
    plan(third, async () => {
      await send(old)
      await send(next)
    })
  }
  const run = async () => {
    await Promise.all([...jobs.values()].map((all) => inWindow(shuffled(all, random))))
  }
  return { fired, answers, run }
}

/** What a bid needs that no member of the street can pay: a hundred a kilowatt-hour, for three of them. */
export const BEYOND_MEANS = { energyWh: 3_000, priceMicro: 100_000_000 } as const

function shuffled<T>(items: readonly T[], random: Random): T[] {
  return items
    .map((item) => ({ item, key: random() }))
    .sort((a, b) => a.key - b.key)
    .map(({ item }) => item)
}

async function inWindow(jobs: readonly Job[]): Promise<void> {
  const waiting = jobs.values()
  const worker = async () => {
    for (const job of waiting) await job()
  }
  await Promise.all(Array.from({ length: WINDOW }, worker))
}

/** A moment at which the hub is killed. */
export interface Kill {
  /** So many messages are receipted before. */
  readonly receipts: number
  /** Whether all its roles were up before, since it was killed last. */
  readonly isUp: boolean
  readonly afterMs: number
}

/**
 * Moments spread over a volley: some between publish and receipt or while roles start, the others between receipt and
 * relay, or before the block.
 */
export function drawKills(kills: number, messages: number, random: Random): Kill[] {
  return Array.from({ length: kills }, (_, at) => {
    const isUp = random() < 0.5
    const receipts = Math.floor(((at + random()) * messages) / kills)
    return { receipts, isUp, afterMs: random() * (isUp ? 700 : 15) }
  })
}

/** Kills the hub at these moments and starts it again each time; resolves when it is up after the last. */
export async function killAsDrawn(hub: HubProcess, kills: readonly Kill[], receipts: () => number): Promise<void> {
  let starting = Promise.resolve()
  for (const kill of kills) {
    if (kill.isUp) await starting
    await until(`${kill.receipts} receipts`, () => receipts() >= kill.receipts)
    await new Promise((resolve) => setTimeout(resolve, kill.afterMs))
    await hub.kill()
    await starting
    starting = hub.start()
  }
  await starting
}

/** How an order stands on the chain and with its owner, in words; the same for what must be and for what is. */
export function standing(chain: ChainView, { gateway, order, signed, end }: Fired): { is: string; must: string } {
  const id = idOf(order)
  const say = (entered: number, ends: readonly string[], outcomes: readonly string[]) =>
    `${end} #${order.sequence}: entered ${entered}, ended [${ends}], outcomes [${outcomes}]`
  const is = say(
    chain.entered.get(id)?.length ?? 0,
    [...(chain.ended.get(id) ?? []).map(({ state }) => state)],
    gateway.outcomes(order).map(({ state, reason }) => (reason === undefined ? state : `${state} ${reason}`)),
  )
  if (end === 'open') return { is, must: say(1, [], []) }
  if (end !== 'rejected') return { is, must: say(1, [end], [end]) }
  const reasons = (chain.rejected.get(hashOf(signed)) ?? []).map(({ reason }) => reason)
  return {
    is: `${is}, rejected [${[...new Set(reasons)]}]`,
    must: `${say(0, [], ['rejected collateral'])}, rejected [collateral]`,
  }
}
