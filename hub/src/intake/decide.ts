import {
  type Cancel,
  type CommunityRules,
  type Energy,
  HOUSE_CONNECTION_W,
  type Message,
  marketTimes,
  type Order,
  type Reason,
  sameBytes,
  slotTimes,
} from '@wattfleet/protocol'
import { capOf, type GatewayEntry } from '../ports.ts'

/** A gateway's clock may lead ours: a reading may come this long before its slot ends here. Nothing is settled that early. */
const ENERGY_EARLY_S = 60
/** A meter may exceed its nameplate for a moment, not twofold for a whole slot: beyond this it is a phantom. */
const SANE_FACTOR = 2
/** What a reading may be off where a slot's boundary was met late: it must not be lost for that. */
const SANE_MARGIN_WH = 1000

export interface IntakeContext {
  readonly chain: Uint8Array
  readonly community: number
  readonly nowS: number
  /** What the registry says of the key, as far as blocks are indexed. */
  readonly entry: GatewayEntry | undefined
  readonly rules: CommunityRules | undefined
  /** Whether the utility has stopped the gateway, although its key is in force on the chain. */
  readonly isStopped: boolean
  /** Whether the index holds all that was final when this key or epoch was first asked for and not found. */
  readonly isIndexSure: boolean
}

/** Accepted: until when it may enter a block (or a reading be asked for), and the cap an order counts against. */
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
      // A gateway that may not trade may still take back what it has open, and say what its house has used: a signed
      // reading harms nobody, and where it is missing the household pays for it.
      if (context.isStopped) return refuse('revoked')
      return decideOrder(message.value, entry, rules, context.nowS)
    case 'cancel':
      return decideCancel(message.value, entry, rules, context.nowS)
    case 'energy':
      return decideEnergy(message.value, entry, rules, context.nowS)
  }
}

function decideOrder(order: Order, entry: GatewayEntry, rules: CommunityRules, nowS: number): Decision {
  if (order.slotStart % rules.slotLengthS !== 0) return refuse('malformed')
  const times = marketTimes(order.slotStart, order.kind, rules)
  if (times === undefined || nowS < times.opensAt) return refuse('market-not-open')
  if (nowS >= times.intakeClosesAt) return refuse('gate-closed')
  if (order.expiresAt !== 0 && order.expiresAt <= nowS) return refuse('expired')
  const capWh = capOf(entry, order.side)
  if (order.energyWh > capWh) return refuse('cap')
  const expiresAt = order.expiresAt === 0 ? times.gateClosesAt : order.expiresAt
  return { ok: true, site: entry.site, entersUntilS: Math.min(times.gateClosesAt, expiresAt), capWh }
}

/** No order that a cancel can mean is still in a market once the time from its opening to its gate closure has passed. */
function decideCancel(_cancel: Cancel, entry: GatewayEntry, rules: CommunityRules, nowS: number): Decision {
  return { ok: true, site: entry.site, entersUntilS: nowS + Math.max(rules.spotOpensS, rules.postGateClosureS) }
}

function decideEnergy(energy: Energy, entry: GatewayEntry, rules: CommunityRules, nowS: number): Decision {
  if (energy.slotStart % rules.slotLengthS !== 0) return refuse('malformed')
  const times = slotTimes(energy.slotStart, rules)
  if (nowS < times.endsAt - ENERGY_EARLY_S) return refuse('market-not-open')
  // a corrected reading counts until the slot is given up
  if (nowS > times.abandonedFrom) return refuse('gate-closed')
  const isSane =
    energy.importWh <= mostWh(entry.capImportWh, rules) && energy.exportWh <= mostWh(entry.capExportWh, rules)
  if (energy.quality !== 'missing' && !isSane) return refuse('cap')
  return { ok: true, site: entry.site, entersUntilS: times.answersUntil }
}

/** The most that is believed of one slot: gateways believe their meters up to the same bound. */
function mostWh(capWh: number, rules: CommunityRules): number {
  const connectionWh = (HOUSE_CONNECTION_W * rules.slotLengthS) / 3600
  return Math.max(capWh * SANE_FACTOR, connectionWh) + SANE_MARGIN_WH
}
