import type Database from 'better-sqlite3'
import type { GatewayView } from '../core/gateway-view.ts'
import type { LifeState } from '../core/life.ts'
import { type DeviceRow, devicesIn } from './tables.ts'

interface Row extends DeviceRow {
  serial: string
  household: string
  site: string
  gateway: string
  member: string
  zone: number
  state: LifeState
  is_approved: number
  claim_spent: number
  moved_on: number
  reset_asked: number
  on_chain: number
  claim_expires_ms: number
  epoch: number | null
  ends_ms: number | null
}

/**
 * Without the grants themselves: a fleet of ten thousand is looked at in milliseconds. One row for each serial: what a
 * gateway left behind when it moved on is found by its site.
 */
const SQL = `
SELECT serial, household, site, gateway, member, zone, state, is_approved, claim_spent, moved_on, on_chain,
  EXISTS (SELECT 1 FROM strangers WHERE strangers.site = sites.site AND strangers.state = 'pending') AS reset_asked,
  claim_expires_ms, meter, meter_address, meter_unit, inverter, inverter_address, inverter_unit,
  json_extract(grant_json, '$.epoch') AS epoch,
  (SELECT max(not_after_ms) FROM certificates WHERE certificates.site = sites.site AND is_in_force = 1
    AND fingerprint NOT IN (SELECT fingerprint FROM renewals)) AS ends_ms
FROM sites ORDER BY serial, site`

/** All gateways as an operator looks at them, in the order of their serials; one that went to another household is here twice. */
export function viewRows(db: Database.Database): Omit<GatewayView, 'seen' | 'tags'>[] {
  return (db.prepare(SQL).all() as Row[]).map((row) => ({
    ...{ serial: row.serial, household: row.household, site: row.site, gateway: row.gateway, member: row.member },
    ...{
      zone: row.zone,
      state: row.state,
      isApproved: row.is_approved === 1,
      isClaimSpent: row.claim_spent === 1,
      movedOn: row.moved_on === 1,
      onChain: row.on_chain === 1,
      resetAsked: row.reset_asked === 1,
    },
    ...devicesIn(row),
    claimExpiresMs: row.claim_expires_ms,
    epoch: row.epoch ?? undefined,
    certificateEndsMs: row.epoch === null ? undefined : (row.ends_ms ?? undefined),
  }))
}
