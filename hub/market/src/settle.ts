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

interface Tally {
  soldWh: number
  boughtWh: number
  /** X and M: what counts as fed in and drawn. */
  exportedWh: number
  importedWh: number
  allocatedSoldWh: number
  allocatedBoughtWh: number
  missingImport: boolean
  missingExport: boolean
}

/** Part of a whole, compared without dividing. `whole` > 0. */
interface Share {
  readonly part: bigint
  readonly whole: bigint
}

function share(part: number, whole: number): Share {
  return part >= whole ? { part: 1n, whole: 1n } : { part: BigInt(part), whole: BigInt(whole) }
}

function lesser(a: Share, b: Share): Share {
  return a.part * b.whole <= b.part * a.whole ? a : b
}

function tallies(trades: readonly SlotTrade[], energies: ReadonlyMap<string, SiteEnergy>): Map<string, Tally> {
  const sites = new Map<string, Tally>()
  const at = (site: string): Tally => {
    let tally = sites.get(site)
    if (tally === undefined) {
      tally = {
        soldWh: 0,
        boughtWh: 0,
        exportedWh: 0,
        importedWh: 0,
        allocatedSoldWh: 0,
        allocatedBoughtWh: 0,
        missingImport: false,
        missingExport: false,
      }
      sites.set(site, tally)
    }
    return tally
  }
  for (const trade of trades) {
    at(trade.sellerSite).soldWh += trade.energyWh
    at(trade.buyerSite).boughtWh += trade.energyWh
  }
  for (const [site, tally] of sites) {
    const energy = energies.get(site)
    tally.missingExport = energy?.exportWh === undefined
    tally.missingImport = energy?.importWh === undefined
    tally.exportedWh = energy?.exportWh ?? 0
    tally.importedWh = energy?.importWh ?? tally.boughtWh
  }
  return sites
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
  const ordered = [...trades].sort((a, b) => a.trade - b.trade)
  const sites = tallies(ordered, energies)
  const tallyOf = (site: string): Tally => {
    const tally = sites.get(site)
    if (tally === undefined) throw new RangeError(`no tally of site ${site}`)
    return tally
  }
  const give = (trade: SlotTrade, wh: number): void => {
    tallyOf(trade.sellerSite).allocatedSoldWh += wh
    tallyOf(trade.buyerSite).allocatedBoughtWh += wh
  }
  const allocated = ordered.map((trade) => {
    const seller = tallyOf(trade.sellerSite)
    const buyer = tallyOf(trade.buyerSite)
    const { part, whole } = lesser(share(seller.exportedWh, seller.soldWh), share(buyer.importedWh, buyer.boughtWh))
    const product = BigInt(trade.energyWh) * part
    const wh = Number(product / whole)
    give(trade, wh)
    return { trade, wh, rounded: product % whole !== 0n }
  })
  const allocations = allocated.map(({ trade, wh, rounded }) => {
    const seller = tallyOf(trade.sellerSite)
    const buyer = tallyOf(trade.buyerSite)
    const room = seller.allocatedSoldWh < seller.exportedWh && buyer.allocatedBoughtWh < buyer.importedWh
    if (!rounded || !room) return { trade: trade.trade, allocatedWh: wh }
    give(trade, 1)
    return { trade: trade.trade, allocatedWh: wh + 1 }
  })
  return { allocations, sites: [...sites].sort(([a], [b]) => (a < b ? -1 : 1)).map(([id, tally]) => result(id, tally)) }
}

function result(site: string, tally: Tally): SiteResult {
  return {
    site,
    soldWh: tally.soldWh,
    boughtWh: tally.boughtWh,
    allocatedSoldWh: tally.allocatedSoldWh,
    allocatedBoughtWh: tally.allocatedBoughtWh,
    shortfallWh: Math.max(0, tally.soldWh - tally.exportedWh),
    unusedWh: Math.max(0, tally.boughtWh - tally.importedWh),
    missingImport: tally.missingImport,
    missingExport: tally.missingExport,
  }
}
