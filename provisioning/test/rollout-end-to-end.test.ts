import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { RolloutBody } from '../src/fleet-ports.ts'
import { orderRollout, previewRollout } from '../src/rollout-desk.ts'
import { testFleet } from './fixtures/real-fleet.ts'

const PATIENCE = { timeout: 120_000, interval: 100 }
let fleet: Awaited<ReturnType<typeof testFleet>>
let stopService: () => Promise<void>
beforeEach(async () => {
  fleet = await testFleet(3)
  stopService = fleet.startService()
}, 60_000)
afterEach(async () => {
  await stopService()
  await fleet.close()
})

const operator = () => ({ actor: 'operator', atMs: Date.now() }) as const
function create(body: RolloutBody) {
  const { store } = fleet.office
  // five seconds, at sixty times life's pace
  const settings = { trialS: 300, thresholdPermille: 0, deadlineMs: 600_000, soakMs: 500 }
  const preview = previewRollout(store, { body, selection: { tags: [] }, stages: '1,100%', settings })
  return { id: store.rollouts.create(preview, operator()).id, order: preview.serials.flat() }
}
const stateOf = (id: number) => fleet.office.store.rollouts.find(id)?.state
const targets = (id: number) => fleet.office.store.rollouts.targets(id)

describe('a roll-out to three gateways', () => {
  it('that is good reaches all; one that is bad is taken back by the first gateway and reaches nobody else', async () => {
    const agents = await Promise.all([0, 1, 2].map((n) => fleet.startAgent(n)))
    const { store } = fleet.office
    await vi.waitFor(() => expect(store.statuses.all()).toHaveLength(3), PATIENCE)

    const good = create({ kind: 'config', settings: { pollS: 20, strategy: { bidMicro: 250_000 } } })
    await vi.waitFor(() => expect(targets(good.id).filter(({ state }) => state === 'sent')).toHaveLength(1), PATIENCE)
    // the service dies in the middle and is started again
    await stopService()
    stopService = fleet.startService()
    await vi.waitFor(() => expect(stateOf(good.id), fleet.said.slice(-20).join('')).toBe('done'), PATIENCE)
    expect(targets(good.id).map(({ state, counter }) => [state, counter])).toEqual(Array(3).fill(['good', 1]))
    for (const n of [0, 1, 2]) expect(fleet.state(n)).toMatchObject({ kept: { counter: 1, settings: { pollS: 20 } } })

    const bad = create({ kind: 'config', settings: { meter: { port: fleet.nobody } } })
    await vi.waitFor(() => expect(stateOf(bad.id), fleet.said.slice(-20).join('')).toBe('stopped'), PATIENCE)
    expect(targets(bad.id).map(({ state }) => state)).toEqual(['failed', 'waiting', 'waiting'])
    expect(targets(bad.id)[0]?.reason).toBe('rolled-back: the meter could be read before, and not with it')
    const first = Number(bad.order[0]?.slice(3)) - 1
    expect(fleet.state(first)).toMatchObject({ kept: { counter: 1 }, lastConfig: { counter: 2, is: 'rolled-back' } })
    // it reads its meter again, with what it had
    const gateway = store.siteBySerial(bad.order[0] ?? '')?.gateway ?? ''
    await vi.waitFor(() => expect(store.statuses.of(gateway)).toMatchObject({ meter: 'good', config: 1 }), PATIENCE)
    expect(orderRollout(store, String(bad.id), 'abort', operator()).state).toBe('aborted')

    const restart = create({ kind: 'restart' })
    for (const agent of agents) agent.once('exit', () => void fleet.startAgent(agents.indexOf(agent)))
    await vi.waitFor(() => expect(stateOf(restart.id), fleet.said.slice(-20).join('')).toBe('done'), PATIENCE)
    expect(agents.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0])
    expect(store.audit.verify()).toMatchObject({ ok: true })
  }, 400_000)
})
