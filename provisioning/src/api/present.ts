import type { z } from 'zod'
import { concernsOf, type GatewayView } from '../core/gateway-view.ts'
import type { StoryEvent } from '../core/story.ts'
import type { GatewayResource } from './schemas.ts'

export interface PresentContext {
  readonly nowMs: number
  readonly byHand: boolean
  readonly mayNameHouseholds: boolean
  readonly tagsOf: (site: string) => readonly string[]
}

/** A time as the API says it. */
export const instantOf = (atMs: number): string => new Date(atMs).toISOString()
const instantOrNull = (atMs: number | undefined) => (atMs === undefined ? null : instantOf(atMs))

export function presentGateway(view: GatewayView, context: PresentContext): GatewayResource {
  const { serial, household, site, gateway, member, zone, state, isApproved, onChain, seen } = view
  return {
    ...{ serial, ...(context.mayNameHouseholds && { household }) },
    ...{ site, gateway, member, zone, state, isApproved, onChain },
    claimExpires: state === 'expected' && view.claimExpiresMs > 0 ? instantOf(view.claimExpiresMs) : null,
    epoch: view.epoch ?? null,
    certificateEnds: instantOrNull(view.certificateEndsMs),
    tags: [...context.tagsOf(site)],
    seen: seen
      ? {
          ...{ at: instantOf(seen.atMs), version: seen.version ?? null, clock: seen.clock, meter: seen.meter },
          ...{ clockOffsetMs: seen.clockOffsetMs ?? null, findings: [...seen.findings], isAway: seen.isAway },
        }
      : null,
    concerns: concernsOf(view, context.nowMs, context.byHand),
  }
}

export function presentEvent({ atMs, ...event }: StoryEvent) {
  return { at: instantOf(atMs), ...event }
}

/** What an operation answers, for handlers to be checked against. */
export type AnswerOf<S extends z.ZodType> = z.input<S>
