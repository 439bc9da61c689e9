import type { Clock } from '@wattfleet/protocol'
import type { Lines } from '../discovery/ports.ts'

/** Where text goes: standard output, or what a test gives in its place. */
export interface Output {
  write(text: string): unknown
  readonly isTTY?: boolean
  readonly columns?: number
  readonly rows?: number
}

/** How wide text may be, as far as it matters. */
export type Screen = Pick<Output, 'isTTY' | 'columns'>

/** What a command has of the world. */
export interface Cli {
  /** Results. */
  readonly out: Output
  /** Progress and errors. */
  readonly err: Output
  readonly lines: Lines
  readonly clock: Clock
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal
}

/** 0 done, 1 nothing could be read or found, or a file is bad, 2 a wrong command line, 130 interrupted before the end. */
export const EXIT = { ok: 0, nothing: 1, usage: 2, interrupted: 130 } as const

/** One command: what `--help` prints, and what it does with the arguments behind its name. Yields the exit code. */
export interface Command {
  readonly summary: string
  readonly usage: string
  run(args: readonly string[], cli: Cli): Promise<number>
}
