import { type Clock, messageOf } from '@wattfleet/protocol'
import type { Aedes, Client } from 'aedes'
import type { pino } from 'pino'
import { type AgeLimits, ENDINGS, type Ending, endingOf, type Look, NOTE_EVERY_MS, stepOf } from './core/session-age.ts'
import type { SessionRoll } from './session-roll.ts'

/** Names in one line of the log. */
const MOST_NAMES = 20

export interface KeeperRules extends AgeLimits {
  /** Sightings are by its wall time, which may be stepped; what is to last in one piece is by its steady time. */
  readonly clock: Pick<Clock, 'nowMs' | 'steadyMs'>
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
  const { clock } = rules
  const look = (): Look => ({ nowMs: clock.nowMs(), steadyMs: clock.steadyMs() })
  let looked = look()
  const startedMs = looked.steadyMs
  let calmSinceMs = startedMs
  const refusedSince = new Map<string, number>() // steady time
  // client id → its connection, and when that was noted (steady time)
  const connected = new Map<string, { readonly client: Client; notedMs: number }>()

  function note(client: Client): void {
    const fingerprint = rules.fingerprintOf(client)
    const seenMs = clock.nowMs()
    roll
      .saw(client.id, { seenMs, ...(fingerprint !== undefined && { fingerprint }) })
      .catch((error: unknown) => log.warn({ error: messageOf(error) }, 'who is connected was not noted'))
  }

  aedes.on('client', (client) => {
    if (client.clean || client.closed) return // it may have come too late, see holders.ts
    connected.set(client.id, { client, notedMs: clock.steadyMs() })
    note(client)
  })
  aedes.on('clientDisconnect', (client) => {
    if (client.clean || connected.get(client.id)?.client !== client) return
    connected.delete(client.id)
    note(client)
  })

  function noteConnected(steadyMs: number, everyMs: number): void {
    for (const one of connected.values()) {
      if (one.client.closed || steadyMs - one.notedMs < everyMs) continue
      one.notedMs = steadyMs
      note(one.client)
    }
  }

  /** For how long this session's certificate has been refused, ms. */
  function refusalOf(clientId: string, fingerprint: string | undefined, steadyMs: number): number | undefined {
    if (fingerprint === undefined || !rules.isRefused(clientId, fingerprint)) {
      refusedSince.delete(clientId)
      return undefined
    }
    const since = refusedSince.get(clientId) ?? steadyMs
    refusedSince.set(clientId, since)
    return steadyMs - since
  }

  /**
   * The wall clock was stepped: nobody's time is over for that. Those who are connected are noted by the clock as it is
   * now, and who was noted since the start and before a step ahead was seen no longer ago for it.
   */
  async function goWithStep(stepMs: number, { nowMs, steadyMs }: Look): Promise<void> {
    calmSinceMs = steadyMs
    noteConnected(steadyMs, 0)
    const wasMs = nowMs - stepMs
    const wasAtStartMs = wasMs - (steadyMs - startedMs)
    for (const [clientId, sighting] of await roll.sightings(nowMs)) {
      const { seenMs } = sighting
      if (stepMs < 0 || seenMs < wasAtStartMs || seenMs > wasMs || connected.has(clientId)) continue
      await roll.saw(clientId, { ...sighting, seenMs: seenMs + stepMs })
    }
  }

  async function sweep(): Promise<void> {
    const at = look()
    const { nowMs, steadyMs } = at
    const stepMs = stepOf(looked, at)
    if (stepMs !== 0) await goWithStep(stepMs, at)
    looked = at // not sooner: what failed is tried again
    noteConnected(steadyMs, NOTE_EVERY_MS)
    const over: Record<Ending, { names: string[]; messages: number }> = {
      unseen: { names: [], messages: 0 },
      refused: { names: [], messages: 0 },
    }
    const sightings = await roll.sightings(nowMs)
    for (const clientId of refusedSince.keys()) if (!sightings.has(clientId)) refusedSince.delete(clientId)
    for (const [clientId, sighting] of sightings) {
      const refusedMs = refusalOf(clientId, sighting.fingerprint, steadyMs)
      const ending = endingOf(sighting, { nowMs, calmMs: steadyMs - calmSinceMs, refusedMs }, rules)
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
