import { type DirectiveAnswer, Fault, isSignedRelease, messageOf, reasonOf } from '@wattfleet/protocol'
import { createBell } from './bell.ts'
import { type BackoffRules, backoffMs } from './core/backoff.ts'
import { endJob, handOver, type Job, type RemoteState, releaseOf } from './core/remote.ts'
import type { RemoteParts } from './remote.ts'
import { survivingStore } from './surviving-store.ts'

const RETRY: BackoffRules = { firstMs: 2_000, mostMs: 300_000 }
const IDLE_MS = 3_600_000
/** How often the updater's word is looked for. */
const LOOK_MS = 2_000
/** The updater takes minutes. Where none answers in this time, there is none on this gateway. */
const UPDATER_PATIENCE_MS = 3_600_000

/** The loop that carries an update from the command to the updater, and its word back. */
export interface UpdateJob {
  /** There is a command. */
  wake(): void
  run(signal: AbortSignal): Promise<void>
}

/** `state` and `set`: what is kept durably, the command that is under way in it. */
export function createUpdater(
  { updates, utilityKey, clock, transport, random, log }: RemoteParts,
  state: () => RemoteState,
  set: (next: RemoteState) => void,
): UpdateJob {
  const bell = createBell()
  let current = new AbortController()
  const answer = (job: Job, is: DirectiveAnswer['is'], reason?: string) =>
    set(endJob(state(), { counter: job.counter, is, ...(reason !== undefined && { reason: reasonOf(reason) }) }))

  /** Fetches the archive, as often as it takes until the command expires, and tells the updater. */
  async function fetchIt(job: Job, signal: AbortSignal): Promise<void> {
    const release = releaseOf(state())
    if (release === undefined) return
    const key = utilityKey()
    if (key === undefined || !isSignedRelease(release, key)) {
      return answer(job, 'refused', 'the release is not signed by the utility')
    }
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        await updates.fetch(release, signal)
        if (signal.aborted) return
        updates.request(job.counter, release)
        return set(handOver(state()))
      } catch (error) {
        if (signal.aborted) return
        const isOver = clock.nowMs() / 1000 >= job.expiresAt
        if (!(error instanceof Fault) || !error.retryable || isOver) return answer(job, 'refused', messageOf(error))
        const waitMs = backoffMs(attempt, random(), RETRY)
        log.warn({ reason: messageOf(error), waitMs }, 'the release is not fetched yet')
        await transport.until(transport.nowMs() + waitMs, signal)
      }
    }
  }

  async function awaitUpdater(job: Job, signal: AbortSignal): Promise<void> {
    const endMs = transport.nowMs() + UPDATER_PATIENCE_MS
    while (!signal.aborted) {
      const result = updates.result()
      if (result?.counter === job.counter) return set(endJob(state(), result))
      if (transport.nowMs() >= endMs) return answer(job, 'refused', 'no updater has answered')
      await transport.until(transport.nowMs() + LOOK_MS, signal)
    }
  }

  return {
    wake() {
      current.abort()
      bell.ring()
    },
    async run(signal) {
      while (!signal.aborted) {
        current = new AbortController()
        const both = AbortSignal.any([signal, current.signal])
        const { job } = state()
        if (job?.command.name !== 'update') await bell.wait(transport, transport.nowMs() + IDLE_MS, both)
        else await survivingStore(log, () => (job.isHandedOver ? awaitUpdater(job, both) : fetchIt(job, both)))
        // where the store fails this would otherwise spin
        if (state().job === job && job !== undefined) await transport.until(transport.nowMs() + LOOK_MS, both)
      }
    },
  }
}
