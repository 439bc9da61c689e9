#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { Fault, readConfig, runProcess, wallClock } from '@wattfleet/protocol'
import { COMMANDS } from './commands/all.ts'
import { readCommandLine } from './commands/command-line.ts'
import { type ProvisioningConfig, provisioningConfig } from './config.ts'
import { lookInto, type Office, openOffice } from './office.ts'
import type { Store } from './ports.ts'

await runProcess(async (signal) => {
  const read = readCommandLine(process.argv.slice(2), COMMANDS)
  if ('help' in read) return void process.stdout.write(read.help)
  const { command, config: path, ...asked } = read
  // a command that stands alone asks for nothing in it
  const config = path === undefined ? ({} as ProvisioningConfig) : readConfig(path, provisioningConfig)
  let opened: Promise<Office> | undefined
  const office = () => {
    opened ??= openOffice(config)
    return opened
  }
  let looked: Store | undefined
  const look = () => {
    looked ??= lookInto(config)
    return looked
  }
  try {
    const nowMs = wallClock().nowMs()
    const { value, fault } = await command.run({ ...asked, config, office, look, signal, nowMs })
    process.stdout.write(`${JSON.stringify(value ?? null, null, 2)}\n`)
    if (fault !== undefined) throw new Fault('store', fault)
  } finally {
    const one = await opened?.catch(() => undefined)
    one?.store.close()
    looked?.close()
  }
})
