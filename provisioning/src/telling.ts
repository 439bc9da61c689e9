import { Fault, messageOf, pause, toHex } from '@wattfleet/protocol'
import type { pino } from 'pino'
import type { Messenger, Told } from './admission.ts'
import type { Store } from './ports.ts'

/** What the utility's own system is told, once it has happened. */
const TOLD_EVENTS: readonly string[] = [
  ...['activate', 'suspend', 'resume', 'conflict', 'release', 'revoke', 'retire'],
  ...['reset-asked', 'claim-misused', 'replace', 'transfer', 'transferred'],
]
/** How often the log is looked at, and the longest between two tries of the same. */
const LOOK_MS = 1_000
const LONGEST_RETRY_MS = 60_000

/** Digits of an entry's hash that name it: no two entries have the same, also where a store was put back. */
const ID_DIGITS = 32

/**
 * Tells the utility's own system what has become of its gateways: in the order of the audit log, which is the queue, and
 * each until it was heard, so that a restart goes on where the last one stopped. What was before it was told for the first
 * time is left out. What is heard twice has the same id.
 */
export async function keepTelling(
  store: Store,
  messenger: Messenger,
  log: pino.Logger,
  signal: AbortSignal,
  lookMs = LOOK_MS,
): Promise<void> {
  if (store.toldUpTo() === undefined) store.setToldUpTo(store.audit.head()?.number ?? 0)
  let waitMs = lookMs
  while (!signal.aborted) {
    const why = await tellNext(store, messenger, signal).catch((error: unknown) => {
      if (error instanceof Fault && error.code === 'store') return messageOf(error)
      throw error
    })
    if (why === undefined) waitMs = lookMs
    else if (!signal.aborted) {
      log.warn({ why, waitMs }, 'the utility’s own system has not heard what happened; it is told again')
    }
    await pause(waitMs, signal)
    if (why !== undefined) waitMs = Math.min(2 * waitMs, LONGEST_RETRY_MS)
  }
}

/** Entries that are read at a time. */
const PAGE = 500

/** Tells all that is new. Yields why it came no further; undefined when everything was heard. */
async function tellNext(store: Store, messenger: Messenger, signal: AbortSignal): Promise<string | undefined> {
  for (;;) {
    const page = store.audit.entries((store.toldUpTo() ?? 0) + 1, PAGE)
    for (const entry of page.filter(({ event }) => TOLD_EVENTS.includes(event))) {
      const { event, atMs, site, gateway } = entry
      const { serial = '', household = '' } = store.site(site) ?? {}
      const requestId = toHex(entry.hash).slice(0, ID_DIGITS)
      const told: Told = { event, requestId, serial, household, site, gateway, atMs }
      const why = await messenger.tell(told, signal)
      if (why !== undefined) return why
      store.setToldUpTo(entry.number)
    }
    const last = page.at(-1)
    if (last === undefined) return undefined
    if (store.toldUpTo() !== last.number) store.setToldUpTo(last.number)
  }
}
