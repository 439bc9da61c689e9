import type { Submission } from '@wattfleet/chain'
import { sha256, slotTimes } from '@wattfleet/protocol'
import type { Energies, Plan, Plans, Slots, Stake } from '../ports.ts'
import { LOOK_AGAIN_MS } from '../pulse.ts'
import {
  createPenalties,
  type EngineOptions,
  isBehind,
  limitsUnlessAborted,
  type Penalties,
  retrying,
  submitUnlessAborted,
  untilIndexed,
} from '../rounds.ts'
import { createAnswers } from './answer.ts'
import { type Bond, createBond } from './bond.ts'
import { isDue, latestOf, nextCall, planSlot } from './plan.ts'

/** Slots looked at in one round, the oldest first. */
const SLOTS_PER_ROUND = 100

export interface SettleOptions extends EngineOptions {
  readonly slots: Slots
  readonly energies: Energies
  readonly plans: Plans
  readonly stake: Stake
}

/**
 * The settlement engine. A slot's plan is written down before anything of it is submitted: its calls share one root, so a
 * process that dies between two of them must go on with the same readings, whatever has arrived since. What is done is
 * what finalized blocks say, so a call that got in before the process died is not sent again; and if it is, because its
 * block is not indexed yet, its refusal changes nothing. Before anything is settled the engine's bond is at stake, and
 * before that challenges of what was settled are answered: they have an end.
 */
export async function runSettlement(options: SettleOptions, signal: AbortSignal): Promise<void> {
  const { slots, community, finalizedBlock, indexed, log } = options
  const penalties = createPenalties<number>()
  const bond = createBond(options)
  const answers = createAnswers(options)
  while (!signal.aborted) {
    const seen = indexed.count
    let submitted = 0
    await retrying(log, signal, async () => {
      submitted = await answers.round(signal)
      for (const slotStart of slots.unsettled(community).slice(0, SLOTS_PER_ROUND)) {
        if (signal.aborted || isBehind(slots, finalizedBlock)) return
        if (await settleOne(options, slotStart, bond, penalties, signal)) submitted++
      }
    })
    if (submitted === 0) await indexed.after(seen, LOOK_AGAIN_MS, signal)
  }
}

function planOf({ slots, energies, plans, community }: SettleOptions, slotStart: number): Plan | undefined {
  const stored = plans.load(community, slotStart)
  if (stored !== undefined) return stored
  const head = slots.head()
  const rules = slots.rules(community, slotStart)
  if (head === undefined || rules === undefined) return undefined
  // the chain gives it up
  if (head.timestampS >= slotTimes(slotStart, rules).abandonedFrom) return undefined
  const trades = slots.trades(community, slotStart)
  const readings = latestOf(energies.ofSlot(community, slotStart))
  if (!isDue(slotStart, rules, head.timestampS, trades, readings)) return undefined
  const plan = planSlot(community, slotStart, trades, readings, sha256)
  plans.save(plan)
  return plan
}

/** One call of one slot. Whether anything was submitted. */
async function settleOne(
  options: SettleOptions,
  slotStart: number,
  bond: Bond,
  penalties: Penalties<number>,
  signal: AbortSignal,
): Promise<boolean> {
  const { slots, submitter, community } = options
  const head = slots.head()?.number ?? -1
  const rules = slots.rules(community, slotStart)
  if (rules === undefined || penalties.isOff(slotStart, head)) return false
  const plan = planOf(options, slotStart)
  if (plan === undefined) return false
  const limits = await limitsUnlessAborted(submitter, signal)
  if (limits === undefined) return false
  const call = nextCall(plan, slots.trades(community, slotStart), slots.settled(community, slotStart), limits)
  if (call === undefined || !(await bond.ensure(rules, signal))) return false
  const submission = await submitUnlessAborted(submitter, call, signal)
  if (submission === undefined) return true
  if (submission.ok) {
    penalties.forgive(slotStart)
    await untilIndexed(slots, submission.block, options.indexed, signal)
    return true
  }
  if (submission.error === 'settlement.BondTooSmall') bond.doubt()
  return refused(options, slotStart, submission, penalties, signal)
}

/** What the chain refused is left alone for a while, and planned anew where nothing of it is committed. */
async function refused(
  { slots, plans, community, indexed, log }: SettleOptions,
  slotStart: number,
  submission: Extract<Submission, { ok: false }>,
  penalties: Penalties<number>,
  signal: AbortSignal,
): Promise<boolean> {
  log.warn({ slotStart, error: submission.error, effect: submission.effect }, 'a settlement had no effect')
  if (submission.effect === 'died') {
    penalties.punish(slotStart, slots.head()?.number ?? -1)
    return true
  }
  penalties.punish(slotStart, submission.block)
  // a call of this plan may be in a block that is not indexed yet: what is committed is known only from here on
  await untilIndexed(slots, submission.block, indexed, signal)
  // nothing is: it may be planned anew, with what has arrived since
  if (!signal.aborted && slots.root(community, slotStart) === undefined) plans.drop(community, slotStart)
  return true
}
