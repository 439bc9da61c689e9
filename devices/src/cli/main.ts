#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { wallClock } from '@wattfleet/protocol'
import { systemLines } from '../adapters/lines.ts'
import { EXIT } from './ports.ts'
import { runCli } from './run.ts'

const stop = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(name, () => {
    // who interrupts twice does not want to wait
    if (stop.signal.aborted) process.exit(EXIT.interrupted)
    stop.abort()
  })
}
// a reader such as head that has enough closes the pipe
process.stdout.on('error', () => process.exit(EXIT.ok))

process.exitCode = await runCli(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  lines: systemLines(),
  clock: wallClock(),
  signal: stop.signal,
})
