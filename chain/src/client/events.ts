import type { Event } from '@polkadot/types/interfaces'
import type { Codec } from '@polkadot/types/types'
import type { CommunityRules, Order, Reason } from '@wattfleet/protocol'
import { decodeOrder, Fault } from '@wattfleet/protocol'
import type { ExchangeEvent } from '../exchange.ts'
import { bigintOf, booleanOf, field, hexOf, kebab, numberOf, variantOf } from './fields.ts'

type Fields = (name: string) => Codec
type Decoder = (get: Fields) => ExchangeEvent

/** A community's entry in the registry, as the rest of the project names it. */
export function communityOf(community: number, entry: Codec): ExchangeEvent & { type: 'community-set' } {
  const rules = field(entry, 'rules')
  const number = (name: string) => numberOf(field(rules, name))
  const fees = field(rules, 'feeMicro') as unknown as readonly Codec[]
  const all: CommunityRules = {
    community,
    slotLengthS: number('slotLengthS'),
    spotOpensS: number('spotOpensS'),
    relayMarginS: number('relayMarginS'),
    gateClosureS: number('gateClosureS'),
    matchDeadlineS: number('matchDeadlineS'),
    energiesAfterS: number('energiesAfterS'),
    executionAfterS: number('executionAfterS'),
    executionLatestS: number('executionLatestS'),
    shortfallRateMicro: number('shortfallRateMicro'),
    unusedRateMicro: number('unusedRateMicro'),
    feeMicro: [numberOf(fees[0]), numberOf(fees[1])],
  }
  const [balancing, gridOperator] = [hexOf(field(entry, 'balancing')), hexOf(field(entry, 'gridOperator'))]
  return { type: 'community-set', rules: all, balancing, gridOperator }
}

/** The chain's encoding of an order is the bytes that the gateway signed. */
function orderOf(value: Codec): Order {
  const order = decodeOrder(value.toU8a())
  if (order === undefined) throw new Fault('chain', 'the chain holds an order that this program cannot read')
  return order
}

const movement = (type: 'locked' | 'released' | 'debited' | 'credited'): Decoder => {
  return (get) => ({ type, account: hexOf(get('account')), amountNano: bigintOf(get('amount')) })
}

const gatewayEvent = (type: 'gateway-enrolled' | 'gateway-revoked'): Decoder => {
  return (get) => ({
    type,
    site: hexOf(get('site')),
    gateway: hexOf(get('gateway')),
    epoch: numberOf(get('epoch')),
  })
}

const DECODERS: Readonly<Record<string, Decoder>> = {
  'registry.CommunitySet': (get) => communityOf(numberOf(get('community')), get('entry')),
  'registry.SiteSet': (get) => ({
    type: 'site-set',
    site: hexOf(get('site')),
    community: numberOf(get('community')),
    member: hexOf(get('member')),
    zone: numberOf(get('zone')),
    capImportWh: numberOf(get('capImportWh')),
    capExportWh: numberOf(get('capExportWh')),
  }),
  'registry.GatewayEnrolled': gatewayEvent('gateway-enrolled'),
  'registry.GatewayRevoked': gatewayEvent('gateway-revoked'),
  'vault.Issued': (get) => ({
    type: 'issued',
    account: hexOf(get('account')),
    amountNano: bigintOf(get('amount')),
    reference: hexOf(get('reference')),
  }),
  'vault.Locked': movement('locked'),
  'vault.Released': movement('released'),
  'vault.Debited': movement('debited'),
  'vault.Credited': movement('credited'),
  'orderbook.OrderEntered': (get) => ({
    type: 'order-entered',
    id: hexOf(get('id')),
    order: orderOf(get('order')),
    site: hexOf(get('site')),
    member: hexOf(get('member')),
    lockedNano: bigintOf(get('locked')),
  }),
  'orderbook.ItemRejected': (get) => ({
    type: 'item-rejected',
    hash: hexOf(get('itemHash')),
    reason: kebab(variantOf(get('reason'))) as Reason,
  }),
  'orderbook.OrderEnded': (get) => ({
    type: 'order-ended',
    id: hexOf(get('id')),
    state: kebab(variantOf(get('state'))) as 'filled' | 'cancelled' | 'replaced' | 'expired',
    remainingWh: numberOf(get('remainingWh')),
  }),
  'settlement.Traded': (get) => ({
    type: 'trade',
    trade: numberOf(get('trade')),
    community: numberOf(get('community')),
    slotStart: numberOf(get('slotStart')),
    kind: kebab(variantOf(get('kind'))) as 'spot' | 'post',
    bid: hexOf(get('bid')),
    offer: hexOf(get('offer')),
    buyerSite: hexOf(get('buyerSite')),
    sellerSite: hexOf(get('sellerSite')),
    energyWh: numberOf(get('energyWh')),
    buyerRateMicro: numberOf(get('buyerRateMicro')),
    sellerRateMicro: numberOf(get('sellerRateMicro')),
  }),
  'settlement.MatchRejected': (get) => ({
    type: 'match-rejected',
    index: numberOf(get('index')),
    reason: kebab(variantOf(get('fault'))),
  }),
  'settlement.TradeExecuted': (get) => ({
    type: 'trade-executed',
    trade: numberOf(get('trade')),
    allocatedWh: numberOf(get('allocatedWh')),
    paidNano: bigintOf(get('paid')),
    receivedNano: bigintOf(get('received')),
    feeNano: bigintOf(get('fee')),
  }),
  'settlement.SiteSettled': (get) => ({
    type: 'site-settled',
    community: numberOf(get('community')),
    slotStart: numberOf(get('slotStart')),
    site: hexOf(get('site')),
    soldWh: numberOf(get('soldWh')),
    boughtWh: numberOf(get('boughtWh')),
    allocatedSoldWh: numberOf(get('allocatedSoldWh')),
    allocatedBoughtWh: numberOf(get('allocatedBoughtWh')),
    shortfallWh: numberOf(get('shortfallWh')),
    unusedWh: numberOf(get('unusedWh')),
    missingImport: booleanOf(get('missingImport')),
    missingExport: booleanOf(get('missingExport')),
    penaltyNano: bigintOf(get('penalty')),
  }),
  'settlement.SlotCommitted': (get) => ({
    type: 'slot-committed',
    community: numberOf(get('community')),
    slotStart: numberOf(get('slotStart')),
    root: hexOf(get('root')),
  }),
}

/** The exchange's event in a runtime event; undefined for those of other pallets and for roles. */
export function exchangeEvent(event: Event): ExchangeEvent | undefined {
  const decode = DECODERS[`${event.section}.${event.method}`]
  const names = event.data.names ?? []
  return decode?.((name) => {
    const value = event.data[names.indexOf(name)]
    if (value === undefined) throw new Fault('chain', `event ${event.section}.${event.method} has no field ${name}`)
    return value
  })
}
