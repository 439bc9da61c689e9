/** A trade of one slot that waits for execution. */
export interface SlotTrade {
  /** The chain's number: trades are served in this order. */
  readonly trade: number
  readonly buyerSite: string
  readonly sellerSite: string
  readonly energyWh: number
}

/** What a site's two counters say of the slot. A counter that nothing is known of is absent: missing is not zero. */
export interface SiteEnergy {
  readonly importWh?: number
  readonly exportWh?: number
}

export interface TradeAllocation {
  readonly trade: number
  readonly allocatedWh: number
}

/** One site's slot over all its trades. */
export interface SiteResult {
  readonly site: string
  readonly soldWh: number
  readonly boughtWh: number
  readonly allocatedSoldWh: number
  readonly allocatedBoughtWh: number
  /** Sold and not delivered. */
  readonly shortfallWh: number
  /** Bought and not taken. */
  readonly unusedWh: number
  readonly missingImport: boolean
  readonly missingExport: boolean
}

export interface SlotResult {
  /** In the order of trade numbers. */
  readonly allocations: readonly TradeAllocation[]
  /** Every site that traded, ordered by id. */
  readonly sites: readonly SiteResult[]
}

/** What a site's slot deviated by: sold and not delivered, bought and not taken. */
export interface SiteDeviation {
  readonly shortfallWh: number
  readonly unusedWh: number
}

/** A trade with what it was allocated; null where it still waits for execution. */
export interface TradeState extends SlotTrade {
  readonly allocatedWh: number | null
}

interface Tally {
  soldWh: number
  boughtWh: number
  /** What it delivered of what it sold, and took of what it bought. */
  deliveredWh: number
  takenWh: number
  allocatedSoldWh: number
  allocatedBoughtWh: number
}

/** Part of a whole, compared without dividing. `whole` > 0. */
interface Share {
  readonly part: number
  readonly whole: number
}

function lesser(a: Share, b: Share): Share {
  return BigInt(a.part) * BigInt(b.whole) <= BigInt(b.part) * BigInt(a.whole) ? a : b
}

/** So much of an energy, rounded down, and whether anything was lost by it. */
function partOf(energyWh: number, { part, whole }: Share): { readonly wh: number; readonly rounded: boolean } {
  const product = BigInt(energyWh) * BigInt(part)
  return { wh: Number(product / BigInt(whole)), rounded: product % BigInt(whole) !== 0n }
}

/** What each site bought and sold. */
function sumsOf(trades: readonly SlotTrade[]): Map<string, Tally> {
  const sites = new Map<string, Tally>()
  const at = (site: string): Tally => {
    const known = sites.get(site)
    if (known !== undefined) return known
    const nothing = { soldWh: 0, boughtWh: 0, deliveredWh: 0, takenWh: 0, allocatedSoldWh: 0, allocatedBoughtWh: 0 }
    sites.set(site, nothing)
    return nothing
  }
  for (const trade of trades) {
    at(trade.sellerSite).soldWh += trade.energyWh
    at(trade.buyerSite).boughtWh += trade.energyWh
  }
  return sites
}

function tallyIn(sites: ReadonlyMap<string, Tally>, site: string): Tally {
  const tally = sites.get(site)
  if (tally === undefined) throw new RangeError(`no tally of site ${site}`)
  return tally
}

function give(sites: ReadonlyMap<string, Tally>, trade: SlotTrade, wh: number): void {
  tallyIn(sites, trade.sellerSite).allocatedSoldWh += wh
  tallyIn(sites, trade.buyerSite).allocatedBoughtWh += wh
}

/** What can still be allocated between a trade's two sites. */
function leftWh(sites: ReadonlyMap<string, Tally>, trade: SlotTrade): number {
  const seller = tallyIn(sites, trade.sellerSite)
  const buyer = tallyIn(sites, trade.buyerSite)
  return Math.max(0, Math.min(seller.deliveredWh - seller.allocatedSoldWh, buyer.takenWh - buyer.allocatedBoughtWh))
}

/** Allocates what these sites delivered and took, and have left of it, over some of their trades. */
function allocate(trades: readonly SlotTrade[], sites: ReadonlyMap<string, Tally>): TradeAllocation[] {
  const ordered = [...trades].sort((a, b) => a.trade - b.trade)
  const first = ordered.map((trade) => {
    const seller = tallyIn(sites, trade.sellerSite)
    const buyer = tallyIn(sites, trade.buyerSite)
    const delivered = { part: seller.deliveredWh, whole: seller.soldWh }
    const { wh: least, rounded } = partOf(
      trade.energyWh,
      lesser(delivered, { part: buyer.takenWh, whole: buyer.boughtWh }),
    )
    const wh = Math.min(least, leftWh(sites, trade))
    give(sites, trade, wh)
    return { trade, wh, rounded }
  })
  return first.map(({ trade, wh, rounded }) => {
    const more = rounded ? Math.min(1, leftWh(sites, trade)) : 0
    give(sites, trade, more)
    return { trade: trade.trade, allocatedWh: wh + more }
  })
}

/**
 * What the trades of one slot are allocated that are not executed yet, where the chain says already how its sites are
 * settled. `trades` are all trades of the slot, `deviations` those of every site in it. As `settleSlot`; where a site was
 * corrected between two executions, those executed before keep what they have, and none gets more than is left.
 */
export function allocateTrades(
  trades: readonly TradeState[],
  deviations: ReadonlyMap<string, SiteDeviation>,
): TradeAllocation[] {
  const sites = sumsOf(trades)
  for (const [site, tally] of sites) {
    const { shortfallWh, unusedWh } = deviations.get(site) ?? { shortfallWh: tally.soldWh, unusedWh: tally.boughtWh }
    tally.deliveredWh = tally.soldWh - shortfallWh
    tally.takenWh = tally.boughtWh - unusedWh
  }
  for (const trade of trades) give(sites, trade, trade.allocatedWh ?? 0)
  return allocate(
    trades.filter(({ allocatedWh }) => allocatedWh === null),
    sites,
  )
}

/**
 * Executes the trades of one slot by what was measured. Energies in Wh; `energies` by site.
 *
 * With S sold, B bought, X exported and M imported by a site over all its trades of the slot: a seller's share is
 * min(1, X/S), a buyer's min(1, M/B), and a trade's allocated energy is its energy × the lesser of the two, rounded
 * down. The Wh lost by rounding are given back in the order of trade numbers, at most one to each trade that was rounded,
 * while neither its seller exceeds X nor its buyer M. Deviations are net: (S − X)⁺ short, (B − M)⁺ unused. A missing
 * export counts as nothing delivered, a missing import as taken as bought; both are marked.
 *
 * The result depends on the set of trades alone. Per trade: allocated sold = allocated bought ≤ traded. Per site:
 * allocated sold ≤ X and allocated bought ≤ M, so short ≤ sold − allocated and unused ≤ bought − allocated.
 */
export function settleSlot(trades: readonly SlotTrade[], energies: ReadonlyMap<string, SiteEnergy>): SlotResult {
  const sites = sumsOf(trades)
  for (const [site, tally] of sites) {
    const { importWh, exportWh } = energies.get(site) ?? {}
    tally.deliveredWh = Math.min(exportWh ?? 0, tally.soldWh)
    tally.takenWh = Math.min(importWh ?? tally.boughtWh, tally.boughtWh)
  }
  return {
    allocations: allocate(trades, sites),
    sites: [...sites]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([site, { deliveredWh, takenWh, ...sums }]) => ({
        site,
        ...sums,
        shortfallWh: sums.soldWh - deliveredWh,
        unusedWh: sums.boughtWh - takenWh,
        missingImport: energies.get(site)?.importWh === undefined,
        missingExport: energies.get(site)?.exportWh === undefined,
      })),
  }
}
