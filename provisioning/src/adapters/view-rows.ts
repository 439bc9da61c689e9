import type Database from 'better-sqlite3'
import type { GatewayView } from '../core/gateway-view.ts'
import type { LifeState } from '../core/life.ts'

interface Row {
  serial: string
  household: string
  site: string
  gateway: string
  member: string
  zone: number
  state: LifeState
  is_approved: number
  on_chain: number
  claim_expires_ms: number
  epoch: number | null
  ends_ms: number | null
}

/** Without the grants themselves: a fleet of ten thousand is looked at in milliseconds. */
const SQL = `
SELECT serial, household, site, gateway, member, zone, state, is_approved, on_chain, claim_expires_ms,
  json_extract(grant_json, '$.epoch') AS epoch,
  (SELECT max(not_after_ms) FROM certificates WHERE certificates.site = sites.site AND is_in_force = 1
    AND fingerprint NOT IN (SELECT fingerprint FROM renewals)) AS ends_ms
FROM sites ORDER BY serial`

/** All gateways as an operator looks at them, in the order of their serials. */
export function viewRows(db: Database.Database): Omit<GatewayView, 'seen'>[] {
  return (db.prepare(SQL).all() as Row[]).map((row) => ({
    ...{ serial: row.serial, household: row.household, site: row.site, gateway: row.gateway, member: row.member },
    ...{ zone: row.zone, state: row.state, isApproved: row.is_approved === 1, onChain: row.on_chain === 1 },
    claimExpiresMs: row.claim_expires_ms,
    epoch: row.epoch ?? undefined,
    certificateEndsMs: row.epoch === null ? undefined : (row.ends_ms ?? undefined),
  }))
}
