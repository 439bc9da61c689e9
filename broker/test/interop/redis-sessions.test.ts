import { Redis } from 'ioredis'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { eventually, type TestBroker } from '../fixtures/broker.ts'
import { agingBroker, refusedOnesGo, revocations, unseenOnesGo } from '../fixtures/old-sessions.ts'
import { isRedisThere, type TestRedis, testRedis } from '../fixtures/redis.ts'

let redis: TestRedis
let at: TestBroker | undefined
beforeEach(async () => {
  if (isRedisThere) redis = await testRedis()
})
afterEach(async () => {
  if (!isRedisThere) return
  await at?.close()
  await redis.close()
})

/** The keys that Redis holds. */
async function keys(): Promise<string[]> {
  const store = new Redis(redis.port, '127.0.0.1')
  const all = await store.keys('*')
  store.disconnect()
  return all.sort()
}

describe.skipIf(!isRedisThere)('sessions in Redis', () => {
  it('are given up when nobody came for them for 30 days, with the messages that nobody else waits for', async () => {
    const aging = await agingBroker({ redis })
    at = aging.at
    await unseenOnesGo(aging)
    let left: string[] = []
    await eventually(() => {
      void keys().then((all) => {
        left = all
      })
      return left.length > 0 && !left.some((key) => key.startsWith('packet:') || key.startsWith('outgoing:'))
    }, 'no message is left')
    expect(left.filter((key) => key.startsWith('client:')).length).toBe(2)
  })

  it('are given up when their certificate is refused for an hour', async () => {
    const { revoked, isRevoked, swept } = revocations()
    const aging = await agingBroker({ redis, isRevoked })
    at = aging.at
    await refusedOnesGo(aging, revoked, swept)
  })
})
