import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isRedisThere, testRedis } from '../../fixtures/redis.ts'
import type { Engine } from '../engine.ts'
import { aedes } from './aedes.ts'

/** The embedded broker with its sessions in Redis. What ends it as a power cut would ends Redis too. */
export const redis: Engine = {
  name: 'redis',
  missing: () => (isRedisThere ? undefined : 'redis-server: apt-get install redis-server'),
  async start(place) {
    const store = await testRedis()
    const { stateDir: _, ...config } = JSON.parse(readFileSync(place.configPath, 'utf8')) as Record<string, unknown>
    const configPath = join(place.folder, 'on-redis.json')
    writeFileSync(configPath, JSON.stringify({ ...config, redis: { url: store.url } }))
    const broker = await aedes.start({ ...place, configPath }).catch(async (error) => {
      await store.close()
      throw error
    })
    return {
      ...broker,
      async kill() {
        await Promise.all([broker.kill(), store.kill()])
      },
      async start() {
        await store.start()
        await broker.start()
      },
      async stop() {
        await broker.stop()
        await store.kill()
      },
      async close() {
        await broker.close()
        await store.close()
      },
    }
  },
}
