import type { Redis } from 'ioredis'
import type { Sighting } from './core/session-age.ts'
import type { SessionRoll } from './session-roll.ts'

/** Hash: client id → Sighting as JSON. */
const SEEN = 'wattfleet:seen'
/** The set in which aedes-persistence-redis 11 keeps the ids of clients with subscriptions. */
const CLIENTS = 'clients'

/** The key under which aedes-persistence-redis 11 lists what waits for a client. */
export const queueKey = (clientId: string) => `outgoing:${encodeURIComponent(clientId)}`

/**
 * Takes a client out of the hash where it was not seen since (KEYS[1], ARGV[1], ARGV[2]: what the hash said), and with it
 * its list (KEYS[2]) and the messages that nobody else waits for. Yields how many waited, -1 where it stays. In one go:
 * several processes look for old sessions.
 */
const END = `
if ARGV[2] ~= '' and redis.call('HGET', KEYS[1], ARGV[1]) ~= ARGV[2] then return -1 end
redis.call('HDEL', KEYS[1], ARGV[1])
local waiting = redis.call('LRANGE', KEYS[2], 0, -1)
for _, key in ipairs(waiting) do
  if redis.call('DECR', key .. ':offlineCount') <= 0 then redis.call('DEL', key, key .. ':offlineCount') end
end
redis.call('DEL', KEYS[2])
return #waiting
`

/** Forgets a client that has no session, where it was not seen since (KEYS[1], ARGV[1], ARGV[2]: what the hash said). */
const FORGET = `if redis.call('HGET', KEYS[1], ARGV[1]) == ARGV[2] then redis.call('HDEL', KEYS[1], ARGV[1]) end`

interface Store {
  cleanSubscriptions(client: { readonly id: string }): Promise<unknown>
  delWill(client: { readonly id: string }): Promise<unknown>
}

/** The roll of sessions in Redis. Every process notes its own clients, and looks for the old ones of all. */
export function redisRoll(redis: Redis, store: Store): SessionRoll {
  const said = new Map<string, string>()

  async function saw(clientId: string, { seenMs, fingerprint }: Sighting): Promise<void> {
    await redis.hset(SEEN, clientId, JSON.stringify({ seenMs, fingerprint }))
  }

  return {
    saw,
    async sightings(nowMs) {
      const [noted, withSubscriptions] = await Promise.all([redis.hgetall(SEEN), redis.smembers(CLIENTS)])
      said.clear()
      const all = new Map<string, Sighting>()
      const ids = new Set(withSubscriptions)
      for (const [clientId, text] of Object.entries(noted)) {
        if (!ids.has(clientId)) {
          await redis.eval(FORGET, 1, SEEN, clientId, text)
          continue
        }
        said.set(clientId, text)
        all.set(clientId, JSON.parse(text) as Sighting)
      }
      for (const clientId of ids) {
        if (all.has(clientId)) continue
        all.set(clientId, { seenMs: nowMs })
        await redis.hsetnx(SEEN, clientId, JSON.stringify({ seenMs: nowMs })) // unless it has just been noted
      }
      return all
    },
    async end(clientId) {
      const messages = await redis.eval(END, 2, SEEN, queueKey(clientId), clientId, said.get(clientId) ?? '')
      if (Number(messages) < 0) return undefined
      await store.cleanSubscriptions({ id: clientId })
      await store.delWill({ id: clientId })
      return Number(messages)
    },
  }
}
