import type { BatchLimits, ExchangeCall } from '@wattfleet/chain'
import { type Hash, merkleRoot, type SiteEnergy, settleSlot } from '@wattfleet/market'
import { type CommunityRules, slotTimes, toHex } from '@wattfleet/protocol'
import type { EnergyRecord, Plan, TradeState } from '../ports.ts'

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
  const leaves = used.map(({ energy, signed }) => ({
    gateway: toHex(energy.gateway),
    sequence: energy.sequence,
    signed,
  }))
  return {
    community,
    slotStart,
    root: toHex(merkleRoot(leaves, hash)),
    allocations: result.allocations,
    deviations: result.sites.map(({ site, shortfallWh, unusedWh, missingImport, missingExport }) => ({
      ...{ site, shortfallWh, unusedWh, missingImport, missingExport },
      ...messageOf(used.find((record) => record.site === site)),
    })),
  }
}

/**
 * The next call of a plan, given what finalized blocks have of it: first the deviations, from which the chain knows what
 * trades may be allocated, then, once all of them are in or go along, as many allocations as there is room for beside
 * them. Undefined when nothing is left.
 */
export function nextCall(
  plan: Plan,
  executed: ReadonlySet<number>,
  settled: ReadonlySet<string>,
  limits: Pick<BatchLimits, 'allocations' | 'deviations'>,
): Extract<ExchangeCall, { call: 'settle' }> | undefined {
  const { community, slotStart, root } = plan
  const open = plan.deviations.filter(({ site }) => !settled.has(site))
  const deviations = open.slice(0, limits.deviations).map((one) => ({ ...one, message: one.message }))
  const isLast = deviations.length === open.length
  const waiting = plan.allocations.filter(({ trade }) => !executed.has(trade))
  const room = Math.floor(limits.allocations * (1 - deviations.length / limits.deviations))
  const allocations = isLast ? waiting.slice(0, room) : []
  if (allocations.length + deviations.length === 0) return undefined
  return { call: 'settle', community, slotStart, root, allocations, deviations }
}
