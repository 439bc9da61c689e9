import { describe, expect, it } from 'vitest'
import { brokerProcess } from './fixtures/broker-process.ts'
import { survivesFuzz } from './fixtures/fuzz.ts'

describe('fuzzed MQTT packets', () => {
  it('a few of them crash nothing', async () => {
    const broker = await brokerProcess({ limits: { handshakesPerSecond: 5_000, handshakeBurst: 5_000 } })
    try {
      await broker.start()
      expect(await survivesFuzz(broker, { count: 5_000, seed: 1 })).toBe('served')
    } finally {
      await broker.close()
    }
  })
})
