import { decodeOrder, type Reason, toHex } from '@wattfleet/protocol'
import { endingNotice } from '../orderbook/notices.ts'
import type { BlockRecord, InboxEnding, Journal, NewNotice } from '../ports.ts'
import { guarded, type Sqlite } from './database.ts'
import { NOTICES_KNOWN } from './inbox-prune.ts'

type IsOnChain = (id: string) => boolean

interface EndingRow {
  readonly id: string
  readonly type: string
  readonly site: string
  readonly bytes: Buffer
  readonly signature: Buffer
  readonly fate: string | null
  readonly reason: Reason | null
}

/** The inbox's side of finalized blocks: fates of what was received, and the notices with their numbers. */
export function journalOf(db: Sqlite): Journal {
  const enter = db.prepare("UPDATE messages SET fate = 'entered' WHERE id = ? AND fate IS NULL")
  const end = db.prepare(
    "UPDATE messages SET fate = 'ended', counted_wh = ? WHERE id = ? AND (fate IS NULL OR fate IN ('entered', 'ended'))",
  )
  const byHash = db.prepare('SELECT id, type, site, bytes, signature, fate, reason FROM messages WHERE hash = ?')
  const reject = db.prepare("UPDATE messages SET fate = 'rejected', reason = ?, counted_wh = 0 WHERE id = ?")
  // no later block can hold them: the chain lets nothing in after this moment of its own time
  const shutOut = db.prepare(
    `SELECT id, type, site, bytes, signature, fate, reason FROM messages
     WHERE type = 'order' AND fate IS NULL AND enters_until_s < ? ORDER BY position`,
  )
  const refused = db.prepare(
    `SELECT id, type, site, bytes, signature, fate, reason FROM messages WHERE relay = 3 AND fate IS NULL ORDER BY position`,
  )
  const endRefused = db.prepare("UPDATE messages SET fate = 'rejected', fate_block = ?, counted_wh = 0 WHERE id = ?")
  const refusedIn = db.prepare(
    `SELECT id, type, site, bytes, signature, fate, reason FROM messages
     WHERE relay = 3 AND fate = 'rejected' AND fate_block = ? ORDER BY position`,
  )
  const expire = db.prepare("UPDATE messages SET fate = 'expired', fate_block = ?, counted_wh = 0 WHERE id = ?")
  const expiredIn = db.prepare(
    "SELECT id, type, site, bytes, signature, fate, reason FROM messages WHERE fate = 'expired' AND fate_block = ? ORDER BY position",
  )
  const append = db.prepare(
    `INSERT INTO notices (gateway, number, about, kind, body, block, at_s)
     SELECT :gateway, 1 + COALESCE((SELECT MAX(number) FROM notices WHERE gateway = :gateway), 0), :about, :kind, :body,
       :block, :atS
     WHERE NOT EXISTS (SELECT 1 FROM notices WHERE gateway = :gateway AND about = :about)`,
  )
  const known = db.prepare('SELECT CAST(value AS INTEGER) FROM facts WHERE name = ?').pluck()
  const put = ({ gateway, about, kind, body }: NewNotice, { number: block, timestampS: atS }: BlockRecord) =>
    append.run({ gateway, about, kind, body: JSON.stringify(body), block, atS })

  const rejected = ({ hash, reason }: BlockRecord['rejected'][number], isOnChain: IsOnChain): InboxEnding[] => {
    const row = byHash.get(hash) as EndingRow | undefined
    // what entered under this identity before has its own end: this was a late repeat, or other bytes
    if (row === undefined || (row.fate !== null && row.fate !== 'rejected') || isOnChain(row.id)) return []
    if (row.fate === null) reject.run(reason, row.id)
    return row.type === 'order' ? [endingOf(row, 'rejected', row.reason ?? reason)] : []
  }
  /** What the relay refused since the last block: this one's, so that following it again ends them again. */
  const stopped = ({ number }: BlockRecord, isOnChain: IsOnChain): InboxEnding[] => {
    for (const row of refused.all() as EndingRow[]) {
      if (isOnChain(row.id)) enter.run(row.id)
      else endRefused.run(number, row.id)
    }
    return (refusedIn.all(number) as EndingRow[]).map((row) => endingOf(row, 'rejected', row.reason ?? undefined))
  }
  const expired = (block: BlockRecord, isOnChain: IsOnChain): InboxEnding[] => {
    for (const row of shutOut.all(block.timestampS) as EndingRow[]) {
      if (isOnChain(row.id)) enter.run(row.id)
      else expire.run(block.number, row.id)
    }
    return (expiredIn.all(block.number) as EndingRow[]).map((row) => endingOf(row, 'expired'))
  }
  return {
    record: (block, isOnChain) =>
      guarded('inbox', () =>
        db
          .transaction(() => {
            for (const id of block.entered) enter.run(id)
            for (const { id, tradedWh } of block.ended) end.run(tradedWh, id)
            const endings = [
              ...block.rejected.flatMap((item) => rejected(item, isOnChain)),
              ...stopped(block, isOnChain),
              ...expired(block, isOnChain),
            ]
            const isNew = block.number > ((known.get(NOTICES_KNOWN) as number | undefined) ?? -1)
            if (isNew) for (const notice of block.notices) put(notice, block)
            for (const ending of endings) put(noticeOf(ending), block)
            return endings
          })
          .immediate(),
      ),
  }
}

function endingOf(row: EndingRow, state: InboxEnding['state'], reason?: Reason): InboxEnding {
  const signed = { bytes: Uint8Array.from(row.bytes), signature: Uint8Array.from(row.signature) }
  return { id: row.id, site: row.site, signed, state, ...(reason === undefined ? {} : { reason }) }
}

function noticeOf({ id, signed, state, reason }: InboxEnding): NewNotice {
  const order = decodeOrder(signed.bytes)
  if (order === undefined) throw new RangeError(`order ${id} in the inbox cannot be read`)
  const { epoch, sequence } = order
  const gateway = toHex(order.gateway)
  return endingNotice({ id, gateway, epoch, sequence, state, tradedWh: 0, ...(reason === undefined ? {} : { reason }) })
}
