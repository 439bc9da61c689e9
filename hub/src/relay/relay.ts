import type { ExchangeCall, Submission, Submitter } from '@wattfleet/chain'
import { type Clock, pause } from '@wattfleet/protocol'
import type { IsStopped, Log, Progress, QueuedMessage, RelayQueue } from '../ports.ts'
import { BACK_OFF_MS, LOOK_AGAIN_MS, type Pulse } from '../pulse.ts'
import { limitsUnlessAborted, retrying, submitUnlessAborted, untilIndexed } from '../rounds.ts'

export interface RelayOptions {
  readonly community: number
  readonly queue: RelayQueue
  readonly submitter: Submitter
  readonly progress: Progress
  readonly isStopped: IsStopped
  readonly clock: Clock
  /** Beaten when messages were stored. */
  readonly stored: Pulse
  /** Beaten when a block was indexed. */
  readonly indexed: Pulse
  readonly log: Log
}

/**
 * Brings orders and cancels from the inbox to the chain, a batch at a time, as they come: the next batch gathers while
 * the last is on its way. Messages are claimed durably before they are submitted, so that a process that dies knows what
 * may be on the chain. Relaying something twice is harmless on the chain (same bytes, no effect); what ends an order is
 * what finalized blocks say, never this. While the chain is away messages wait; those that can no longer enter are left
 * to the index, which ends them by the chain's own time.
 */
export async function runRelay(options: RelayOptions, signal: AbortSignal): Promise<void> {
  const { queue, clock, stored, log } = options
  while (!signal.aborted) {
    const seen = stored.count
    const sent = await retrying(log, signal, async () => {
      await recoverClaims(options, signal)
      const limits = await limitsUnlessAborted(options.submitter, signal)
      if (limits === undefined) return 0
      const waiting = queue.waiting(limits.orders, Math.floor(clock.nowMs() / 1000))
      if (waiting.length === 0) return 0
      const batch = refuseStopped(options, waiting)
      if (batch.length === 0) return waiting.length
      const ids = batch.map(({ id }) => id)
      queue.claim(ids)
      const items = batch.map(({ signed }) => signed)
      const submission = await submit(options, items, signal)
      if (submission === undefined) return 0
      if (submission.ok) queue.relayed(ids)
      else {
        queue.release(ids)
        log.warn({ error: submission.error, effect: submission.effect, items: items.length }, 'relayed again')
        await pause(BACK_OFF_MS, signal)
      }
      return items.length
    })
    if (!sent) await stored.after(seen, LOOK_AGAIN_MS, signal)
  }
}

/** Refuses the orders of gateways that may not trade by now, durably; yields what remains. */
function refuseStopped(
  { queue, isStopped, log }: RelayOptions,
  waiting: readonly QueuedMessage[],
): readonly QueuedMessage[] {
  const refused = waiting.filter(({ type, gateway }) => type === 'order' && isStopped(gateway)).map(({ id }) => id)
  if (refused.length === 0) return waiting
  queue.refuse(refused, 'revoked')
  log.info({ orders: refused.length }, 'orders of stopped gateways refused')
  return waiting.filter(({ id }) => !refused.includes(id))
}

/**
 * What was claimed when a process died, or when its store failed, may be in an extrinsic that still enters. An empty
 * batch is a barrier: the submitter signs nothing before the last extrinsic has ended, so once the barrier's block is
 * indexed, every claimed message either has its fate or never entered. Without it, an order refused in the old extrinsic
 * (for want of collateral, say) could enter in a new one after its owner was told that it was rejected.
 */
async function recoverClaims(options: RelayOptions, signal: AbortSignal): Promise<void> {
  const { queue, progress, indexed, log } = options
  if (queue.claimed().length === 0) return
  for (;;) {
    const submission = await submit(options, [], signal)
    if (submission === undefined) return
    if (submission.ok) {
      await untilIndexed(progress, submission.block, indexed, signal)
      break
    }
    log.warn({ error: submission.error }, 'the barrier behind what was claimed is tried again')
    await pause(BACK_OFF_MS, signal)
  }
  if (signal.aborted) return
  const left = queue.claimed()
  if (left.length > 0) queue.release(left)
}

/** Undefined when aborted: then nothing is known of the end. */
function submit(
  { submitter, community }: RelayOptions,
  items: Extract<ExchangeCall, { call: 'submit-orders' }>['items'],
  signal: AbortSignal,
): Promise<Submission | undefined> {
  return submitUnlessAborted(submitter, { call: 'submit-orders', community, items }, signal)
}
