import type { SessionJournal } from './adapters/session-journal.ts'
import type { Sighting } from './core/session-age.ts'

/** Which sessions there are, and when their clients were last connected. */
export interface SessionRoll {
  /** Every stored session; one that was never noted is noted as seen now. */
  sightings(nowMs: number): Promise<ReadonlyMap<string, Sighting>>
  saw(clientId: string, sighting: Sighting): Promise<void>
  /**
   * Ends a session: its subscriptions, what waits for it, and its will. Yields how many messages that was; undefined where
   * its client was seen since then, and it stays.
   */
  end(clientId: string, seenMs: number): Promise<number | undefined>
}

/** The roll of the store in memory, kept in the journal where there is one. */
export function sessionRoll(
  kept: readonly (Sighting & { readonly clientId: string })[],
  sessions: { ids(): ReadonlySet<string>; drop(clientId: string): number },
  journal: SessionJournal | undefined,
): SessionRoll {
  const seen = new Map<string, Sighting>(kept.map(({ clientId, ...sighting }) => [clientId, sighting]))

  function note(clientId: string, sighting: Sighting): Sighting {
    seen.set(clientId, sighting)
    journal?.saw(clientId, sighting)
    return sighting
  }

  function forget(clientId: string): void {
    seen.delete(clientId)
    journal?.forgot(clientId)
  }

  return {
    async sightings(nowMs) {
      const ids = sessions.ids()
      for (const clientId of seen.keys()) if (!ids.has(clientId)) forget(clientId)
      return new Map([...ids].map((clientId) => [clientId, seen.get(clientId) ?? note(clientId, { seenMs: nowMs })]))
    },
    async saw(clientId, sighting) {
      note(clientId, sighting)
    },
    async end(clientId, seenMs) {
      if ((seen.get(clientId)?.seenMs ?? seenMs) > seenMs) return undefined
      forget(clientId)
      return sessions.drop(clientId)
    },
  }
}
