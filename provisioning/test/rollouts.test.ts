import {
  type DirectiveType,
  encodeStatus,
  isSignedRelease,
  openDown,
  parseCommandMessage,
  parseConfigMessage,
  type Status,
  signingKeyFromSeed,
  toHex,
} from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Selection } from '../src/core/select.ts'
import { take } from '../src/fleet.ts'
import type { RolloutBody } from '../src/fleet-ports.ts'
import { orderRollout, previewRollout, rollBackRollout } from '../src/rollout-desk.ts'
import { rolloutTurns } from '../src/rollouts.ts'
import { statusKeeper } from '../src/status-keeper.ts'
import { AT_MS, type GatewayKeys, gatewayKeys, type TestOffice, testOffice } from './fixtures/office.ts'

const UTILITY = signingKeyFromSeed(new Uint8Array(32).fill(4))
const CONFIG: RolloutBody = { kind: 'config', settings: { pollS: 20 } }
const RELEASE = { version: '2.0.0', sha256: 'cd'.repeat(32), size: 9, url: 'https://dl.example/a.tgz' }
let office: TestOffice
let keys: GatewayKeys[]
let nowMs: number
let sent: { gateway: string; type: DirectiveType; payload: Uint8Array }[]
const link = {
  isUp: true,
  async send(gateway: string, type: DirectiveType, payload: Uint8Array) {
    sent.push({ gateway, type, payload })
    return true
  },
}
const clock = { nowMs: () => nowMs + 1_000_000 }

beforeEach(async () => {
  office = await testOffice(4, { utilityKey: toHex(UTILITY.publicKey) })
  keys = await Promise.all([1, 2, 3, 4].map((n) => gatewayKeys(`pi-${n}`)))
  for (const [n, one] of keys.entries()) await office.post(await one.request(office.claim(n).claim))
  ;[sent, nowMs, link.isUp] = [[], AT_MS, true]
})
afterEach(() => office.close())

const service = () => rolloutTurns({ store: office.store, link, utilityKey: UTILITY, nowMs: () => nowMs, clock })
const operator = () => ({ actor: 'operator', atMs: nowMs }) as const
function create(body = CONFIG, stages = '1,100%', thresholdPermille = 0) {
  const settings = { trialS: 60, thresholdPermille, deadlineMs: 600_000, soakMs: 10_000 }
  const preview = previewRollout(office.store, { body, selection: { tags: [] }, stages, settings })
  return office.store.rollouts.create(preview, operator()).id
}
const targets = (id: number) => office.store.rollouts.targets(id)
const statesOf = (id: number) => targets(id).map(({ state }) => state)
const siteOf = (gateway: string) => office.store.siteByGateway(gateway)?.site

/** What a gateway says of itself at this moment. */
function says(site: string, changes: Partial<Status> = {}): void {
  const { gateway, signingKey = '', grant } = office.store.site(site) ?? { gateway: '' }
  const status: Status = {
    ...{ gateway: signingKey, epoch: grant?.epoch ?? 0, lastNotice: 0, clockMs: clock.nowMs(), clock: 'trusted' },
    ...{ meter: 'good', importW: 0, exportW: 0, findings: [], version: '1.0.0', config: 0, ...changes },
  }
  const keeper = statusKeeper(office.store, clock, () => nowMs)
  keeper.heard(gateway, encodeStatus(status))
  keeper.flush()
}
/** Every gateway that was told says that all is well, for long enough. */
async function allWell(id: number, turn: () => Promise<void>, changes: Partial<Status> = {}): Promise<void> {
  for (const _ of [1, 2]) {
    nowMs += 10_000
    for (const { site, state, counter = 0 } of targets(id)) {
      const answer = { counter, is: 'applied' } as const
      if (state === 'sent') says(site, { config: counter, lastConfig: answer, lastCommand: answer, ...changes })
    }
    await turn()
  }
  await turn()
}

describe('a roll-out for nobody', () => {
  const settings = { trialS: 60, thresholdPermille: 0, deadlineMs: 600_000, soakMs: 10_000 }
  const previewOf = (selection: Selection) => () =>
    previewRollout(office.store, { body: CONFIG, selection, stages: '100%', settings })

  it('says by what nobody was found, and among how many', () => {
    expect(previewOf({ tags: ['north', 'old'], community: 7, state: 'active' })).toThrow(
      'no gateway fits, of 4: tag north, tag old, community 7, state active',
    )
  })

  it('says so of a community that has none', () => {
    expect(previewOf({ community: 0 })).toThrow(/no gateway fits, of 4: community 0$/)
  })

  it('says of those that were found why they cannot be told: how many, and the first few', async () => {
    await office.close()
    office = await testOffice(12, { utilityKey: toHex(UTILITY.publicKey) })
    for (const [n, one] of keys.entries()) await office.post(await one.request(office.claim(n).claim))
    for (const [serial, event] of [
      ['pi-1', 'suspend'],
      ['pi-2', 'suspend'],
      ['pi-3', 'revoke'],
      ['pi-4', 'retire'],
    ] as const) {
      take(office.store, serial, event, operator())
    }
    expect(previewOf({ tags: [] })).toThrow(
      'no gateway that fits can be told anything: of 12, 8: it is expected (pi-5, pi-6, pi-7, pi-8, pi-9, …), ' +
        '2: it is suspended (pi-1, pi-2), 1: it is retired (pi-4), 1: it is revoked (pi-3)',
    )
  })
})

describe('a roll-out that is carried out', () => {
  it('reads its gateways once in a turn that changes nothing', async () => {
    const id = create()
    let reads = 0
    const { rollouts } = office.store
    const counting = {
      ...rollouts,
      targets(of: number) {
        reads++
        return rollouts.targets(of)
      },
    }
    const store = { ...office.store, rollouts: counting }
    const turn = rolloutTurns({ store, link, utilityKey: UTILITY, nowMs: () => nowMs, clock })
    await turn()
    // who is told has a counter only after it is written down
    expect([reads, sent.length, statesOf(id)[0]]).toEqual([2, 1, 'sent'])
    await turn()
    expect(reads).toBe(3)
    link.isUp = false
    await turn()
    expect(reads).toBe(4)
  })

  it('tells a gateway, signed and for it alone, and then the others when it was well for long enough', async () => {
    const id = create()
    const turn = service()
    await turn()
    expect(statesOf(id)).toEqual(['sent', 'waiting', 'waiting', 'waiting'])
    const [first] = sent
    const site = targets(id)[0]?.site
    expect([sent.length, first?.type, siteOf(first?.gateway ?? '')]).toEqual([1, 'config', site])
    const record = office.store.site(site ?? '')
    expect(parseConfigMessage(openDown(first?.payload ?? Buffer.of(), UTILITY.publicKey) ?? {})).toEqual({
      ...{ gateway: record?.signingKey, epoch: 1, counter: 1, settings: CONFIG.settings, trialS: 60 },
      // by the market's clock
      expiresAt: (AT_MS + 1_000_000 + 600_000) / 1000,
    })
    await allWell(id, turn)
    expect(statesOf(id)).toEqual(['good', 'sent', 'sent', 'sent'])
    await allWell(id, turn)
    expect([statesOf(id), office.store.rollouts.find(id)?.state]).toEqual([Array(4).fill('good'), 'done'])
    expect(sent).toHaveLength(4)
    const events = office.store.audit.entries().flatMap(({ event }) => (event.startsWith('rollout') ? [event] : []))
    expect(events).toEqual([
      ...['rollout create', 'rollout send', 'rollout good', 'rollout send', 'rollout send', 'rollout send'],
      ...['rollout good', 'rollout good', 'rollout good', 'rollout done'],
    ])
    expect(office.store.audit.verify()).toMatchObject({ ok: true })
  })

  it('stops when a gateway goes back, and tells nobody else until an operator goes on', async () => {
    const id = create()
    const turn = service()
    await turn()
    nowMs += 5_000
    says(targets(id)[0]?.site ?? '', { lastConfig: { counter: 1, is: 'rolled-back', reason: 'no meter' } })
    for (const _ of [1, 2, 3]) await turn()
    expect(statesOf(id)).toEqual(['failed', 'waiting', 'waiting', 'waiting'])
    expect(office.store.rollouts.find(id)).toMatchObject({
      ...{ state: 'stopped', reason: '1 of the 1 gateways of stage 1 failed' },
    })
    expect(sent).toHaveLength(1)
    orderRollout(office.store, String(id), 'resume', operator())
    await turn()
    expect(statesOf(id)).toEqual(['failed', 'sent', 'sent', 'sent'])
  })

  it('takes silence for failure at the deadline, and keeps sending seldom until then', async () => {
    const id = create()
    const turn = service()
    for (; nowMs < AT_MS + 599_000; nowMs += 1_000) await turn()
    expect(statesOf(id)).toEqual(['sent', 'waiting', 'waiting', 'waiting'])
    expect(sent).toHaveLength(2)
    nowMs = AT_MS + 600_000
    await turn()
    expect(targets(id)[0]).toMatchObject({ state: 'failed', reason: 'silent until the deadline' })
    expect(office.store.rollouts.find(id)?.state).toBe('stopped')
  })

  it('sends again to a gateway that speaks and has not taken it', async () => {
    const id = create()
    const turn = service()
    await turn()
    nowMs += 9_000
    says(targets(id)[0]?.site ?? '')
    await turn()
    expect(sent).toHaveLength(1)
    nowMs += 1_000
    await turn()
    expect(sent).toHaveLength(2)
    const [one, two] = sent.map(({ payload }) => openDown(payload, UTILITY.publicKey))
    expect([one?.counter, two?.counter]).toEqual([1, 1])
  })

  it('waits for the broker, and loses nothing by a service that dies before, in or after sending', async () => {
    const id = create()
    link.isUp = false
    await service()()
    expect([statesOf(id)[0], sent.length]).toEqual(['sent', 0])
    link.isUp = true
    // dies while the broker has it
    const dying = rolloutTurns({
      ...{ store: office.store, utilityKey: UTILITY, nowMs: () => nowMs, clock },
      link: { isUp: true, send: () => new Promise(() => {}) },
    })
    void dying()
    await service()()
    expect(sent.map(({ payload }) => openDown(payload, UTILITY.publicKey)?.counter)).toEqual([1])
    // the gateway has it by then, and the next service sends nothing more
    nowMs += 20_000
    says(targets(id)[0]?.site ?? '', { config: 1, lastConfig: { counter: 1, is: 'trying' } })
    await service()()
    expect(sent).toHaveLength(1)
  })

  it('fails a gateway that was suspended meanwhile, and does not tell it', async () => {
    const id = create(CONFIG, '100%', 500)
    take(office.store, 'pi-2', 'suspend', operator())
    const turn = service()
    // first what that means for the others, then they are told
    await turn()
    expect(sent).toHaveLength(0)
    await turn()
    const failed = targets(id).filter(({ state }) => state === 'failed')
    expect(failed).toMatchObject([{ reason: 'it is suspended' }])
    expect(sent).toHaveLength(3)
    // who is stopped after it was told has failed too, and not only when its time is over
    take(office.store, 'pi-1', 'suspend', operator())
    await turn()
    expect(targets(id).filter(({ state }) => state === 'failed')).toHaveLength(2)
  })

  it('counts on from what the gateway has heard, should this store be of before', async () => {
    for (const { site } of office.store.sites()) says(site, { config: 41, lastConfig: { counter: 41, is: 'applied' } })
    const id = create()
    await service()()
    expect(targets(id)[0]).toMatchObject({ state: 'sent', counter: 42 })
  })

  it('of software is well with the version, of which every gateway gets the signature', async () => {
    const id = create({ kind: 'software', release: RELEASE }, '100%')
    const turn = service()
    await turn()
    const command = parseCommandMessage(openDown(sent[0]?.payload ?? Buffer.of(), UTILITY.publicKey) ?? {})?.command
    expect(command?.name === 'update' && isSignedRelease(command.release, UTILITY.publicKey)).toBe(true)
    await allWell(id, turn)
    expect(statesOf(id)).toEqual(Array(4).fill('sent'))
    await allWell(id, turn, { version: '2.0.0' })
    expect(statesOf(id)).toEqual(Array(4).fill('good'))
    expect(sent.every(({ type }) => type === 'command')).toBe(true)
  })
})

describe('an operator', () => {
  it('does not get two roll-outs of one type to one gateway, and two of different types', async () => {
    const id = create()
    expect(() => create()).toThrow(new RegExp(`not done with .*pi-.* \\(roll-out ${id}\\).*abort it first`))
    create({ kind: 'restart' })
    orderRollout(office.store, String(id), 'abort', operator())
    create()
    expect(() => orderRollout(office.store, String(id), 'resume', operator())).toThrow(/it is aborted/)
  })

  it('stops it while it runs: who was told is still looked at, and nobody else is told', async () => {
    const id = create()
    const turn = service()
    await turn()
    orderRollout(office.store, String(id), 'stop', operator())
    await allWell(id, turn)
    expect([statesOf(id), sent.length]).toEqual([['good', 'waiting', 'waiting', 'waiting'], 1])
    orderRollout(office.store, String(id), 'resume', operator())
    await turn()
    expect(statesOf(id)).toEqual(['good', 'sent', 'sent', 'sent'])
  })

  it('brings back what each gateway had before', async () => {
    const turn = service()
    const first = create({ kind: 'config', settings: { pollS: 30 } }, '100%')
    await turn()
    await allWell(first, turn)
    const second = create({ kind: 'config', settings: { pollS: 5 } })
    await turn()
    const told = targets(second)[0]?.site
    const { undoing } = rollBackRollout(office.store, String(second), operator())
    expect(office.store.rollouts.find(second)?.state).toBe('aborted')
    expect(undoing).toMatchObject({ undoes: second, plan: { stages: [1], thresholdPermille: 1_000 } })
    expect(targets(undoing.id)).toMatchObject([{ site: told, body: { kind: 'config', settings: { pollS: 30 } } }])
    nowMs += 1_000
    await turn()
    const last = parseConfigMessage(openDown(sent.at(-1)?.payload ?? Buffer.of(), UTILITY.publicKey) ?? {})
    expect(last).toMatchObject({ counter: 3, settings: { pollS: 30 } })
    await allWell(undoing.id, turn)
    // and of the first one nothing was before: the file alone
    const { undoing: all } = rollBackRollout(office.store, String(first), operator())
    expect(targets(all.id).map(({ body }) => body)).toEqual(Array(4).fill({ kind: 'config', settings: {} }))
  })

  it('cannot bring software back of which none is known', async () => {
    const id = create({ kind: 'software', release: RELEASE })
    await service()()
    expect(() => rollBackRollout(office.store, String(id), operator())).toThrow(/nothing|no gateway/)
  })
})

describe('the status of a gateway', () => {
  it('is kept with when it came and how far its clock is, and is no news to who keeps the store’s version', () => {
    const [record] = office.store.sites()
    const version = office.store.version()
    says(record?.site ?? '', { clockMs: clock.nowMs() - 1_500, findings: ['import-counter-stuck'] })
    expect(office.store.statuses.all()).toEqual([
      {
        ...{ gateway: record?.gateway, receivedMs: AT_MS, epoch: 1, version: '1.0.0', config: 0, clock: 'trusted' },
        ...{ clockOffsetMs: 1_500, meter: 'good', findings: ['import-counter-stuck'], isAway: false },
      },
    ])
    expect(office.store.version()).toBe(version)
    office.store.tags.tag(record?.site ?? '', 'north', operator())
    expect(office.store.version()).not.toBe(version)
  })

  it.each<[string, Partial<Status>]>([
    ['of another epoch', { epoch: 7 }],
    ['under another key', { gateway: 'ee'.repeat(32) }],
  ])('%s is not believed', (_, changes) => {
    says(office.store.sites()[0]?.site ?? '', changes)
    expect(office.store.statuses.all()).toEqual([])
  })

  it('that is none, or of a gateway that nobody knows, is left out, and the others are kept', () => {
    const keeper = statusKeeper(office.store, clock, () => nowMs)
    keeper.heard('a'.repeat(26), Buffer.from('{}'))
    const status = { ...{ gateway: 'ee'.repeat(32), epoch: 1, lastNotice: 0, clockMs: 1, clock: 'trusted' as const } }
    keeper.heard('b'.repeat(26), encodeStatus({ ...status, meter: 'good', importW: 0, exportW: 0, findings: [] }))
    expect([keeper.flush(), keeper.flush(), office.store.statuses.all()]).toEqual([0, 0, []])
  })
})
