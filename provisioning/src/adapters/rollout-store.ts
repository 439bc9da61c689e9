import { Fault } from '@wattfleet/protocol'
import type { TargetState } from '../core/rollout.ts'
import {
  directiveOf,
  type RolloutBody,
  type RolloutDraft,
  type RolloutRecord,
  type RolloutSettings,
  type RolloutState,
  type RolloutStep,
  type RolloutStore,
  type TargetRecord,
} from '../fleet-ports.ts'
import type { Deed } from '../ports.ts'
import type { LogEntry, StoreParts } from './store-parts.ts'

/** Of gateways that are in the way, named in a message. */
const MOST_NAMED = 5
/** Which kinds of roll-outs share the counters of a type of message. */
const KINDS = { config: "('config')", command: "('software', 'restart')" } as const

interface RolloutRow {
  id: number
  body_json: string
  plan_json: string
  state: RolloutState
  reason: string | null
  created_ms: number
  undoes: number | null
}

interface TargetRow {
  site: string
  state: TargetState
  body_json: string | null
  former_json: string | null
  counter: number | null
  sent_ms: number | null
  good_since_ms: number | null
  reason: string | null
  is_forgiven: number
  heard_ms: number | null
}

const TARGETS = `SELECT rollout_targets.*, received_ms AS heard_ms FROM rollout_targets JOIN sites USING (site)
  LEFT JOIN gateway_statuses USING (gateway) WHERE rollout = ? ORDER BY place`

export function rolloutStore(parts: StoreParts): RolloutStore {
  const { db, read, write, writeQuietly, log } = parts
  const find = (id: number) => {
    const row = db.prepare('SELECT * FROM rollouts WHERE id = ?').get(id)
    return row === undefined ? undefined : rolloutOf(row as RolloutRow)
  }
  const select = (where: string) =>
    read(() => (db.prepare(`SELECT * FROM rollouts ${where} ORDER BY id`).all() as RolloutRow[]).map(rolloutOf))
  return {
    create: (draft, deed) =>
      write(() => {
        refuseOverlap(parts, draft)
        const { body, plan, targets, undoes = null } = draft
        const sql = `INSERT INTO rollouts (kind, body_json, plan_json, state, created_ms, undoes)
          VALUES (?, ?, ?, 'running', ?, ?)`
        const values = [body.kind, JSON.stringify(body), JSON.stringify(plan), deed.atMs, undoes]
        const id = Number(db.prepare(sql).run(...values).lastInsertRowid)
        const insert = db.prepare('INSERT INTO rollout_targets (rollout, site, place, body_json) VALUES (?, ?, ?, ?)')
        for (const [place, { site, body: own }] of targets.entries()) {
          insert.run(id, site, place, own === undefined ? null : JSON.stringify(own))
        }
        const detail = {
          ...deed.detail,
          rollout: id,
          ...body,
          plan,
          gateways: targets.length,
          undoes: undoes ?? undefined,
        }
        log(undefined, 'rollout create', { ...deed, detail })
        return find(id) as RolloutRecord
      }),
    list: () => select(''),
    open: () => select("WHERE state IN ('running', 'stopped')"),
    find: (id) => read(() => find(id)),
    targets: (id) => read(() => (db.prepare(TARGETS).all(id) as TargetRow[]).map(targetOf)),
    advance: (step, deed) => writeQuietly(() => advance(parts, step, deed)),
    forgive: (id, deed) =>
      write(() => {
        db.prepare("UPDATE rollout_targets SET is_forgiven = 1 WHERE rollout = ? AND state = 'failed'").run(id)
        db.prepare("UPDATE rollouts SET state = 'running', reason = NULL WHERE id = ?").run(id)
        log(undefined, 'rollout resume', { ...deed, detail: { ...deed.detail, rollout: id } })
      }),
  }
}

function refuseOverlap({ db }: StoreParts, { body, targets }: RolloutDraft): void {
  const sql = `SELECT serial, rollout FROM rollout_targets JOIN rollouts ON id = rollout JOIN sites USING (site)
    WHERE site = ? AND rollouts.state IN ('running', 'stopped') AND kind IN ${KINDS[directiveOf(body)]}`
  const busy = db.prepare<[string], { serial: string; rollout: number }>(sql)
  const found = targets.flatMap(({ site }) => busy.all(site))
  if (found.length === 0) return
  const named = found.slice(0, MOST_NAMED).map(({ serial, rollout }) => `${serial} (roll-out ${rollout})`)
  const more = found.length > MOST_NAMED ? ` and ${found.length - MOST_NAMED} more` : ''
  throw new Fault('enrolment', `another roll-out is not done with ${named.join(', ')}${more}: abort it first`)
}

function advance(parts: StoreParts, { id, judged, told, state, reason }: RolloutStep, deed: Deed): void {
  const { db, logAll } = parts
  const entries: LogEntry[] = []
  const about = (detail: object) => ({ ...deed, detail: { ...deed.detail, rollout: id, ...detail } })
  const row = db.prepare('SELECT * FROM rollouts WHERE id = ?').get(id) as RolloutRow | undefined
  if (row === undefined) throw new Fault('internal', `roll-out ${id} is unknown`)
  const judge = db.prepare(
    'UPDATE rollout_targets SET state = ?, good_since_ms = ?, reason = ? WHERE rollout = ? AND site = ?',
  )
  for (const one of judged) {
    judge.run(one.state, one.goodSinceMs ?? null, one.reason ?? null, id, one.site)
    if (one.state === 'good' || one.state === 'failed') {
      const detail = one.reason === undefined ? {} : { reason: one.reason }
      entries.push([one.site, `rollout ${one.state}`, about(detail)])
    }
  }
  // an operator may have stopped it since it was looked at: then nobody else is told
  if (row.state === 'running') {
    const tell = teller(parts, rolloutOf(row), deed.atMs)
    for (const { site, least } of told) entries.push([site, 'rollout send', about({ counter: tell(site, least) })])
  }
  // what ended meanwhile stays ended
  if (state !== undefined && state !== row.state && row.state !== 'done' && row.state !== 'aborted') {
    db.prepare('UPDATE rollouts SET state = ?, reason = ? WHERE id = ?').run(state, reason ?? null, id)
    entries.push([undefined, `rollout ${state}`, about(reason === undefined ? {} : { reason })])
  }
  logAll(entries)
}

/** Gives each gateway's message its counter, and keeps what was in force before it. */
function teller({ db }: StoreParts, { id, body }: RolloutRecord, atMs: number) {
  const kinds = KINDS[directiveOf(body)]
  const from = 'FROM rollout_targets JOIN rollouts ON id = rollout WHERE site = ?'
  const last = db.prepare<[string], number | null>(`SELECT max(counter) ${from} AND kind IN ${kinds}`).pluck()
  const before = db
    .prepare<[string, string], string>(
      `SELECT coalesce(rollout_targets.body_json, rollouts.body_json) ${from} AND kind = ?
        AND rollout_targets.state = 'good' ORDER BY counter DESC LIMIT 1`,
    )
    .pluck()
  const mark = db.prepare(
    `UPDATE rollout_targets SET state = 'sent', counter = ?, sent_ms = ?, former_json = ?
      WHERE rollout = ? AND site = ? AND state = 'waiting'`,
  )
  return (site: string, least: number): number => {
    const counter = Math.max(least, last.get(site) ?? 0) + 1
    const { changes } = mark.run(counter, atMs, before.get(site, body.kind) ?? null, id, site)
    if (changes !== 1) throw new Fault('internal', `site ${site} of roll-out ${id} was told already`)
    return counter
  }
}

function rolloutOf(row: RolloutRow): RolloutRecord {
  return {
    id: row.id,
    body: JSON.parse(row.body_json) as RolloutBody,
    plan: JSON.parse(row.plan_json) as RolloutSettings,
    state: row.state,
    reason: row.reason ?? undefined,
    createdMs: row.created_ms,
    undoes: row.undoes ?? undefined,
  }
}

function targetOf(row: TargetRow): TargetRecord {
  const body = (text: string | null) => (text === null ? undefined : (JSON.parse(text) as RolloutBody))
  return {
    site: row.site,
    state: row.state,
    ...(row.counter !== null && { counter: row.counter }),
    ...(row.sent_ms !== null && { sentMs: row.sent_ms }),
    ...(row.good_since_ms !== null && { goodSinceMs: row.good_since_ms }),
    ...(row.reason !== null && { reason: row.reason }),
    ...(row.is_forgiven === 1 && { isForgiven: true }),
    heardMs: row.heard_ms ?? undefined,
    body: body(row.body_json),
    former: body(row.former_json),
  }
}
