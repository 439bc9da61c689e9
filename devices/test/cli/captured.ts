import { manualClock } from '@wattfleet/protocol'
import { systemLines } from '../../src/adapters/lines.ts'
import type { Cli, Output } from '../../src/cli/ports.ts'
import { runCli } from '../../src/cli/run.ts'
import type { Lines } from '../../src/discovery/ports.ts'

export const AT_MS = 1_763_000_000_000

/** What a command line gave. */
export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** A command's world: real sockets, no serial ports, time that moves when it is waited for. */
export function world(overrides: Partial<Cli & { lines: Lines }> = {}): { cli: Cli; out: string[]; err: string[] } {
  const out: string[] = []
  const err: string[] = []
  const into = (texts: string[]): Output => ({ write: (text) => texts.push(text) })
  const clock = manualClock(AT_MS)
  const hasty = {
    nowMs: () => clock.nowMs(),
    steadyMs: () => clock.steadyMs(),
    until: (atMs: number) => clock.advance(Math.max(0, atMs - clock.nowMs())),
  }
  const lines = { ...systemLines(), serialPorts: async () => [] }
  const cli = {
    out: into(out),
    err: into(err),
    lines,
    clock: hasty,
    signal: new AbortController().signal,
    ...overrides,
  }
  return { cli, out, err }
}

/** Runs a command line as it would be typed. */
export async function ran(line: string, overrides: Partial<Cli> = {}): Promise<Ran> {
  const { cli, out, err } = world(overrides)
  const code = await runCli(line.split(' ').filter(Boolean), cli)
  return { code, out: out.join(''), err: err.join('') }
}
