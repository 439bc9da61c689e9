import type { DeviceSources, DirectiveAnswer, Status } from '@wattfleet/protocol'
import type Database from 'better-sqlite3'
import type { GatewayStatus, StatusStore, TagStore } from '../fleet-ports.ts'
import type { StoreParts } from './store-parts.ts'

const COLUMNS = [
  ...['gateway', 'received_ms', 'epoch', 'version', 'config', 'last_config_json', 'last_command_json'],
  ...['clock', 'clock_offset_ms', 'meter', 'findings_json', 'session', 'is_away', 'devices_json'],
]
const REPLACE = `INSERT OR REPLACE INTO gateway_statuses (${COLUMNS.join(', ')})
  VALUES (${COLUMNS.map(() => '?').join(', ')})`

interface StatusRow {
  gateway: string
  received_ms: number
  epoch: number
  version: string | null
  config: number
  last_config_json: string | null
  last_command_json: string | null
  clock: Status['clock']
  clock_offset_ms: number
  meter: Status['meter']
  findings_json: string
  session: number | null
  is_away: number
  devices_json: string | null
}

export function statusStore({ db, read, writeQuietly }: StoreParts): StatusStore {
  return {
    put: (statuses) =>
      writeQuietly(() => {
        const replace = db.prepare(REPLACE)
        for (const one of statuses) replace.run(...valuesOf(one))
      }),
    all: () =>
      read(() => (db.prepare('SELECT * FROM gateway_statuses ORDER BY gateway').all() as StatusRow[]).map(statusOf)),
    of: (gateway) =>
      read(() => {
        const row = db.prepare('SELECT * FROM gateway_statuses WHERE gateway = ?').get(gateway)
        return row === undefined ? undefined : statusOf(row as StatusRow)
      }),
  }
}

function valuesOf(one: GatewayStatus) {
  const text = (answer: DirectiveAnswer | undefined) => (answer === undefined ? null : JSON.stringify(answer))
  return [
    ...[one.gateway, one.receivedMs, one.epoch, one.version ?? null, one.config],
    ...[text(one.lastConfig), text(one.lastCommand), one.clock, one.clockOffsetMs, one.meter],
    ...[JSON.stringify(one.findings), one.session ?? null, Number(one.isAway)],
    one.devices === undefined ? null : JSON.stringify(one.devices),
  ]
}

function statusOf(row: StatusRow): GatewayStatus {
  return {
    gateway: row.gateway,
    receivedMs: row.received_ms,
    epoch: row.epoch,
    ...(row.version !== null && { version: row.version }),
    config: row.config,
    ...(row.last_config_json !== null && { lastConfig: JSON.parse(row.last_config_json) as DirectiveAnswer }),
    ...(row.last_command_json !== null && { lastCommand: JSON.parse(row.last_command_json) as DirectiveAnswer }),
    clock: row.clock,
    clockOffsetMs: row.clock_offset_ms,
    meter: row.meter,
    findings: JSON.parse(row.findings_json) as string[],
    ...(row.session !== null && { session: row.session }),
    isAway: row.is_away === 1,
    ...(row.devices_json !== null && { devices: JSON.parse(row.devices_json) as DeviceSources }),
  }
}

export function tagStore({ db, read, write, log }: StoreParts): TagStore {
  const changing = (sql: string, event: string): TagStore['tag'] => {
    return (site, tag, deed) =>
      write(() => {
        const isNew = db.prepare(sql).run(site, tag).changes > 0
        if (isNew) log(site, event, { ...deed, detail: { ...deed.detail, tag } })
        return isNew
      })
  }
  return {
    tag: changing('INSERT OR IGNORE INTO gateway_tags (site, tag) VALUES (?, ?)', 'tag'),
    untag: changing('DELETE FROM gateway_tags WHERE site = ? AND tag = ?', 'untag'),
    tags: () => read(() => tagsOf(db)),
  }
}

function tagsOf(db: Database.Database): ReadonlyMap<string, ReadonlySet<string>> {
  const rows = db.prepare<[], { site: string; tag: string }>('SELECT site, tag FROM gateway_tags').all()
  const tags = new Map<string, Set<string>>()
  for (const { site, tag } of rows) tags.set(site, (tags.get(site) ?? new Set()).add(tag))
  return tags
}
