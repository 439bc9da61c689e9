import type { BatchLimits, ExchangeCall } from '@wattfleet/chain'
import {
  allocateTrades,
  type Hash,
  type Leaf,
  merkleRoot,
  type SiteDeviation,
  type SiteEnergy,
  settleSlot,
  type TradeState,
} from '@wattfleet/market'
import { type CommunityRules, slotTimes, toHex } from '@wattfleet/protocol'
import type { EnergyRecord, Plan } from '../ports.ts'

/** The latest energy message of each site: highest epoch, then sequence. */
export function latestOf(ofSlot: readonly EnergyRecord[]): EnergyRecord[] {
  return [...new Map(ofSlot.map((record) => [record.site, record])).values()]
}

/** What the root of a slot commits to, from the readings it is settled by. */
export function leavesOf(used: readonly EnergyRecord[]): Leaf[] {
  return used.map(({ energy, signed }) => ({ gateway: toHex(energy.gateway), sequence: energy.sequence, signed }))
}

/**
 * Whether a slot can be executed at a moment of the chain's time: once execution may begin and every site that traded has
 * said what it measured; at the latest moment of execution also without, what is missing by rule.
 */
export function isDue(
  slotStart: number,
  rules: CommunityRules,
  nowS: number,
  trades: readonly TradeState[],
  energies: readonly EnergyRecord[],
): boolean {
  const times = slotTimes(slotStart, rules)
  if (nowS < times.executionFrom) return false
  if (nowS >= times.executionLatest) return true
  const known = new Set(energies.filter(isKnown).map(({ site }) => site))
  return trades.every((trade) => known.has(trade.buyerSite) && known.has(trade.sellerSite))
}

/** A message that says that nothing is known is not a reading. */
function isKnown({ energy }: EnergyRecord): boolean {
  return energy.quality !== 'missing'
}

/** The message that a site's figures come from. */
function messageOf(used: EnergyRecord | undefined) {
  if (used === undefined) return {}
  const { epoch, sequence } = used.energy
  return { message: { epoch, sequence } }
}

/**
 * Fixes what a slot is settled by. `trades` are all trades of the slot; the root is over the readings that were used, one
 * for each site: whoever can show that it commits to a message which says other than its site's figures takes the stake.
 */
export function planSlot(
  community: number,
  slotStart: number,
  trades: readonly TradeState[],
  energies: readonly EnergyRecord[],
  hash: Hash,
): Plan {
  const sites = new Set(trades.flatMap((trade) => [trade.buyerSite, trade.sellerSite]))
  const used = energies.filter((record) => sites.has(record.site) && isKnown(record))
  const bySite = new Map<string, SiteEnergy>(used.map(({ site, energy }) => [site, energy]))
  const result = settleSlot(trades, bySite)
  return {
    community,
    slotStart,
    root: toHex(merkleRoot(leavesOf(used), hash)),
    deviations: result.sites.map(({ site, shortfallWh, unusedWh, missingImport, missingExport }) => ({
      ...{ site, shortfallWh, unusedWh, missingImport, missingExport },
      ...messageOf(used.find((record) => record.site === site)),
    })),
  }
}

/**
 * The next call of a plan, given what finalized blocks have of it: first the deviations, from which the chain knows what
 * trades may be allocated, then, once all of them are in or go along, as many allocations as there is room for beside
 * them. A site that is settled counts as it stands now, which is not as planned where its member has corrected it.
 * `trades` are all trades of the slot. Undefined when nothing is left.
 */
export function nextCall(
  plan: Plan,
  trades: readonly TradeState[],
  settled: ReadonlyMap<string, SiteDeviation>,
  limits: Pick<BatchLimits, 'allocations' | 'deviations'>,
): Extract<ExchangeCall, { call: 'settle' }> | undefined {
  const { community, slotStart, root } = plan
  const open = plan.deviations.filter(({ site }) => !settled.has(site))
  const deviations = open.slice(0, limits.deviations).map((one) => ({ ...one, message: one.message }))
  const isLast = deviations.length === open.length
  const sites = new Map<string, SiteDeviation>([...plan.deviations.map((one) => [one.site, one] as const), ...settled])
  const room = Math.floor(limits.allocations * (1 - deviations.length / limits.deviations))
  const allocations = isLast ? allocateTrades(trades, sites).slice(0, room) : []
  if (allocations.length + deviations.length === 0) return undefined
  return { call: 'settle', community, slotStart, root, allocations, deviations }
}
