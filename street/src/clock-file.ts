import { readFileSync } from 'node:fs'
import { type Clock, type ClockAnchor, monotonicMs, scaledClock, writeFileAtomic } from '@wattfleet/protocol'

/** How often the street's time is written down, of the wall. */
export const SAVE_EVERY_MS = 1_000

interface Kept {
  readonly streetMs: number
  /** Whether the street was still running when this was written. */
  readonly running: boolean
}

/** The street's clock: runs while the street does and stands while it is stopped. */
export interface StreetClock {
  readonly clock: Clock
  readonly anchor: ClockAnchor
  save(running: boolean): void
}

function read(path: string): Kept | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Kept
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/**
 * Where the clock goes on: at the beginning for a new street, where it was stopped, or, after a street that was killed,
 * past everything that it can have seen since it last wrote down its time. It never goes back.
 */
export function resumeAt(kept: Kept | undefined, startMs: number, rate: number): number {
  if (kept === undefined) return startMs
  return kept.running ? kept.streetMs + 2 * SAVE_EVERY_MS * rate : kept.streetMs
}

export function openStreetClock(path: string, startMs: number, rate: number): StreetClock {
  const anchor: ClockAnchor = { monotonicMs: monotonicMs(), streetMs: resumeAt(read(path), startMs, rate), rate }
  const clock = scaledClock(anchor)
  const save = (running: boolean) =>
    writeFileAtomic(path, JSON.stringify({ streetMs: clock.nowMs(), running } satisfies Kept))
  save(true)
  return { clock, anchor, save }
}
