import { Fault } from '@wattfleet/protocol'
import { type LifeEvent, type LifeStep, stepOf } from '../core/life.ts'
import type { AuditLog, Deed, SiteRecord } from '../ports.ts'

/** One step of a life and its entry in the log, for use inside a transaction. */
export function livesOf(
  select: (where: string, ...values: unknown[]) => SiteRecord[],
  audit: AuditLog,
  change: (sql: string, ...values: unknown[]) => void,
) {
  const recordFor = (site: string): SiteRecord => {
    const [record] = select('WHERE site = ?', site)
    if (record === undefined) throw new Fault('internal', `site ${site} is unknown`)
    return record
  }
  const log = (record: SiteRecord, event: string, { actor, detail = {}, atMs }: Deed) =>
    audit.append([{ atMs, actor, event, site: record.site, gateway: record.gateway, detail }])
  /** `sql` is what else the step changes. */
  const advance = (record: SiteRecord, event: LifeEvent, deed: Deed, sql = '', ...values: unknown[]): LifeStep => {
    const step = stepOf({ ...record, isCertified: record.grant !== undefined }, event)
    if (!step.ok) return step
    change(`UPDATE sites SET state = ?${sql && `, ${sql}`} WHERE site = ?`, step.state, ...values, record.site)
    log(record, event, deed)
    return step
  }
  return { recordFor, advance, log }
}

export type Lives = ReturnType<typeof livesOf>
