import type { LifeState } from './life.ts'

/**
 * What becomes of a gateway that was reset, and asks with its old claim and other keys.
 *
 * `approve`: it is held until an operator has approved these very keys; the gateway that has the site trades on.
 * `same-key`: only the keys that used the claim first come back; others are refused, and the gateway that has the site trades on.
 * `never`: others are refused, and the gateway that has the site is stopped too, until somebody has looked.
 */
export const RESET_POLICIES = ['same-key', 'approve', 'never'] as const
export type ResetPolicy = (typeof RESET_POLICIES)[number]

/** A claim that is in force, and who uses it now. */
export interface ClaimUse {
  readonly state: LifeState
  /** Whether keys have used it before. */
  readonly isBound: boolean
  /** Whether a certificate has come of it: from then on it is no key to the site, whoever has its file. */
  readonly isSpent: boolean
  readonly isSameSerial: boolean
  /** Whether it is used by the keys that used it first; `signing`: only their signing key is the same. */
  readonly keys: 'same' | 'signing' | 'other'
}

export type Verdict =
  /** Nobody has used it: these keys are bound to it. */
  | 'bind'
  /** The same gateway asks again. */
  | 'again'
  /** Other keys of the same gateway, as far as they say: an operator decides. */
  | 'hold'
  /** Somebody else: refused and told, and nobody who trades is stopped for it. */
  | 'refuse'
  /** Somebody else: whoever is concerned is stopped until somebody has looked. */
  | 'conflict'

/**
 * Whose claim file is stolen must not be stopped by the thief, nor let him in: as soon as a certificate has come of a claim,
 * its file alone moves nothing. Before that nobody trades by it, and holding it loses nothing.
 */
export function verdictOn(use: ClaimUse, policy: ResetPolicy): Verdict {
  const { state, isBound, isSpent, isSameSerial, keys } = use
  if (isSameSerial && !isBound) return 'bind'
  if (isSameSerial && keys === 'same') return 'again'
  if (policy === 'never' || !isSpent || state === 'quarantined') return 'conflict'
  // its own signing key in other hands, or another serial, is no reset
  return isSameSerial && keys === 'other' && policy === 'approve' ? 'hold' : 'refuse'
}
