import {
  type Cancel,
  type CommunityRules,
  type Energy,
  type Message,
  type Order,
  type Reason,
  sameBytes,
  slotTimes,
} from '@wattfleet/protocol'
import { capOf, type GatewayEntry } from '../ports.ts'

/** A corrected reading counts until the slot's disputes end: this long after the last moment of its execution. */
export const DISPUTES_S = 7 * 86_400
/** A meter may exceed its nameplate for a moment, not twofold for a whole slot: beyond this it is a phantom. */
const SANE_FACTOR = 2
/** A site without a plant still feeds in a little now and then: its reading must not be lost for that. */
const SANE_FLOOR_WH = 1000

export interface IntakeContext {
  readonly chain: Uint8Array
  readonly community: number
  readonly nowS: number
  /** What the registry says of the key, as far as blocks are indexed. */
  readonly entry: GatewayEntry | undefined
  readonly rules: CommunityRules | undefined
  /** Whether the index has moved on since this key or epoch was first asked for and not found. */
  readonly isIndexSure: boolean
}

/** Accepted: until when it may enter a block (or, for a reading, be corrected), and the cap an order counts against. */
export type Decision =
  | { readonly ok: true; readonly site: string; readonly entersUntilS: number; readonly capWh?: number }
  | { readonly ok: false; readonly reason: Reason }

function refuse(reason: Reason): Decision {
  return { ok: false, reason }
}

/**
 * Whether a message with a good signature may be stored, by everything that does not need the store. The chain checks all
 * of it again by its own clock; refusing here tells the sender sooner and keeps the chain clear.
 */
export function decideIntake(message: Message, context: IntakeContext): Decision {
  const { value } = message
  const { entry, rules, community } = context
  if (!sameBytes(value.chain, context.chain)) return refuse('wrong-chain')
  if (message.type !== 'cancel' && message.value.community !== community) return refuse('wrong-community')
  // a key or an epoch that the index has not heard of may have been enrolled a block ago: not final until it has moved on
  const unheard: Reason | undefined = context.isIndexSure ? undefined : 'chain-unavailable'
  if (entry === undefined) return refuse(unheard ?? 'unknown-gateway')
  if (value.epoch > entry.epoch) return refuse(unheard ?? 'epoch')
  if (entry.revoked) return refuse('revoked')
  if (value.epoch < entry.epoch) return refuse('epoch')
  if (entry.community !== community) return refuse('wrong-community')
  if (rules === undefined) return refuse('chain-unavailable')
  switch (message.type) {
    case 'order':
      return decideOrder(message.value, entry, rules, context.nowS)
    case 'cancel':
      return decideCancel(message.value, entry, rules, context.nowS)
    case 'energy':
      return decideEnergy(message.value, entry, rules, context.nowS)
  }
}

function decideOrder(order: Order, entry: GatewayEntry, rules: CommunityRules, nowS: number): Decision {
  if (order.slotStart % rules.slotLengthS !== 0) return refuse('malformed')
  // the market after delivery is not open in this version
  if (order.kind !== 'spot') return refuse('market-not-open')
  const times = slotTimes(order.slotStart, rules)
  if (nowS < times.opensAt) return refuse('market-not-open')
  if (nowS >= times.intakeClosesAt) return refuse('gate-closed')
  if (order.expiresAt !== 0 && order.expiresAt <= nowS) return refuse('expired')
  const capWh = capOf(entry, order.side)
  if (order.energyWh > capWh) return refuse('cap')
  const expiresAt = order.expiresAt === 0 ? times.gateClosesAt : order.expiresAt
  return { ok: true, site: entry.site, entersUntilS: Math.min(times.gateClosesAt, expiresAt), capWh }
}

/** No order that a cancel can mean is still in a market once the time from opening to delivery has passed. */
function decideCancel(_cancel: Cancel, entry: GatewayEntry, rules: CommunityRules, nowS: number): Decision {
  return { ok: true, site: entry.site, entersUntilS: nowS + rules.spotOpensS }
}

function decideEnergy(energy: Energy, entry: GatewayEntry, rules: CommunityRules, nowS: number): Decision {
  if (energy.slotStart % rules.slotLengthS !== 0) return refuse('malformed')
  const times = slotTimes(energy.slotStart, rules)
  if (nowS < times.endsAt) return refuse('market-not-open')
  const entersUntilS = times.executionLatest + DISPUTES_S
  if (nowS > entersUntilS) return refuse('gate-closed')
  const isSane =
    energy.importWh <= entry.capImportWh * SANE_FACTOR + SANE_FLOOR_WH &&
    energy.exportWh <= entry.capExportWh * SANE_FACTOR + SANE_FLOOR_WH
  if (energy.quality !== 'missing' && !isSane) return refuse('cap')
  return { ok: true, site: entry.site, entersUntilS }
}
