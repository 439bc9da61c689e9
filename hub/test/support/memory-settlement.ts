import type { ExchangeCall, ExchangeEvent } from '@wattfleet/chain'
import { type CommunityRules, slotTimes } from '@wattfleet/protocol'
import { type MemoryOrder, type MemoryOrders, valueNano } from './memory-orders.ts'
import type { MemoryVault } from './memory-vault.ts'

type Matches = Extract<ExchangeCall, { call: 'submit-matches' }>
type Settle = Extract<ExchangeCall, { call: 'settle' }>

interface Trade {
  readonly slotStart: number
  readonly buyer: MemoryOrder['site']
  readonly seller: MemoryOrder['site']
  readonly energyWh: number
  readonly buyerRateMicro: number
  readonly sellerRateMicro: number
}

interface Totals {
  readonly member: string
  soldWh: number
  boughtWh: number
  allocatedSoldWh: number
  allocatedBoughtWh: number
  pending: number
  settled?: { readonly deviation: Settle['deviations'][number]; readonly penaltyNano: bigint }
}

/** Accounts of the community. */
export const BALANCING = 'ba'.repeat(32)
export const GRID_OPERATOR = '9d'.repeat(32)
/** The settlement engine's account. */
export const ENGINE = 'e7'.repeat(32)

/** The exchange's rules for matches and execution, as the chain enforces them. Each call yields an error, or undefined. */
export function memorySettlement(
  rules: CommunityRules,
  book: MemoryOrders,
  vault: MemoryVault,
  emit: (event: ExchangeEvent) => void,
) {
  const trades = new Map<number, Trade>()
  const totals = new Map<string, Totals>()
  const roots = new Map<number, string>()
  const lastMatched = new Map<number, number>()
  let lastTrade = 0
  const bonds = { nano: 0n }

  const totalsOf = (slotStart: number, site: MemoryOrder['site']): Totals => {
    const key = `${slotStart}/${site.site}`
    const none = { soldWh: 0, boughtWh: 0, allocatedSoldWh: 0, allocatedBoughtWh: 0, pending: 0 }
    const found = totals.get(key) ?? { member: site.member, ...none }
    totals.set(key, found)
    return found
  }

  const faultOf = (bid: MemoryOrder | undefined, offer: MemoryOrder | undefined, wh: number, nowS: number): string => {
    if (bid === undefined || offer === undefined) return 'UnknownOrder'
    if (bid.order.side !== 'bid' || offer.order.side !== 'offer') return 'WrongSide'
    const isLive = ({ state, order }: MemoryOrder) =>
      state === 'open' && (order.expiresAt === 0 || nowS <= order.expiresAt)
    if (!isLive(bid) || !isLive(offer)) return 'NotOpen'
    if (wh <= 0 || wh > bid.remainingWh || wh > offer.remainingWh) return 'Amount'
    if (bid.site.member === offer.site.member) return 'SameMember'
    const accepts = bid.order.energyTypes
    if (accepts !== 0 && (accepts & offer.order.energyTypes) === 0) return 'EnergyType'
    return bid.order.priceMicro - feeOf(bid, offer) >= offer.order.priceMicro ? '' : 'Price'
  }
  const feeOf = (bid: MemoryOrder, offer: MemoryOrder) => rules.feeMicro[bid.site.zone === offer.site.zone ? 0 : 1]

  const trade = (bid: MemoryOrder, offer: MemoryOrder, energyWh: number) => {
    lastTrade++
    const { slotStart, community } = bid.order
    const rates = {
      buyerRateMicro: bid.order.priceMicro,
      sellerRateMicro: bid.order.priceMicro - feeOf(bid, offer),
    }
    trades.set(lastTrade, { slotStart, buyer: bid.site, seller: offer.site, energyWh, ...rates })
    const buyer = totalsOf(slotStart, bid.site)
    const seller = totalsOf(slotStart, offer.site)
    buyer.boughtWh += energyWh
    seller.soldWh += energyWh
    buyer.pending++
    seller.pending++
    emit({
      type: 'trade',
      trade: lastTrade,
      ...{ community, slotStart, kind: 'spot', bid: bid.id, offer: offer.id, energyWh, ...rates },
      buyerSite: bid.site.site,
      sellerSite: offer.site.site,
    })
    book.fill(bid, energyWh)
    book.fill(offer, energyWh)
  }

  const execute = (number: number, allocatedWh: number, slotStart: number): string | undefined => {
    const found = trades.get(number)
    if (found === undefined || found.slotStart !== slotStart) return 'UnknownTrade'
    const buyer = totalsOf(slotStart, found.buyer)
    const seller = totalsOf(slotStart, found.seller)
    const bounds = boundsOf(found, buyer, seller)
    if (bounds === undefined) return 'NotSettled'
    if (allocatedWh < bounds[0] || allocatedWh > bounds[1]) return 'AllocatedWrong'
    trades.delete(number)
    const paidNano = valueNano(allocatedWh, found.buyerRateMicro)
    const receivedNano = valueNano(allocatedWh, found.sellerRateMicro)
    vault.pay(found.buyer.member, found.seller.member, receivedNano)
    vault.pay(found.buyer.member, GRID_OPERATOR, paidNano - receivedNano)
    vault.release(found.buyer.member, valueNano(found.energyWh, found.buyerRateMicro) - paidNano)
    buyer.allocatedBoughtWh += allocatedWh
    seller.allocatedSoldWh += allocatedWh
    buyer.pending--
    seller.pending--
    emit({
      type: 'trade-executed',
      trade: number,
      allocatedWh,
      paidNano,
      receivedNano,
      feeNano: paidNano - receivedNano,
    })
    for (const site of [seller, buyer]) if (site.pending === 0) tellSite(site, slotStart)
    return undefined
  }

  const settleSite = (deviation: Settle['deviations'][number], slotStart: number, nowS: number): string | undefined => {
    const key = `${slotStart}/${deviation.site}`
    const found = totals.get(key)
    if (found === undefined) return 'UnknownSite'
    if (found.settled !== undefined) return 'AlreadySettled'
    const isMissing = deviation.missingExport || deviation.missingImport
    if (isMissing && nowS < slotTimes(slotStart, rules).executionLatest) return 'MissingTooEarly'
    if (deviation.missingExport && deviation.shortfallWh !== found.soldWh) return 'MissingByRule'
    if (deviation.missingImport && deviation.unusedWh !== 0) return 'MissingByRule'
    if (isMissing !== (deviation.message === undefined)) return 'a deviation without its message'
    const { member, soldWh, boughtWh } = found
    if (deviation.shortfallWh > soldWh || deviation.unusedWh > boughtWh) return 'DeviationTooLarge'
    const penaltyNano =
      valueNano(deviation.shortfallWh, rules.shortfallRateMicro) + valueNano(deviation.unusedWh, rules.unusedRateMicro)
    const heldNano = valueNano(soldWh, rules.shortfallRateMicro) + valueNano(boughtWh, rules.unusedRateMicro)
    vault.pay(member, BALANCING, penaltyNano)
    vault.release(member, heldNano - penaltyNano)
    found.settled = { deviation, penaltyNano }
    tellSite(found, slotStart)
    return undefined
  }

  const tellSite = (found: Totals, slotStart: number) => {
    if (found.settled === undefined) return
    const { deviation, penaltyNano } = found.settled
    const { message: _message, ...figures } = deviation
    const { member: _member, settled: _settled, ...sums } = found
    const of = { community: rules.community, slotStart, source: 'engine' } as const
    emit({ type: 'site-settled', ...of, ...figures, ...sums, penaltyNano })
  }

  /** What a trade may be allocated at least and at most, by the settled shares of its two sites; undefined before both are. */
  const boundsOf = ({ energyWh }: Trade, buyer: Totals, seller: Totals): [number, number] | undefined => {
    if (buyer.settled === undefined || seller.settled === undefined) return undefined
    const sold = [seller.soldWh - seller.settled.deviation.shortfallWh, seller.soldWh] as const
    const bought = [buyer.boughtWh - buyer.settled.deviation.unusedWh, buyer.boughtWh] as const
    const [part, whole] = sold[0] * bought[1] <= bought[0] * sold[1] ? sold : bought
    return [Math.floor((energyWh * part) / whole), Math.ceil((energyWh * part) / whole)]
  }

  return {
    match(call: Matches, block: number, nowS: number): string | undefined {
      if (nowS > slotTimes(call.slotStart, rules).matchDeadline) return 'MarketClosed'
      if (call.computedFrom >= block || call.computedFrom < (lastMatched.get(call.slotStart) ?? 0)) return 'Stale'
      if (call.rateMicro !== undefined) return 'WrongRate'
      call.matches.forEach(({ bid: bidAt, offer: offerAt, energyWh }, index) => {
        const [bid, offer] = [book.at(call.slotStart, bidAt), book.at(call.slotStart, offerAt)]
        const reason = faultOf(bid, offer, energyWh, nowS)
        if (reason !== '' || bid === undefined || offer === undefined) {
          emit({ type: 'match-rejected', index, reason })
          return
        }
        trade(bid, offer, energyWh)
        lastMatched.set(call.slotStart, block)
      })
      return undefined
    },
    settle(call: Settle, nowS: number): string | undefined {
      if (bonds.nano < BigInt(rules.engineBondNano)) return 'settlement.BondTooSmall'
      if (nowS < slotTimes(call.slotStart, rules).executionFrom) return 'TooEarly'
      const known = roots.get(call.slotStart)
      if (known !== undefined && known !== call.root) return 'RootDiffers'
      if (known === undefined) {
        roots.set(call.slotStart, call.root)
        emit({ type: 'slot-committed', community: call.community, slotStart: call.slotStart, root: call.root })
      }
      for (const deviation of call.deviations) {
        const error = settleSite(deviation, call.slotStart, nowS)
        if (error !== undefined) return error
      }
      for (const { trade: number, allocatedWh } of call.allocations) {
        const error = execute(number, allocatedWh, call.slotStart)
        if (error !== undefined) return error
      }
      return undefined
    },
    postBond(amountNano: bigint): string | undefined {
      if (!vault.lock(ENGINE, amountNano)) return 'Token.FundsUnavailable'
      bonds.nano += amountNano
      emit({ type: 'bond-set', community: rules.community, engine: ENGINE, amountNano: bonds.nano })
      return undefined
    },
    bonds,
    roots,
  }
}
