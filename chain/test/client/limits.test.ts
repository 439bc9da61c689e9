import type { u64 } from '@polkadot/types'
import type { SignedMessage } from '@wattfleet/protocol'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ChainConnection } from '../../src/client/connection.ts'
import { batchLimits } from '../../src/client/limits.ts'
import type { Session } from '../../src/client/session.ts'
import { COMMUNITY, signed, type TestChain, testChain } from '../fixture.ts'

/** The chain remembers no more of one site than a little above this. */
const SITE_ORDERS = 120

let chain: TestChain
beforeAll(async () => {
  chain = await testChain()
})
afterAll(() => chain.stop())

/** The chain, and with a weight given, with a runtime to which every byte of a call weighs so much. */
function heavier(refTimePerByte?: bigint): { connection: ChainConnection; asked: () => number } {
  let asked = 0
  const connection = Object.create(chain.connection, {
    ask: {
      value: <T>(what: string, question: (session: Session) => Promise<T>) =>
        chain.connection.ask(what, (session) => {
          const request = async (method: string, params: readonly unknown[]) => {
            asked += 1
            const answer = await session.request(method, params)
            if (refTimePerByte === undefined) return answer
            const { registry } = session.api
            const info = registry.createType('RuntimeDispatchInfoV2', answer).toJSON() as object
            const weight = { refTime: BigInt(String(params[1]).length / 2) * refTimePerByte, proofSize: 0 }
            return registry.createType('RuntimeDispatchInfoV2', { ...info, weight }).toHex()
          }
          return question({ ...session, request: request as Session['request'] })
        }),
    },
  }) as ChainConnection
  return { connection, asked: () => asked }
}

describe('how many items fit into half of a block', { timeout: 240_000 }, () => {
  it('is asked of the chain, once', async () => {
    const { connection, asked } = heavier()
    const limits = batchLimits(connection)
    const first = await limits()
    const before = asked()
    expect(before).toBeGreaterThan(0)
    expect(await limits()).toEqual(first)
    expect(asked()).toBe(before)
  })

  it('is no more than a call can hold, and so many enter', async () => {
    const { orders } = await batchLimits(chain.connection)()
    expect(orders).toBeGreaterThan(SITE_ORDERS)
    const items: SignedMessage[] = []
    while (items.length < orders) {
      const house = await chain.house({ fundsNano: 10n ** 15n })
      const count = Math.min(SITE_ORDERS, orders - items.length)
      for (let i = 0; i < count; i++) items.push(signed(house, chain.order(house, { energyWh: 1 })))
    }
    const { outcome, events } = await chain.submit('relayer', { call: 'submit-orders', community: COMMUNITY, items })
    expect(outcome.ok).toBe(true)
    expect(events.filter(({ type }) => type === 'order-entered')).toHaveLength(orders)
  })

  it('is what half of a block’s weight holds, where that is less', async () => {
    const weights = await chain.connection.ask(
      'limits',
      async ({ api }): Promise<unknown> => api.consts.system?.blockWeights,
    )
    const half = (weights as { maxBlock: { refTime: u64 } }).maxBlock.refTime.toBigInt() / 2n
    // half a block holds some 10,000 bytes: an order in a call has 219, a match 12
    const { orders, matches } = await batchLimits(heavier(half / 10_000n).connection)()
    expect(orders).toBeGreaterThan(40)
    expect(orders * 219).toBeLessThan(10_000)
    expect(matches).toBeGreaterThan(400)
    expect(matches * 12).toBeLessThan(10_000)
  })

  it('is at least one: a call that is too heavy is for the chain to refuse', async () => {
    expect(await batchLimits(heavier(10n ** 15n).connection)()).toMatchObject({ orders: 1, matches: 1 })
  })
})
