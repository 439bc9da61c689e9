import type { CommunityRules, Order } from '@wattfleet/protocol'
import { fromHex, invariant } from '@wattfleet/protocol'
import type { ExchangeEvent, TradeFigures } from '../exchange.ts'
import type { EventData, EventName, RuntimeEvent, RuntimeType } from './types/runtime.ts'

/** A community's entry in the registry, as the rest of the project names it. */
export function communityOf(
  community: number,
  { from, entry: { rules, balancing, gridOperator } }: RuntimeType<'Version'>,
): ExchangeEvent & { type: 'community-set' } {
  const all: CommunityRules = { community, ...rules }
  return { type: 'community-set', from, rules: all, balancing, gridOperator }
}

function bytesOf(hex: string): Uint8Array {
  const bytes = fromHex(hex, hex.length / 2)
  invariant(bytes !== undefined, 'the runtime yields whole bytes')
  return bytes
}

/** The chain's order has the fields that the gateway signed, and the tag before them. */
function orderOf({ tag: _, chain, gateway, partner, replaces, ...rest }: RuntimeType<'Order'>): Order {
  return {
    ...rest,
    chain: bytesOf(chain),
    gateway: bytesOf(gateway),
    ...(partner === undefined ? {} : { partner: bytesOf(partner) }),
    ...(replaces === undefined ? {} : { replaces }),
  }
}

/** An order ends; it is never said to be open. */
function endOf(state: RuntimeType<'OrderState'>): Exclude<RuntimeType<'OrderState'>, 'open'> {
  invariant(state !== 'open', 'an order that ended is not open')
  return state
}

function tradeFigures(data: EventData<'settlement.TradeExecuted'>): TradeFigures {
  const { trade, allocatedWh, paid: paidNano, received: receivedNano, fee: feeNano } = data
  return { trade, allocatedWh, paidNano, receivedNano, feeNano }
}

/** What each of the runtime's events is in the project's words; undefined for those that nobody here asks for. */
const TRANSLATIONS: { readonly [N in EventName]: ((data: EventData<N>) => ExchangeEvent) | undefined } = {
  'validators.Added': (data) => ({ type: 'validator-added', ...data }),
  'validators.Removed': (data) => ({ type: 'validator-removed', ...data }),
  'registry.CommunitySet': ({ community, ...version }) => communityOf(community, version),
  'registry.RoleGranted': undefined,
  'registry.RoleRevoked': undefined,
  'registry.SiteSet': (data) => ({ type: 'site-set', ...data }),
  'registry.ShareSet': (data) => ({ type: 'share-set', ...data }),
  'registry.GatewayEnrolled': (data) => ({ type: 'gateway-enrolled', ...data }),
  'registry.GatewayRevoked': (data) => ({ type: 'gateway-revoked', ...data }),
  'vault.Issued': ({ amount: amountNano, ...data }) => ({ type: 'issued', amountNano, ...data }),
  'vault.Locked': ({ account, amount: amountNano }) => ({ type: 'locked', account, amountNano }),
  'vault.Released': ({ account, amount: amountNano }) => ({ type: 'released', account, amountNano }),
  'vault.Debited': ({ account, amount: amountNano }) => ({ type: 'debited', account, amountNano }),
  'vault.Charged': ({ account, amount: amountNano }) => ({ type: 'charged', account, amountNano }),
  'vault.Credited': ({ account, amount: amountNano }) => ({ type: 'credited', account, amountNano }),
  'vault.WithdrawalRequested': ({ amount, ...data }) => ({ type: 'withdrawal-requested', amountNano: amount, ...data }),
  'vault.Redeemed': ({ amount: amountNano, ...data }) => ({ type: 'redeemed', amountNano, ...data }),
  'vault.WithdrawalDeclined': ({ amount, ...data }) => ({ type: 'withdrawal-declined', amountNano: amount, ...data }),
  'vault.DebtSet': ({ account, amount: amountNano }) => ({ type: 'debt-set', account, amountNano }),
  'vault.ClaimSet': ({ account, amount: amountNano }) => ({ type: 'claim-set', account, amountNano }),
  'orderbook.OrderEntered': ({ order, locked: lockedNano, ...data }) => {
    return { type: 'order-entered', order: orderOf(order), lockedNano, ...data }
  },
  'orderbook.ItemRejected': ({ itemHash: hash, reason }) => ({ type: 'item-rejected', hash, reason }),
  'orderbook.OrderEnded': ({ state, ...data }) => ({ type: 'order-ended', state: endOf(state), ...data }),
  'settlement.Traded': (data) => ({ type: 'trade', ...data }),
  'settlement.MatchRejected': ({ index, fault: reason }) => ({ type: 'match-rejected', index, reason }),
  'settlement.RateFixed': (data) => ({ type: 'rate-fixed', ...data }),
  'settlement.TradeExecuted': (data) => ({ type: 'trade-executed', ...tradeFigures(data) }),
  'settlement.TradeCorrected': (data) => ({ type: 'trade-corrected', ...tradeFigures(data) }),
  'settlement.TradeGivenUp': (data) => ({ type: 'trade-given-up', ...data }),
  'settlement.SiteSettled': ({ penalty: penaltyNano, ...data }) => ({ type: 'site-settled', penaltyNano, ...data }),
  'settlement.SiteGivenUp': (data) => ({ type: 'site-given-up', ...data }),
  'settlement.SlotCommitted': (data) => ({ type: 'slot-committed', ...data }),
  'settlement.EnergyShared': ({ received: receivedNano, paid: paidNano, ...data }) => {
    return { type: 'energy-shared', receivedNano, paidNano, ...data }
  },
  'settlement.BondSet': ({ amount: amountNano, ...data }) => ({ type: 'bond-set', amountNano, ...data }),
  'settlement.SiteChallenged': (data) => ({ type: 'site-challenged', ...data }),
  'settlement.ChallengeAnswered': (data) => ({ type: 'challenge-answered', ...data }),
  'settlement.EngineSlashed': ({ amount: amountNano, ...data }) => ({ type: 'engine-slashed', amountNano, ...data }),
}

/** The exchange's event in a runtime event; undefined for those that nobody here asks for. */
export function exchangeEvent({ name, data }: RuntimeEvent): ExchangeEvent | undefined {
  const translate = TRANSLATIONS[name] as ((data: RuntimeEvent['data']) => ExchangeEvent) | undefined
  return translate?.(data)
}
