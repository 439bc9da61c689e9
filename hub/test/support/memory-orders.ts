import type { ExchangeEvent } from '@wattfleet/chain'
import {
  type CommunityRules,
  decodeMessage,
  isSignedByItsGateway,
  type Message,
  type Order,
  orderIdHex,
  type Reason,
  type SignedMessage,
  sameBytes,
  sha256,
  slotTimes,
  toHex,
} from '@wattfleet/protocol'
import type { MemoryVault } from './memory-vault.ts'

export interface MemorySite {
  readonly site: string
  readonly member: string
  readonly zone: number
  readonly capImportWh: number
  readonly capExportWh: number
}

export interface MemoryOrder {
  readonly id: string
  /** Its place in its market: the n-th to enter, from 0. */
  readonly position: number
  readonly order: Order
  readonly bytes: Uint8Array
  readonly site: MemorySite
  remainingWh: number
  state: 'open' | 'filled' | 'cancelled' | 'replaced' | 'expired'
}

/** What the rules of entry look at. */
export interface Registry {
  readonly chainId: Uint8Array
  readonly rules: CommunityRules
  readonly gateways: Map<string, { site: string; epoch: number; revoked: boolean }>
  readonly sites: Map<string, MemorySite>
}

export interface MemoryOrders {
  readonly orders: Map<string, MemoryOrder>
  /** The order at a position of a slot's market. */
  at(slotStart: number, position: number): MemoryOrder | undefined
  /** Cancels all that a site has open. */
  cancelAll(site: string): void
  enter(signed: SignedMessage, nowS: number): void
  /** Ends what is open in markets whose match deadline has passed, and forgets all of theirs. */
  close(nowS: number): void
  fill(order: MemoryOrder, energyWh: number): void
}

/** 1 Wh × 1 micro-currency per kWh is 1 nano. */
export function valueNano(energyWh: number, rateMicro: number): bigint {
  return BigInt(energyWh) * BigInt(rateMicro)
}

/** The exchange's rules for orders and cancels, as the chain enforces them. */
export function memoryOrders(
  registry: Registry,
  vault: MemoryVault,
  emit: (event: ExchangeEvent) => void,
): MemoryOrders {
  const { rules } = registry
  const orders = new Map<string, MemoryOrder>()
  const earlyCancels = new Set<string>()
  /** Orders that entered, by slot. */
  const entered = new Map<number, number>()

  const collateral = ({ order }: MemoryOrder, energyWh: number) =>
    order.side === 'bid'
      ? valueNano(energyWh, order.priceMicro + rules.unusedRateMicro)
      : valueNano(energyWh, rules.shortfallRateMicro)

  const end = (order: MemoryOrder, state: 'cancelled' | 'replaced' | 'expired') => {
    vault.release(order.site.member, collateral(order, order.remainingWh))
    emit({ type: 'order-ended', id: order.id, state, remainingWh: order.remainingWh })
    order.state = state
  }

  const exposure = (site: string, like: Order) =>
    [...orders.values()]
      .filter(
        ({ site: at, order }) => at.site === site && order.slotStart === like.slotStart && order.side === like.side,
      )
      .reduce((sum, { order, state, remainingWh }) => {
        const isGone = state === 'cancelled' || state === 'replaced' || state === 'expired'
        return sum + order.energyWh - (isGone ? remainingWh : 0)
      }, 0)

  const authenticate = (message: Message, signed: SignedMessage): MemorySite | Reason => {
    const { value } = message
    if (!sameBytes(value.chain, registry.chainId)) return 'wrong-chain'
    const known = registry.gateways.get(toHex(value.gateway))
    if (known === undefined) return 'unknown-gateway'
    if (known.revoked) return 'revoked'
    if (known.epoch !== value.epoch) return 'epoch'
    if (!isSignedByItsGateway(message, signed)) return 'signature'
    return registry.sites.get(known.site) ?? 'unknown-gateway'
  }

  const enterOrder = (order: Order, signed: SignedMessage, site: MemorySite, nowS: number): Reason | undefined => {
    const id = orderIdHex(order)
    const known = orders.get(id)
    if (known !== undefined) return sameBytes(known.bytes, signed.bytes) ? undefined : 'conflict'
    const times = slotTimes(order.slotStart, rules)
    if (order.slotStart % rules.slotLengthS !== 0) return 'malformed'
    if (order.kind !== 'spot' || nowS < times.opensAt) return 'market-not-open'
    if (nowS > times.gateClosesAt) return 'gate-closed'
    if (order.expiresAt !== 0 && nowS > order.expiresAt) return 'expired'
    const target =
      order.replaces === undefined ? undefined : orders.get(orderIdHex({ ...order, sequence: order.replaces }))
    if (order.replaces !== undefined && target?.state !== 'open') return 'conflict'
    const cap = order.side === 'bid' ? site.capImportWh : site.capExportWh
    if (exposure(site.site, order) - (target?.remainingWh ?? 0) + order.energyWh > cap) return 'cap'
    const position = entered.get(order.slotStart) ?? 0
    const whole = { remainingWh: order.energyWh, state: 'open' } as const
    const entry: MemoryOrder = { id, position, order, bytes: signed.bytes, site, ...whole }
    const lockedNano = collateral(entry, order.energyWh)
    const freed = target === undefined ? 0n : collateral(target, target.remainingWh)
    if (vault.of(site.member).free + freed < lockedNano) return 'collateral'
    if (target !== undefined) end(target, 'replaced')
    vault.lock(site.member, lockedNano)
    orders.set(id, entry)
    entered.set(order.slotStart, position + 1)
    emit({ type: 'order-entered', id, position, order, site: site.site, member: site.member, lockedNano })
    if (earlyCancels.delete(id)) end(entry, 'cancelled')
    return undefined
  }

  const enter = (signed: SignedMessage, nowS: number): Reason | undefined => {
    const message = decodeMessage(signed.bytes)
    if (message === undefined || message.type === 'energy') return 'malformed'
    const site = authenticate(message, signed)
    if (typeof site === 'string') return site
    if (message.type === 'order') return enterOrder(message.value, signed, site, nowS)
    const id = orderIdHex({ ...message.value, sequence: message.value.target })
    const target = orders.get(id)
    if (target === undefined) earlyCancels.add(id)
    else if (target.state === 'open') end(target, 'cancelled')
    return undefined
  }

  return {
    orders,
    at: (slotStart, position) =>
      [...orders.values()].find((one) => one.order.slotStart === slotStart && one.position === position),
    cancelAll(site) {
      for (const order of orders.values())
        if (order.site.site === site && order.state === 'open') end(order, 'cancelled')
    },
    enter(signed, nowS) {
      const reason = enter(signed, nowS)
      if (reason !== undefined) emit({ type: 'item-rejected', hash: toHex(sha256(signed.bytes)), reason })
    },
    close(nowS) {
      for (const [id, order] of orders) {
        if (nowS <= slotTimes(order.order.slotStart, rules).matchDeadline) continue
        if (order.state === 'open') end(order, 'expired')
        orders.delete(id)
      }
    },
    fill(order, energyWh) {
      order.remainingWh -= energyWh
      if (order.remainingWh > 0) return
      order.state = 'filled'
      emit({ type: 'order-ended', id: order.id, state: 'filled', remainingWh: 0 })
    },
  }
}
