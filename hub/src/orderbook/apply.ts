import type { ExchangeEvent, FinalizedBlock } from '@wattfleet/chain'
import { type Order, toHex } from '@wattfleet/protocol'
import type { BlockRecord } from '../ports.ts'
import { count, type Effects, type Handlers, nothing } from './effects.ts'
import { MONEY_HANDLERS, noMoney } from './money.ts'
import { balanceNotice, outcomeNotice, settlementNotice } from './notices.ts'
import type { IndexRows, OrderRow } from './rows.ts'
import { knownOrder, SETTLEMENT_HANDLERS } from './settlement.ts'

/** Takes one finalized block into the rows, event by event, and says what it means for the inbox. */
export function applyBlock(rows: IndexRows, block: FinalizedBlock): BlockRecord {
  const effects: Effects = {
    ...{ block, entered: [], ended: [], rejected: [], notices: [] },
    ...{ touched: new Set(), settled: new Map() },
  }
  block.events.forEach((event, place) => {
    const handler = HANDLERS[event.type] as (...args: [IndexRows, ExchangeEvent, Effects, number]) => void
    handler(rows, event, effects, place)
  })
  for (const row of effects.settled.values()) {
    const gateway = rows.sites.get(row.site)?.gateway
    if (gateway) effects.notices.push(settlementNotice(gateway, row))
  }
  for (const member of [...effects.touched].sort()) {
    const account = rows.accounts.get(member) ?? noMoney(member)
    for (const gateway of rows.gatewaysOf(member)) effects.notices.push(balanceNotice(gateway, account, block.number))
  }
  const { entered, ended, rejected, notices } = effects
  return { number: block.number, timestampS: block.timestampS, entered, ended, rejected, notices }
}

const HANDLERS: Handlers = {
  'validator-added': nothing,
  'validator-removed': nothing,
  'community-set': (rows, { type: _, ...version }) => {
    const { community } = version.rules
    const before = rows.communities.get(community)?.versions ?? []
    // one that was announced for the same slots or later ones is taken back
    const earlier = before.filter(({ from }) => from < version.from)
    rows.communities.put({ community, versions: [...earlier, version] })
  },
  'site-set': (rows, { type: _, ...site }) => {
    rows.sites.put({ ...site, gateway: rows.sites.get(site.site)?.gateway ?? null })
  },
  'share-set': nothing,
  'gateway-enrolled': (rows, { gateway, site, epoch }, effects) => {
    rows.gateways.put({ gateway, site, epoch, revoked: false })
    const at = rows.sites.get(site)
    if (at === undefined) return
    rows.sites.put({ ...at, gateway })
    effects.touched.add(at.member)
  },
  'gateway-revoked': (rows, { gateway, site, epoch }) => {
    rows.gateways.put({ gateway, site, epoch, revoked: true })
    const at = rows.sites.get(site)
    if (at?.gateway === gateway) rows.sites.put({ ...at, gateway: null })
  },
  'order-entered': (rows, event, effects, place) => {
    rows.orders.put({
      id: event.id,
      ...describe(event.order),
      site: event.site,
      member: event.member,
      zone: rows.sites.get(event.site)?.zone ?? 0,
      state: 'open',
      reason: null,
      block: effects.block.number,
      place,
      marketPosition: event.position,
    })
    effects.entered.push(event.id)
    count(rows, (totals) => ({ orders: totals.orders + 1 }))
  },
  'item-rejected': (rows, { hash, reason }, effects) => {
    effects.rejected.push({ hash, reason })
    count(rows, (totals) => ({ refused: totals.refused + 1 }))
  },
  'order-ended': (rows, { id, state, remainingWh }, effects) => {
    const order = knownOrder(rows, id)
    const ended: OrderRow = { ...order, state, remainingWh }
    rows.orders.put(ended)
    effects.ended.push({ id, tradedWh: order.energyWh - remainingWh })
    effects.notices.push(outcomeNotice(ended))
  },
  ...MONEY_HANDLERS,
  ...SETTLEMENT_HANDLERS,
}

/** The part of an order's row that the signed order itself says. */
export function describe(order: Order) {
  const { community, slotStart, kind, side, epoch, sequence, energyWh, priceMicro, expiresAt, energyTypes } = order
  const gateway = toHex(order.gateway)
  const remainingWh = energyWh
  return {
    ...{ community, slotStart, kind, side, gateway, epoch, sequence },
    ...{ energyWh, priceMicro, expiresAt, energyTypes, remainingWh },
  }
}
