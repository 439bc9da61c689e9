import type { Submitter } from '@wattfleet/chain'
import type { CommunityRules } from '@wattfleet/protocol'
import type { Log, Stake } from '../ports.ts'
import { submitUnlessAborted } from '../rounds.ts'

export interface BondOptions {
  readonly community: number
  readonly stake: Stake
  readonly submitter: Submitter
  readonly log: Log
}

export interface Bond {
  /** Whether what these rules ask is at stake, posted first where it is not and there is money for it. */
  ensure(rules: CommunityRules, signal: AbortSignal): Promise<boolean>
  /** The chain says that it is not enough: it was taken, or the rules ask for more. */
  doubt(): void
}

/** The settlement engine's stake: without it the chain settles nothing. What was seen to be enough is not asked for again. */
export function createBond({ community, stake, submitter, log }: BondOptions): Bond {
  let coveredNano = -1n
  let saidNano: bigint | undefined
  return {
    doubt() {
      coveredNano = -1n
    },
    async ensure(rules, signal) {
      const wantedNano = BigInt(rules.engineBondNano)
      if (wantedNano <= coveredNano || wantedNano === 0n) return true
      const { bondNano, freeNano } = await stake.read()
      const missingNano = wantedNano - bondNano
      if (missingNano <= 0n) {
        coveredNano = wantedNano
        return true
      }
      const figures = { wantedNano: String(wantedNano), bondNano: String(bondNano), freeNano: String(freeNano) }
      // one nano stays free while anything is locked
      if (freeNano <= missingNano) {
        if (saidNano !== freeNano)
          log.error(figures, 'nothing is settled: no money for the bond, issue some to this account')
        saidNano = freeNano
        return false
      }
      const end = await submitUnlessAborted(
        submitter,
        { call: 'post-bond', community, amountNano: missingNano },
        signal,
      )
      if (end === undefined) return false
      if (!end.ok) log.warn({ ...figures, error: end.error }, 'the bond was not posted')
      else log.info(figures, 'bond posted')
      if (end.ok) coveredNano = wantedNano
      return end.ok
    },
  }
}
