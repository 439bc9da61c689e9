import { type Clock, messageOf } from '@wattfleet/protocol'
import { isAnotherClaim } from './former.ts'
import type { Link, Log, StateFiles } from './ports.ts'

/**
 * A gateway that the broker did not have for so long may have been given another claim: a certificate that was revoked is
 * shut out without a word. Longer than a broker takes to be started anew, and short enough for whoever stands before it.
 */
const SHUT_OUT_MS = 5 * 60_000
/** How often it is looked then. */
const LOOK_MS = 60_000

export interface ClaimWatchParts {
  /** The claim that lies there now; undefined where there is none, or none that can be read. */
  readonly claim: () => string | undefined
  readonly files: StateFiles
  readonly transport: Clock
  readonly log: Log
}

/** Notices, while the gateway runs, that it was given another claim. */
export interface ClaimWatch {
  /** The same link: what is watched is whether it is up. */
  over(link: Link): Link
  /**
   * Calls `onAnother` once where the gateway had no connection for long and another claim lies there than the one that its
   * keys and grant came by, and returns; else when aborted. A claim that is gone, unreadable or the same changes nothing.
   */
  run(signal: AbortSignal, onAnother: () => void): Promise<void>
}

export function claimWatch({ claim, files, transport, log }: ClaimWatchParts): ClaimWatch {
  let downSinceMs: number | undefined = transport.nowMs()

  function isAnother(): boolean {
    try {
      return isAnotherClaim(files, claim())
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'whether there is another claim cannot be told')
      return false
    }
  }

  return {
    over: (link) => ({
      run: (events, signal) =>
        link.run(
          {
            ...events,
            up(session) {
              downSinceMs = undefined
              events.up(session)
            },
            down(reason) {
              downSinceMs = transport.nowMs()
              events.down(reason)
            },
          },
          signal,
        ),
    }),
    async run(signal, onAnother) {
      while (!signal.aborted) {
        const isShutOut = downSinceMs !== undefined && transport.nowMs() - downSinceMs >= SHUT_OUT_MS
        if (isShutOut && isAnother()) {
          log.warn({}, 'no connection for long, and there is another claim: this gateway begins anew with it')
          return onAnother()
        }
        await transport.until(transport.nowMs() + LOOK_MS, signal)
      }
    },
  }
}
