import { encodeStatus, orderIdHex, toHex } from '@wattfleet/protocol'
import type { Candidate, InboxWriter, Stored } from '../ports.ts'
import { guarded, type Sqlite } from './database.ts'
import { MOST_CANCELS_WAITING, MOST_READINGS } from './inbox-limits.ts'

/** Takes in what intake verified, within the limits of a store that serves many. */
export function writerOf(db: Sqlite): InboxWriter {
  const hashOf = db.prepare('SELECT hash FROM messages WHERE id = ?').pluck()
  const insert = db.prepare(
    `INSERT INTO messages (id, hash, type, community, site, slot_start, side, counted_wh, gateway, epoch, sequence,
       bytes, signature, received_ms, enters_until_s) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const counted = db
    .prepare(
      `SELECT COALESCE(SUM(counted_wh), 0) FROM messages WHERE type = 'order' AND site = ? AND slot_start = ? AND side = ?
         AND NOT (gateway = ? AND epoch = ? AND sequence = ?)`,
    )
    .pluck()
  const supersede = db.prepare(
    "UPDATE messages SET counted_wh = 0 WHERE type = 'order' AND gateway = ? AND epoch = ? AND sequence = ? AND (fate IS NULL OR fate = 'entered')",
  )
  const learn = db.prepare(
    `INSERT INTO routes (gateway, wire, epoch, sequence) VALUES (?, ?, ?, ?) ON CONFLICT (gateway) DO UPDATE
       SET wire = excluded.wire, epoch = excluded.epoch, sequence = excluded.sequence
       WHERE (excluded.epoch, excluded.sequence) > (routes.epoch, routes.sequence)`,
  )
  const putStatus = db.prepare(
    'INSERT OR REPLACE INTO statuses (wire, gateway, status, received_ms) VALUES (?, ?, ?, ?)',
  )
  const roomFor = roomOf(db)
  const store = (candidate: Candidate): Stored => {
    const { id, hash, message, signed, site } = candidate
    const known = hashOf.get(id) as string | undefined
    if (known !== undefined) return known === hash ? 'duplicate' : 'conflict'
    const full = roomFor(candidate)
    if (full !== undefined) return full
    const { value } = message
    const gateway = toHex(value.gateway)
    const order = message.type === 'order' ? message.value : undefined
    if (order !== undefined) {
      // what this order replaces makes room for it
      const used = counted.get(site, order.slotStart, order.side, gateway, order.epoch, order.replaces ?? -1) as number
      if (used + order.energyWh > (candidate.capWh ?? 0)) return 'cap'
      if (order.replaces !== undefined) supersede.run(gateway, order.epoch, order.replaces)
    }
    const community = message.type === 'cancel' ? null : message.value.community
    const slotStart = message.type === 'cancel' ? null : message.value.slotStart
    insert.run(
      ...[id, hash, message.type, community, site, slotStart, order?.side ?? null, order?.energyWh ?? 0],
      ...[gateway, value.epoch, value.sequence, signed.bytes, signed.signature],
      ...[candidate.receivedMs, candidate.entersUntilS],
    )
    learn.run(gateway, candidate.wire, value.epoch, value.sequence)
    return 'stored'
  }
  return {
    hashOf: (id) => guarded('inbox', () => hashOf.get(id) as string | undefined),
    commit: (candidates, statuses) =>
      guarded('inbox', () =>
        db
          .transaction(() => {
            for (const { wire, status, receivedMs } of statuses) {
              putStatus.run(wire, status.gateway, Buffer.from(encodeStatus(status)), receivedMs)
            }
            return candidates.map(store)
          })
          .immediate(),
      ),
  }
}

/** Whether there is room for one more reading or cancel of its sender; undefined when there is. */
function roomOf(db: Sqlite): (candidate: Candidate) => 'cap' | 'rate-limited' | undefined {
  const readings = db
    .prepare("SELECT COUNT(*) FROM messages WHERE type = 'energy' AND site = ? AND slot_start = ? AND epoch = ?")
    .pluck()
  const cancels = db
    .prepare(
      `SELECT COUNT(*) FROM messages WHERE type = 'cancel' AND fate IS NULL AND relay < 2 AND gateway = ?
         AND enters_until_s >= ?`,
    )
    .pluck()
  const isAtHome = db.prepare('SELECT 1 FROM routes WHERE gateway = ? AND wire = ?')
  const isStored = db.prepare('SELECT 1 FROM messages WHERE id = ?')
  return ({ message, site, wire, receivedMs }) => {
    if (message.type === 'energy') {
      const { slotStart, epoch } = message.value
      return (readings.get(site, slotStart, epoch) as number) < MOST_READINGS ? undefined : 'cap'
    }
    if (message.type === 'order') return undefined
    const gateway = toHex(message.value.gateway)
    const target = orderIdHex({ ...message.value, sequence: message.value.target })
    if (isAtHome.get(gateway, wire) === undefined && isStored.get(target) === undefined) return 'rate-limited'
    const waiting = cancels.get(gateway, Math.floor(receivedMs / 1000)) as number
    return waiting < MOST_CANCELS_WAITING ? undefined : 'rate-limited'
  }
}
