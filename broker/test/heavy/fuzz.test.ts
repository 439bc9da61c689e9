import { expect, it } from 'vitest'
import { brokerProcess } from '../fixtures/broker-process.ts'
import { survivesFuzz } from '../fixtures/fuzz.ts'

it('a hundred thousand random and mutated packets crash nothing', { timeout: 300_000 }, async () => {
  const broker = await brokerProcess({ limits: { handshakesPerSecond: 5_000, handshakeBurst: 5_000 } })
  try {
    await broker.start()
    expect(await survivesFuzz(broker, { count: 100_000, seed: Date.now() & 0xffff })).toBe('served')
  } finally {
    await broker.close()
  }
})
