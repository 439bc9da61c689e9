import { slotStartOf } from '@wattfleet/protocol'
import type { GatewayConfig } from './config.ts'
import type { SettlementView, SiteView, StreetView, TotalsView } from './ports.ts'
import { presentMarket } from './present.ts'
import type { StreetResource } from './schemas/street.ts'

/** What stands around the street's figures in a snapshot. */
export interface Moment {
  readonly clockS: number
  readonly unchangedForS: number
}

/** The slot that this moment lies in, by the rules of the first community; undefined before any are known. */
export function slotNow(
  view: Pick<StreetView, 'chain'>,
  clockS: number,
): { startsAt: number; endsAt: number } | undefined {
  const rules = view.chain.communities[0]
  if (rules === undefined) return undefined
  const startsAt = slotStartOf(clockS, rules.slotLengthS)
  return { startsAt, endsAt: startsAt + rules.slotLengthS }
}

export function presentStreet(
  view: StreetView,
  config: Pick<GatewayConfig, 'title' | 'currency'>,
  moment: Moment,
): StreetResource {
  const names = new Map(view.sites.map((site) => [site.site, site.name]))
  return {
    title: config.title,
    currency: config.currency,
    ...moment,
    slot: slotNow(view, moment.clockS) ?? null,
    head: view.chain.head ?? null,
    houses: view.sites.map(presentHouse),
    houseCount: view.siteCount,
    markets: view.markets.map((market) => presentMarket(market, view.chain)),
    settlements: view.settlements.map((settlement) => presentSettlement(settlement, names.get(settlement.site))),
    totals: presentTotals(view.totals),
  }
}

/** A gateway that cannot read its meter knows no power: what it sent before says nothing of now. */
function presentHouse(site: SiteView): StreetResource['houses'][number] {
  const { status } = site
  const power = status?.meter === 'good' ? status : undefined
  return {
    site: site.site,
    name: site.name ?? null,
    gateway: site.gateway ?? null,
    importW: power?.importW ?? null,
    exportW: power?.exportW ?? null,
    surplusW: power === undefined ? null : Math.max(0, power.exportW - power.importW),
    powerAt: status === undefined ? null : Math.floor(status.clockMs / 1000),
    meter: status?.meter ?? 'unknown',
    openBids: site.openBids,
    openOffers: site.openOffers,
    lastTrade: site.lastTrade ?? null,
    freeNano: String(site.freeNano),
    lockedNano: String(site.lockedNano),
  }
}

function presentSettlement(view: SettlementView, name: string | undefined): StreetResource['settlements'][number] {
  return {
    ...view,
    name: name ?? null,
    paidNano: String(view.paidNano),
    receivedNano: String(view.receivedNano),
    penaltyNano: String(view.penaltyNano),
  }
}

function presentTotals(totals: TotalsView): StreetResource['totals'] {
  return {
    ...totals,
    moneyInNano: String(totals.moneyInNano),
    moneyOutNano: String(totals.moneyOutNano),
    issuedNano: String(totals.issuedNano),
    heldNano: String(totals.heldNano),
  }
}
