import { concernsOf, type GatewayView } from '../core/gateway-view.ts'
import type { StoryEvent } from '../core/story.ts'
import type { GatewayResource } from './schemas.ts'

export interface PresentContext {
  readonly nowMs: number
  readonly byHand: boolean
  readonly mayNameHouseholds: boolean
}

/** A time as the API says it. */
export const instantOf = (atMs: number): string => new Date(atMs).toISOString()
const instantOrNull = (atMs: number | undefined) => (atMs === undefined ? null : instantOf(atMs))

export function presentGateway(view: GatewayView, context: PresentContext): GatewayResource {
  const { serial, household, site, gateway, member, zone, state, isApproved, resetAsked, movedOn, onChain, seen } = view
  return {
    ...{ serial, ...(context.mayNameHouseholds && { household }) },
    ...{ site, gateway, member, zone, state, isApproved, resetAsked, movedOn, onChain },
    ...{ meter: view.meter ?? null, meterAddress: view.meterAddress ?? null, meterUnit: view.meterUnit ?? null },
    ...{ inverter: view.inverter ?? null, inverterAddress: view.inverterAddress ?? null },
    inverterUnit: view.inverterUnit ?? null,
    claimExpires: state === 'expected' && view.claimExpiresMs > 0 ? instantOf(view.claimExpiresMs) : null,
    epoch: view.epoch ?? null,
    certificateEnds: instantOrNull(view.certificateEndsMs),
    tags: [...view.tags],
    seen: seen
      ? {
          ...{ at: instantOf(seen.atMs), version: seen.version ?? null, clock: seen.clock, meter: seen.meter },
          ...{ clockOffsetMs: seen.clockOffsetMs, findings: [...seen.findings], isAway: seen.isAway },
          devices: seen.devices ? { reason: null, ...seen.devices } : null,
        }
      : null,
    concerns: concernsOf(view, context.nowMs, context.byHand),
  }
}

export function presentEvent({ atMs, ...event }: StoryEvent) {
  return { at: instantOf(atMs), ...event }
}
