import { messageOf } from '@wattfleet/protocol'
import type { Aedes, Client } from 'aedes'
import type { pino } from 'pino'
import { type AgeLimits, ENDINGS, type Ending, endingOf } from './core/session-age.ts'
import type { SessionRoll } from './session-roll.ts'

/** Who stays connected is noted this often, ms: a crash must not make a session look older than that. */
const NOTE_EVERY_MS = 3_600_000
/** Names in one line of the log. */
const MOST_NAMES = 20

export interface KeeperRules extends AgeLimits {
  /** Wall clock, ms since 1970. */
  now(): number
  /** The certificate of a connection, SHA-256 in lower-case hex. */
  fingerprintOf(client: Client): string | undefined
  /** Whether this client would not be let in with this certificate. */
  isRefused(clientId: string, fingerprint: string): boolean
}

export interface SessionKeeper {
  readonly ended: Readonly<Record<Ending, number>>
  /** Ends the sessions whose time is over, one sweep at a time. Never rejects: what failed is logged and tried again. */
  sweep(): Promise<void>
}

/** Ends sessions of clients that do not come back, or may not: else their queues stay for ever. */
export function keepSessions(aedes: Aedes, roll: SessionRoll, rules: KeeperRules, log: pino.Logger): SessionKeeper {
  const ended: Record<Ending, number> = { unseen: 0, refused: 0 }
  const startedMs = rules.now()
  const refusedSince = new Map<string, number>()
  // client id → its connection, and when that was noted
  const connected = new Map<string, { readonly client: Client; notedMs: number }>()

  function note(client: Client): void {
    const fingerprint = rules.fingerprintOf(client)
    const seenMs = rules.now()
    roll
      .saw(client.id, { seenMs, ...(fingerprint !== undefined && { fingerprint }) })
      .catch((error: unknown) => log.warn({ error: messageOf(error) }, 'who is connected was not noted'))
  }

  aedes.on('client', (client) => {
    if (client.clean) return
    connected.set(client.id, { client, notedMs: rules.now() })
    note(client)
  })
  aedes.on('clientDisconnect', (client) => {
    if (client.clean || connected.get(client.id)?.client !== client) return
    connected.delete(client.id)
    note(client)
  })

  function noteConnected(nowMs: number): void {
    for (const one of connected.values()) {
      if (one.client.closed || nowMs - one.notedMs < NOTE_EVERY_MS) continue
      one.notedMs = nowMs
      note(one.client)
    }
  }

  /** Since when this session's certificate is refused. */
  function refusalOf(clientId: string, fingerprint: string | undefined, nowMs: number): number | undefined {
    if (fingerprint === undefined || !rules.isRefused(clientId, fingerprint)) {
      refusedSince.delete(clientId)
      return undefined
    }
    const since = refusedSince.get(clientId) ?? nowMs
    refusedSince.set(clientId, since)
    return since
  }

  async function sweep(): Promise<void> {
    const nowMs = rules.now()
    noteConnected(nowMs)
    const over: Record<Ending, { names: string[]; messages: number }> = {
      unseen: { names: [], messages: 0 },
      refused: { names: [], messages: 0 },
    }
    const sightings = await roll.sightings(nowMs)
    for (const clientId of refusedSince.keys()) if (!sightings.has(clientId)) refusedSince.delete(clientId)
    for (const [clientId, sighting] of sightings) {
      const refusedSinceMs = refusalOf(clientId, sighting.fingerprint, nowMs)
      const ending = endingOf(sighting, { nowMs, startedMs, refusedSinceMs }, rules)
      if (ending === undefined || connected.get(clientId)?.client.closed === false) continue
      const messages = await roll.end(clientId, sighting.seenMs)
      if (messages === undefined) continue
      ended[ending] += 1
      over[ending].names.push(clientId)
      over[ending].messages += messages
    }
    for (const reason of ENDINGS) {
      const { names, messages } = over[reason]
      const about = { reason, sessions: names.length, messages, who: names.slice(0, MOST_NAMES) }
      if (names.length > 0) log.warn(about, 'sessions were given up, with what waited for them')
    }
  }

  let running: Promise<void> | undefined
  return {
    ended,
    sweep() {
      running ??= sweep()
        .catch((error: unknown) => log.warn({ error: messageOf(error) }, 'old sessions were not looked for'))
        .finally(() => {
          running = undefined
        })
      return running
    },
  }
}
