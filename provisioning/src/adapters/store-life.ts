import { Fault, sameBytes } from '@wattfleet/protocol'
import type Database from 'better-sqlite3'
import type { MoveEvent } from '../ports.ts'
import type { Admissions, Estate, Stranger, Strangers } from '../ports-life.ts'
import type { Lives } from './lives.ts'
import { insertSite, rowOf } from './tables.ts'

/** The keys that used the claim, that somebody let them in, and what the utility's own system said of them. */
export const NO_KEYS =
  'signing_key = NULL, tls_key = NULL, is_approved = 0, hook_request = NULL, hook_answer = NULL, hook_reason = NULL'
export const NOTHING_LEFT = `${NO_KEYS}, grant_json = NULL, claim_hash = NULL`

/** What no longer holds after an event. */
export const FORGETS: Partial<Record<MoveEvent, string>> = {
  abandon: NO_KEYS,
  revoke: NOTHING_LEFT,
  retire: NOTHING_LEFT,
}

/** Strangers that are kept of one site: somebody with its claim and ever new keys fills neither the store nor the log. */
const MOST_STRANGERS = 4

/** What several steps do to the rows, inside their transaction. */
export function rowsOf(db: Database.Database) {
  return {
    insertSites(sites: readonly Parameters<typeof rowOf>[0][]): void {
      const insert = db.prepare(insertSite)
      for (const site of sites) insert.run(rowOf(site))
    },
    /** Neither certificates of before nor other keys at its claim of before count any more. */
    endAll(site: string): void {
      db.prepare('UPDATE certificates SET is_in_force = 0 WHERE site = ?').run(site)
      db.prepare('DELETE FROM strangers WHERE site = ?').run(site)
    },
  }
}

interface Inside extends Lives, ReturnType<typeof rowsOf> {
  readonly db: Database.Database
  readonly write: <T>(body: () => T) => T
  readonly guarded: <T>(body: () => T) => T
  readonly change: (sql: string, ...values: unknown[]) => void
}

/** What the store keeps of gateways that come back, are asked for, and leave. */
export function lifeStore(inside: Inside): Strangers & Admissions & Estate {
  return { ...strangersIn(inside), ...admissionsIn(inside), ...estateIn(inside) }
}

interface StrangerRow extends Omit<Stranger, 'tlsKey'> {
  readonly tlsKey: Buffer
}

function strangersIn({ db, write, guarded, change, endAll, recordFor, advance, log }: Inside): Strangers {
  const select = (where: string, ...values: unknown[]) =>
    db
      .prepare<unknown[], StrangerRow>(
        `SELECT site, signing_key AS signingKey, tls_key AS tlsKey, serial, state, met_ms AS metMs, asked_ms AS askedMs
         FROM strangers ${where} ORDER BY met_ms, rowid`,
      )
      .all(...values)
  return {
    strangers: () => guarded(() => select('')),
    meet: ({ site, signingKey, tlsKey, serial, state }, deed) =>
      write(() => {
        const met = select('WHERE site = ?', site)
        const known = met.find((one) => one.signingKey === signingKey)
        if (known !== undefined) {
          change('UPDATE strangers SET asked_ms = ? WHERE site = ? AND signing_key = ?', deed.atMs, site, signingKey)
          // one of the two keys is not what it was: nobody is let in by that
          const isSame = sameBytes(known.tlsKey, tlsKey) && known.serial === serial
          return { state: isSame && state === 'pending' ? known.state : 'refused', isNew: false }
        }
        if (met.length >= MOST_STRANGERS) return undefined
        const columns = 'site, signing_key, tls_key, serial, state, met_ms, asked_ms'
        const values = [site, signingKey, Buffer.from(tlsKey), serial, state, deed.atMs, deed.atMs]
        change(`INSERT INTO strangers (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?)`, ...values)
        log(recordFor(site), state === 'pending' ? 'reset-asked' : 'claim-misused', deed)
        return { state, isNew: true }
      }),
    replaceKeys: (site, signingKey, deed) =>
      write(() => {
        const record = recordFor(site)
        const [found] = select("WHERE site = ? AND signing_key = ? AND state = 'pending'", site, signingKey)
        if (found === undefined)
          return { ok: false, known: false, reason: 'replace: no such keys wait for an approval' }
        const sql = `${NO_KEYS}, grant_json = NULL`
        const step = advance(record, 'replace', deed, sql)
        if (!step.ok) return step
        const bind = 'UPDATE sites SET signing_key = ?, tls_key = ?, is_approved = 1, asked_ms = ? WHERE site = ?'
        change(bind, signingKey, found.tlsKey, found.askedMs, site)
        endAll(site)
        return step
      }),
    refuseStrangers: (site, deed) =>
      write(() => {
        const sql = "UPDATE strangers SET state = 'refused' WHERE site = ? AND state = 'pending'"
        const { changes } = db.prepare(sql).run(site)
        if (changes > 0) log(recordFor(site), 'reset-refused', deed)
        return changes
      }),
    forgetStrangers: (askedBeforeMs) =>
      // most of the time there is nobody, and nothing is written
      guarded(() => select('WHERE asked_ms < ?', askedBeforeMs)).length === 0
        ? undefined
        : write(() => void db.prepare('DELETE FROM strangers WHERE asked_ms < ?').run(askedBeforeMs)),
  }
}

function admissionsIn({ db, write, guarded, change, recordFor, log }: Inside): Admissions {
  return {
    beginAdmission: (site, requestId) =>
      write(() => {
        const { admission } = recordFor(site)
        if (admission !== undefined) return admission.requestId
        change('UPDATE sites SET hook_request = ? WHERE site = ?', requestId, site)
        return requestId
      }),
    setAdmission: (site, requestId, answer, reason, deed) =>
      write(() => {
        const record = recordFor(site)
        if (record.admission?.requestId !== requestId) return false
        change('UPDATE sites SET hook_answer = ?, hook_reason = ? WHERE site = ?', answer, reason, site)
        log(record, `utility-${answer}`, deed)
        return true
      }),
    toldUpTo: () => guarded(() => db.prepare<[], number>('SELECT number FROM told').pluck().get()),
    setToldUpTo: (number) => write(() => change('INSERT OR REPLACE INTO told (one, number) VALUES (1, ?)', number)),
  }
}

function estateIn({ db, write, guarded, change, recordFor, advance, log, insertSites, endAll }: Inside): Estate {
  return {
    transfer: (from, to, deed) =>
      write(() => {
        const record = recordFor(from)
        const told = { ...deed, detail: { ...deed.detail, to: to.site } }
        const step = advance(record, 'transfer', told, `${NOTHING_LEFT}, moved_on = 1`)
        if (!step.ok) return step
        endAll(from)
        insertSites([to])
        log(recordFor(to.site), 'transferred', { ...deed, detail: { ...deed.detail, serial: to.serial, from } })
        return step
      }),
    forget(site, deed) {
      const isNews = write(() => {
        const record = recordFor(site)
        if (record.state !== 'retired') {
          throw new Fault('enrolment', `forget: expected a gateway that is retired, it is ${record.state}`)
        }
        if (record.household === '') return false
        change("UPDATE sites SET household = '' WHERE site = ?", site)
        log(record, 'forget', deed)
        return true
      })
      guarded(() => {
        // also out of what was written before it was erased: pages of before, and the log that is not in the file yet
        db.exec('VACUUM')
        const [left] = db.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[]
        if (left?.busy !== 0) {
          const text = 'another program reads the store: what is erased is in its log yet; say it again'
          throw new Fault('store', text, { retryable: true })
        }
      })
      return isNews
    },
  }
}
