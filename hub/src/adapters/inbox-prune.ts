import { guarded, type Sqlite } from './database.ts'

/** What of the inbox can be forgotten. */
export interface Prune {
  /**
   * Forgets what is older than `beforeS` and nothing can come of any more: messages whose fate is known, or that are
   * nothing but a cancel or a reading, and that none may enter any more; notices that their gateway has acknowledged,
   * but for the last, from which numbers go on; plans of slots that are not among the `unsettled`, with the last of the
   * readings that they settle by.
   */
  prune(beforeS: number, unsettled: readonly number[]): void
}

/** The fact that names the last block whose notices may be forgotten: no notice is made of it or one before it again. */
export const NOTICES_KNOWN = 'notices known up to block'

/** Notices of a file from before they had an age get these columns empty, and are kept. */
export function addAgeOfNotices(db: Sqlite): void {
  guarded('inbox', () =>
    db
      .transaction(() => {
        const columns = db.pragma('table_info(notices)') as { name: string }[]
        if (columns.some(({ name }) => name === 'at_s')) return
        db.exec(`ALTER TABLE notices ADD COLUMN block INTEGER; ALTER TABLE notices ADD COLUMN at_s INTEGER;
          CREATE INDEX notices_by_age ON notices (at_s, block);`)
      })
      .immediate(),
  )
}

export function pruneOf(db: Sqlite): Prune {
  const messages = db.prepare(
    "DELETE FROM messages WHERE enters_until_s < ? AND (type <> 'order' OR fate IN ('ended', 'rejected', 'expired'))",
  )
  const known = db.prepare(
    `INSERT INTO facts (name, value) SELECT '${NOTICES_KNOWN}', MAX(block) FROM notices WHERE at_s < ? HAVING MAX(block) >= 0
     ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE CAST(excluded.value AS INTEGER) > CAST(value AS INTEGER)`,
  )
  // an outcome stays as long as the message it is about: a block that is followed again would end that once more
  const notices = db.prepare(
    `DELETE FROM notices WHERE at_s < ? AND number < (
       SELECT MIN(r.sent, CAST(s.status AS TEXT) ->> 'lastNotice') FROM routes r
       JOIN statuses s ON s.wire = r.wire AND s.gateway = r.gateway WHERE r.gateway = notices.gateway)
     AND NOT (kind = 'outcome' AND EXISTS (SELECT 1 FROM messages WHERE id = substr(about, 9)))`,
  )
  const plans = db.prepare(
    `DELETE FROM plans WHERE slot_start < ? AND slot_start NOT IN (SELECT value FROM json_each(?)) AND NOT EXISTS (
       SELECT 1 FROM messages m WHERE m.type = 'energy' AND m.community = plans.community AND m.slot_start = plans.slot_start)`,
  )
  return {
    prune: (beforeS, unsettled) =>
      guarded('inbox', () =>
        db
          .transaction(() => {
            messages.run(beforeS)
            known.run(beforeS)
            notices.run(beforeS)
            plans.run(beforeS, JSON.stringify(unsettled))
          })
          .immediate(),
      ),
  }
}
