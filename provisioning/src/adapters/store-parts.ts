import { Fault, messageOf } from '@wattfleet/protocol'
import type Database from 'better-sqlite3'
import type { AuditLog, Deed } from '../ports.ts'

/** What every part of a store on the same tables is made of. */
export interface StoreParts {
  readonly db: Database.Database
  read<T>(body: () => T): T
  /** One transaction. */
  write<T>(body: () => T): T
  /** The same for what nobody waits for: it is no news to who looks at the version in this process. */
  writeQuietly<T>(body: () => T): T
  /** Another text whenever something was changed, by whatever process. */
  version(): string
  /** An entry in the audit log, inside a transaction; without a site it is about the fleet. */
  log(site: string | undefined, event: string, deed: Deed): void
  /** Many of them: the log is signed once. */
  logAll(entries: readonly LogEntry[]): void
}

export type LogEntry = readonly [site: string | undefined, event: string, deed: Deed]

export function storeParts(db: Database.Database, audit: AuditLog): StoreParts {
  const changes = () => Number(db.prepare('SELECT total_changes()').pluck().get())
  const write = <T>(body: () => T): T => guarded(() => db.transaction(body).immediate())
  let quiet = 0
  function logAll(entries: readonly LogEntry[]): void {
    const wireName = db.prepare('SELECT gateway FROM sites WHERE site = ?').pluck()
    audit.append(
      entries.map(([site = '', event, { actor, detail = {}, atMs }]) => {
        const gateway = String(wireName.get(site) ?? '')
        return { atMs, actor, event, site, gateway, detail }
      }),
    )
  }
  return {
    db,
    read: guarded,
    write,
    writeQuietly(body) {
      const before = changes()
      try {
        return write(body)
      } finally {
        quiet += changes() - before
      }
    },
    version: () => guarded(() => `${db.pragma('data_version', { simple: true })}/${changes() - quiet}`),
    log: (...entry) => logAll([entry]),
    logAll,
  }
}

/** Whatever the database throws is a Fault `store`. */
export function guarded<T>(body: () => T): T {
  try {
    return body()
  } catch (error) {
    if (error instanceof Fault) throw error
    throw new Fault('store', `store: ${messageOf(error)}`, { cause: error })
  }
}
