import type { ServerResponse } from 'node:http'
import type { Changes } from './changes.ts'
import { LIMITS } from './limits.ts'
import type { ClockTick, StreetResource } from './schemas/street.ts'

/*
 * Server-sent events (WHATWG HTML, section 9.2): changes fill one flag, a tick a second empties it. So however fast the
 * street changes, every page gets one snapshot a second at most, and the time each second.
 */

export interface FeedSource {
  snapshot(): Promise<StreetResource>
  clock(): ClockTick
  readonly changes: Changes
  /** Told when a snapshot could not be read; the pages then see that nothing new comes. */
  onError(error: unknown): void
}

export interface Feed {
  /** Streams to this response, whose head is written; false when enough are listening. */
  attach(response: ServerResponse): boolean
  clients(): number
  stop(): void
}

interface Client {
  readonly response: ServerResponse
  /** Has not got the latest snapshot. */
  behind: boolean
  skipped: number
}

export function startFeed(source: FeedSource, tickMs: number = LIMITS.sseTickMs): Feed {
  const clients = new Set<Client>()
  let ticking = false

  async function tick(): Promise<void> {
    if (ticking || clients.size === 0) return
    ticking = true
    const changed = source.changes.take()
    if (changed) for (const client of clients) client.behind = true
    try {
      await catchUp(clients)
    } catch (error) {
      if (changed) source.changes.putBack()
      source.onError(error)
    } finally {
      ticking = false
    }
    const clock = eventText('clock', source.clock())
    for (const client of clients) write(client, clock)
  }

  /** Sends a snapshot to those that are behind; whoever got one from elsewhere in the meantime is left alone. */
  async function catchUp(these: Iterable<Client>): Promise<void> {
    const behind = [...these].filter((client) => client.behind)
    if (behind.length === 0) return
    const text = eventText('street', await source.snapshot())
    for (const client of behind) if (client.behind) client.behind = !write(client, text)
  }

  /** Skips a page that has not read what it was sent before, and cuts it when that lasts; false when it got nothing. */
  function write(client: Client, text: string): boolean {
    if (client.response.writableNeedDrain) {
      client.skipped += 1
      if (client.skipped > LIMITS.sseSkippedTicks) client.response.destroy()
      return false
    }
    client.skipped = 0
    client.response.write(text)
    return true
  }

  const timer = setInterval(() => void tick(), tickMs)
  timer.unref()
  return {
    attach(response) {
      if (clients.size >= LIMITS.sseClients) return false
      const client: Client = { response, behind: true, skipped: 0 }
      clients.add(client)
      response.once('close', () => clients.delete(client))
      response.write(`retry: ${LIMITS.sseRetryMs}\n\n`)
      // what fails here is tried again by the next tick
      catchUp([client]).catch(source.onError)
      return true
    },
    clients: () => clients.size,
    stop() {
      clearInterval(timer)
      for (const { response } of clients) response.end()
    },
  }
}

/** One event: JSON has no line breaks of its own, so one data line carries it. */
export function eventText(event: 'street' | 'clock', data: object): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
