import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { type Clock, messageOf } from '@wattfleet/protocol'
import type { Log } from '../ports.ts'

/** The service manager wants to be told at half of the time after which it would act (sd_watchdog_enabled(3)). */
const TOLD_PER_SPAN = 2
/** A program that only writes into a socket. */
const LONGEST_TELLING_MS = 30_000

/** The time within which the service manager wants to hear of this process, ms (WATCHDOG_USEC); undefined where it does not. */
export function watchdogMs({ WATCHDOG_USEC: text = '' }: NodeJS.ProcessEnv): number | undefined {
  const spanMs = Number(text) / 1000
  return /^\d+$/.test(text) && spanMs > 0 ? spanMs : undefined
}

/** Tells systemd that this process lives. Node has no datagrams on Unix sockets, so systemd's own program does it. */
export async function tellSystemd(): Promise<void> {
  await promisify(execFile)('systemd-notify', ['WATCHDOG=1'], { timeout: LONGEST_TELLING_MS })
}

export interface WatchdogParts {
  readonly spanMs: number
  readonly isWell: () => boolean
  readonly tell: () => Promise<void>
  /** Real time that nobody steps. */
  readonly transport: Clock
  readonly log: Pick<Log, 'warn' | 'error'>
}

/**
 * Tells the service manager again and again that the agent lives, until aborted. A process that hangs tells nothing, and
 * one whose loop stands still is not told of: the service manager then starts the agent anew.
 */
export async function keepWatchdog(parts: WatchdogParts, signal: AbortSignal): Promise<void> {
  const { spanMs, isWell, tell, transport, log } = parts
  while (!signal.aborted) {
    try {
      if (isWell()) await tell()
      else log.error({}, 'the loop that reads the meter stands still: the service manager is not told that all is well')
    } catch (error) {
      log.warn({ error: messageOf(error) }, 'the service manager cannot be told that the agent lives')
    }
    await transport.until(transport.nowMs() + spanMs / TOLD_PER_SPAN, signal)
  }
}
