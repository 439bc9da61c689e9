import { describe, expect, it } from 'vitest'
import { judgeHealth } from '../../src/gateway/health.ts'
import type { HealthView } from '../../src/gateway/ports.ts'
import { memoryViews } from './fixture.ts'
import { get, runningOver } from './running.ts'

const WELL: HealthView = { indexedBlock: 100, finalizedBlock: 110, brokerConnected: true }

describe('health', () => {
  it.each<[string, HealthView, string[], number | null]>([
    ['well, at the edge of the lag', WELL, [], 10],
    ['ahead of what the chain last said', { ...WELL, indexedBlock: 111 }, [], 0],
    ['too far behind', { ...WELL, indexedBlock: 99 }, ['index-behind'], 11],
    ['without broker', { ...WELL, brokerConnected: false }, ['broker-disconnected'], 10],
    ['store failing', { ...WELL, storeFault: 'disk full' }, ['store-failing'], 10],
    ['chain away', { indexedBlock: 5, brokerConnected: true }, ['chain-unreachable'], null],
    ['nothing indexed', { finalizedBlock: 5, brokerConnected: true }, ['index-empty'], null],
    [
      'everything wrong',
      { brokerConnected: false, storeFault: 'disk full' },
      ['store-failing', 'index-empty', 'chain-unreachable', 'broker-disconnected'],
      null,
    ],
  ])('%s', async (_, health, codes, lagBlocks) => {
    const judged = judgeHealth(health, 10)
    expect(judged.reasons.map((reason) => reason.code)).toEqual(codes)
    expect(judged.lagBlocks).toBe(lagBlocks)
    const { url } = await runningOver(memoryViews({ health }))
    const answer = await get(`${url}/healthz`)
    expect(answer.status).toBe(codes.length === 0 ? 200 : 503)
    expect(answer.body).toEqual(judged)
  })

  it('measures by the lag that is configured', async () => {
    const { url } = await runningOver(memoryViews({ health: WELL }), { config: { healthyLagBlocks: 9 } })
    const { status, body } = await get(`${url}/healthz`)
    expect(status).toBe(503)
    expect(body.reasons[0].detail).toBe('the index is 10 blocks behind the finalized head, 9 are allowed')
  })
})
