#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { parseArgs } from 'node:util'
import { Fault, messageOf, readConfig, runProcess, wallClock } from '@wattfleet/protocol'
import { auditCommands } from './commands/audit.ts'
import { bootCommands } from './commands/boot.ts'
import { caCommands } from './commands/ca.ts'
import type { Command, Commands } from './commands/command.ts'
import { fleetCommands } from './commands/fleet.ts'
import { labelCommands } from './commands/labels.ts'
import { lifeCommands } from './commands/life.ts'
import { manifestCommands } from './commands/manifest.ts'
import { moveCommands } from './commands/moves.ts'
import { rolloutCommands } from './commands/rollout.ts'
import { rootCommands } from './commands/root.ts'
import { tagCommands } from './commands/tags.ts'
import { tokenCommands } from './commands/token.ts'
import { type ProvisioningConfig, provisioningConfig } from './config.ts'
import { lookInto, type Office, openOffice } from './office.ts'
import type { Store } from './ports.ts'

const COMMANDS: Commands = {
  ...manifestCommands,
  ...labelCommands,
  ...bootCommands,
  ...lifeCommands,
  ...moveCommands,
  ...fleetCommands,
  ...tokenCommands,
  ...auditCommands,
  ...caCommands,
  ...rootCommands,
  ...tagCommands,
  ...rolloutCommands,
}

const FOR_ALL = {
  config: { type: 'string' },
  reason: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

const USAGE = `usage: wattfleet-fleet --config <file.json> <command>

${Object.entries(COMMANDS)
  .map(([name, { arguments: given, about }]) => `  ${[name, ...given].join(' ').padEnd(30)}${about}`)
  .join('\n')}

A gateway is named by its serial, its site or its name on the wire; --reason <text> goes into the log. What a command
prints is one JSON document. Exit codes: 0 done, 1 a fault, or what was looked at is not well, 2 a wrong command line,
configuration or manifest.
`

function readCommandLine() {
  const own = Object.values(COMMANDS).flatMap(({ options = {} }) => Object.entries(options))
  const options = { ...Object.fromEntries(own), ...FOR_ALL }
  try {
    return parseArgs({ options, allowPositionals: true })
  } catch (error) {
    throw new Fault('config', `${messageOf(error)}\n${USAGE}`, { cause: error })
  }
}

/** The command of one word or two, and what comes after it. */
function commandOf(words: readonly string[]): { name: string; command: Command; rest: readonly string[] } {
  if (words.length === 0) throw new Fault('config', `${USAGE}\nexpected a command`)
  for (const count of [2, 1]) {
    const name = words.slice(0, count).join(' ')
    const command = COMMANDS[name]
    if (command !== undefined) return { name, command, rest: words.slice(count) }
  }
  throw new Fault('config', `${USAGE}\nthere is no command ${words.slice(0, 2).join(' ')}`)
}

await runProcess(async (signal) => {
  const { values, positionals } = readCommandLine()
  if (values.help) return void process.stdout.write(USAGE)
  const { name, command, rest } = commandOf(positionals)
  const { config: path, help: _help, ...options } = values as Record<string, string | boolean | undefined>
  const foreign = Object.keys(options).find((key) => key !== 'reason' && !(key in (command.options ?? {})))
  const mistake =
    (typeof path !== 'string' && !command.isStandalone && 'expected --config <file.json>') ||
    (rest.length !== command.arguments.length &&
      `${name}: expected ${command.arguments.join(' ') || 'nothing'} after it, got ${rest.join(' ') || 'nothing'}`) ||
    (foreign !== undefined && `${name} has no --${foreign}`)
  if (mistake) throw new Fault('config', `${USAGE}\n${mistake}`)
  // a command that stands alone asks for nothing in it
  const config = typeof path === 'string' ? readConfig(path, provisioningConfig) : ({} as ProvisioningConfig)
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
    const { value, fault } = await command.run({
      ...{ config, office, look, arguments: rest, options, signal },
      nowMs: wallClock().nowMs(),
    })
    process.stdout.write(`${JSON.stringify(value ?? null, null, 2)}\n`)
    if (fault !== undefined) throw new Fault('store', fault)
  } finally {
    const one = await opened?.catch(() => undefined)
    one?.store.close()
    looked?.close()
  }
})
