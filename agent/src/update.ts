#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { monotonicClock, runProgram } from '@wattfleet/protocol'
import { pino } from 'pino'
import { updaterConfigSchema } from './updater/config.ts'
import { runUpdate } from './updater/updater.ts'

const ABOUT = `Installs the software that the utility has sent to this gateway, and goes back where it is not well. Started
whenever the agent has something for it (updates/request.json in its state folder), and at boot; it ends when it is done.
The configuration's fields are described in agent/src/updater/config.ts.`

await runProgram(updaterConfigSchema, ABOUT, ({ config, signal, ready }) => {
  ready()
  return runUpdate(config, monotonicClock(), pino({ level: config.logLevel }), signal)
})
