/** What a gateway is to its utility. */
export const LIFE_STATES = [
  'expected', // in the manifest; its claim was not used
  'claimed', // its claim was used; it waits for the approval, or for the chain
  'active', // it has a certificate and trades
  'quarantined', // something contradicts itself: it may not trade until the operator has looked
  'suspended', // the operator has stopped it for a while: it keeps its keys and may not trade
  'revoked', // its keys are dead; with a new claim it comes back, in another epoch
  'retired', // out of service for good
] as const
export type LifeState = (typeof LIFE_STATES)[number]

interface Way {
  readonly to: LifeState
  readonly from: readonly LifeState[]
}

/** How a gateway may come from one state to the next. Whatever is not here is not possible, whoever asks for it. */
export const LIFE_EVENTS = {
  /** Its claim was used, with its own serial. */
  claim: { to: 'claimed', from: ['expected'] },
  /** It was approved, where that is asked for, and the chain has its key. */
  activate: { to: 'active', from: ['claimed'] },
  /** The enrolment that was begun was not completed in time. */
  abandon: { to: 'expected', from: ['claimed'] },
  /** Its claim was used with another serial, or a second time. */
  conflict: { to: 'quarantined', from: ['expected', 'claimed', 'active', 'suspended'] },
  suspend: { to: 'suspended', from: ['active'] },
  resume: { to: 'active', from: ['suspended'] },
  /** The operator has looked at what contradicted itself: all is well with the keys that it has. */
  release: { to: 'active', from: ['quarantined'] },
  revoke: { to: 'revoked', from: ['claimed', 'active', 'quarantined', 'suspended'] },
  /** A new claim is in force, and nothing that was before it. A gateway with a certificate is revoked first. */
  reissue: { to: 'expected', from: ['expected', 'claimed', 'revoked'] },
  /** Other keys of the same gateway take the place of those that it has: an operator has approved its reset. */
  replace: { to: 'claimed', from: ['active'] },
  /** Its serial goes on with another household; what was before stays with this one. */
  transfer: { to: 'retired', from: ['expected', 'claimed', 'active', 'suspended', 'revoked'] },
  retire: { to: 'retired', from: ['expected', 'claimed', 'active', 'quarantined', 'suspended', 'revoked'] },
} as const satisfies Record<string, Way>
export type LifeEvent = keyof typeof LIFE_EVENTS

export interface Life {
  readonly state: LifeState
  /** Whether it has a certificate in force: only then is there something to release it to. */
  readonly isCertified: boolean
  /** Whether a certificate has come of its claim: from then on other keys come by it only where an operator lets them. */
  readonly isClaimSpent: boolean
}

export type LifeStep =
  | { readonly ok: true; readonly state: LifeState }
  /** `known`: it is there already, and repeating what was done is no mistake. */
  | { readonly ok: false; readonly known: boolean; readonly reason: string }

/** What an event makes of a gateway; refused, with a reason for who asked, where there is no way. */
export function stepOf({ state, isCertified, isClaimSpent }: Life, event: LifeEvent): LifeStep {
  const { to, from }: Way = LIFE_EVENTS[event]
  if (!from.includes(state)) {
    return {
      ok: false,
      known: to === state,
      reason: `${event}: expected a gateway that is ${from.join(' or ')}, it is ${state}`,
    }
  }
  if (event === 'release' && !isCertified) {
    return { ok: false, known: false, reason: 'release: it has no certificate: revoke it, and reissue its claim' }
  }
  if (event === 'abandon' && isClaimSpent) {
    return {
      ok: false,
      known: false,
      reason: 'abandon: its claim is spent, and would be free for whoever has its file',
    }
  }
  return { ok: true, state: to }
}

/** Whether the broker lets a gateway in this state in, and the hub takes its orders. */
export function mayTrade(state: LifeState): boolean {
  return state === 'active'
}

/** Whether it may have another certificate: one that is suspended for a while must not run out of its own meanwhile. */
export function mayRenew(state: LifeState): boolean {
  return state === 'active' || state === 'suspended'
}
