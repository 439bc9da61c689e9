import type { ChainCall, Submitter } from '@wattfleet/chain'
import { inclusionProof } from '@wattfleet/market'
import { ANSWER_S, sha256 } from '@wattfleet/protocol'
import type { Challenge, Energies, EnergyRecord, Log, Plan, Plans, Slots } from '../ports.ts'
import type { Pulse } from '../pulse.ts'
import { createPenalties, submitUnlessAborted, untilIndexed } from '../rounds.ts'
import { leavesOf } from './plan.ts'

export interface AnswerOptions {
  readonly community: number
  readonly slots: Slots
  readonly energies: Energies
  readonly plans: Plans
  readonly submitter: Submitter
  /** Beaten when a block was indexed. */
  readonly indexed: Pulse
  readonly log: Log
}

export interface Answers {
  /** Answers, or asks the chain to enforce, each challenge of which that is due. How many calls were submitted. */
  round(signal: AbortSignal): Promise<number>
}

/**
 * What is done about a challenge at a moment of the chain's time. One of this engine's own is answered by the message that
 * its plan names, as long as the chain waits for that. One of another engine's that was not answered in time is enforced,
 * by whoever looks, as long as that engine's stake is bound.
 */
export function answerTo(challenge: Challenge, self: string, nowS: number): 'answer' | 'enforce' | 'nothing' {
  const { engine, answerBy } = challenge
  if (nowS <= answerBy) return engine === self ? 'answer' : 'nothing'
  return engine !== self && nowS <= answerBy + ANSWER_S ? 'enforce' : 'nothing'
}

/**
 * The readings that a plan settles by, from all of its slot. Undefined where not all of them are there any more: then no
 * proof can be made.
 */
export function usedBy(plan: Plan, ofSlot: readonly EnergyRecord[]): readonly EnergyRecord[] | undefined {
  const used = plan.deviations.flatMap(({ site, message }) => {
    if (message === undefined) return []
    const { epoch, sequence } = message
    return [ofSlot.find((one) => one.site === site && one.energy.epoch === epoch && one.energy.sequence === sequence)]
  })
  return used.every((one) => one !== undefined) ? (used as readonly EnergyRecord[]) : undefined
}

/** Looks after the stakes of settlement engines: this one's own, and others' that are forfeit. */
export function createAnswers({ community, slots, energies, plans, submitter, indexed, log }: AnswerOptions): Answers {
  const penalties = createPenalties<string>()

  /** The call that shows the message which this engine named for a site. */
  const revealOf = ({ slotStart, site }: Challenge): ChainCall | undefined => {
    const plan = plans.load(community, slotStart)
    const used = plan && usedBy(plan, energies.ofSlot(community, slotStart))
    const named = used?.find((one) => one.site === site)
    const proof = used && named && inclusionProof(leavesOf(used), named.signed, sha256)
    if (named === undefined || proof === undefined) return undefined
    const trades = slots
      .trades(community, slotStart)
      .filter(({ buyerSite, sellerSite }) => buyerSite === site || sellerSite === site)
      .map(({ trade }) => trade)
    return { call: 'reveal', community, slotStart, site, message: named.signed, proof, trades }
  }

  const take = async (challenge: Challenge, signal: AbortSignal): Promise<boolean> => {
    const head = slots.head()
    const { slotStart, site, answerBy, engine } = challenge
    const key = `${slotStart}/${site}`
    if (head === undefined || penalties.isOff(key, head.number)) return false
    const due = answerTo(challenge, submitter.account, head.timestampS)
    if (due === 'nothing') return false
    const call: ChainCall | undefined =
      due === 'answer' ? revealOf(challenge) : { call: 'enforce', community, slotStart, site }
    if (call === undefined) {
      log.error(
        { slotStart, site, answerBy },
        'a challenge cannot be answered: what the slot was settled by is not here',
      )
      penalties.punish(key, head.number)
      return false
    }
    const end = await submitUnlessAborted(submitter, call, signal)
    if (end === undefined) return true
    if (end.ok) {
      penalties.forgive(key)
      await untilIndexed(slots, end.block, indexed, signal)
      log.info({ slotStart, site, engine }, due === 'answer' ? 'challenge answered' : 'stake taken')
    } else {
      penalties.punish(key, head.number)
      log.warn({ slotStart, site, engine, error: end.error }, `${due} had no effect`)
    }
    return true
  }

  return {
    async round(signal) {
      let submitted = 0
      for (const challenge of slots.challenges(community)) {
        if (signal.aborted) break
        if (await take(challenge, signal)) submitted++
      }
      return submitted
    },
  }
}
