import type { LifeState } from './life.ts'

/** A gateway whose claim file may lie there yet. */
export interface ClaimFileUse {
  readonly state: LifeState
  /** Whether a certificate has come of the claim in force. */
  readonly isClaimSpent: boolean
  /** Of its grant; undefined without one. */
  readonly epoch: number | undefined
  /** In which it was last heard with its certificate; undefined while it was not. */
  readonly heardEpoch: number | undefined
}

/**
 * Whether the utility's copy of a claim is of no use any more. Of a gateway that is stopped for good no claim is in force.
 * One that was heard in the epoch of its grant keeps that grant: until then it may have lost the answer, and asks with its
 * claim again. What only has expired stays: a clock that was ahead for a while must not cost anybody a claim.
 */
export function isClaimFileOver({ state, isClaimSpent, epoch, heardEpoch }: ClaimFileUse): boolean {
  if (state === 'revoked' || state === 'retired') return true
  return isClaimSpent && epoch !== undefined && epoch === heardEpoch
}
