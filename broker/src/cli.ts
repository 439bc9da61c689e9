#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { Fault, messageOf, readConfig, runProcess, writeFileAtomic } from '@wattfleet/protocol'
import { brokerConfig } from './config.ts'
import { emqxFiles } from './core/engines/emqx.ts'
import { mosquittoFiles } from './core/engines/mosquitto.ts'
import { rabbitmqFiles } from './core/engines/rabbitmq.ts'
import { type EngineFiles, type EngineSettings, parseGateways, serviceNamed } from './core/engines/rules.ts'
import type { Identity } from './core/identity.ts'
import { answerOf, requireCrl } from './engine-answer.ts'

interface Engine {
  readonly files: (settings: EngineSettings) => EngineFiles
  /** Where the files are expected, and where the engine keeps its state, as its packages have it. */
  readonly folder: string
  readonly dataFolder: string
}

const ENGINES: Readonly<Record<string, Engine>> = {
  mosquitto: { files: mosquittoFiles, folder: '/etc/mosquitto', dataFolder: '/var/lib/mosquitto' },
  rabbitmq: { files: rabbitmqFiles, folder: '/etc/rabbitmq', dataFolder: '/var/lib/rabbitmq' },
  emqx: { files: emqxFiles, folder: '/etc/emqx', dataFolder: '/var/lib/emqx' },
}

const LINE = 'usage: wattfleet-broker config mosquitto|rabbitmq|emqx --config <broker.json> [options]'
const USAGE = `${LINE}

Writes what makes another broker keep the rules of the embedded one, from that one's own configuration file.

  --out <folder>      write the files there, for that place, and say what is left to do; without it they are printed,
                      for the engine's own folder
  --data <folder>     where the engine keeps sessions and queues; default: its packages' own
  --crl <file>        PEM list of revoked certificates (Mosquitto)
  --hub <name>        a hub's name, again for each; default: hub
  --utility <name>    a utility's name, again for each; default: utility
  --gateways <file>   names of the gateways, one a line (RabbitMQ, where each is a user)
  --revoked <file>    names of gateways that are shut out, one a line

Exit codes: 0 done, 1 a fault, 2 a wrong command line or configuration. docs/broker-engines.md says how to run each.
`

const OPTIONS = {
  config: { type: 'string' },
  out: { type: 'string' },
  data: { type: 'string' },
  crl: { type: 'string' },
  hub: { type: 'string', multiple: true },
  utility: { type: 'string', multiple: true },
  gateways: { type: 'string' },
  revoked: { type: 'string' },
  help: { type: 'boolean', short: 'h' },
} as const

/** What is wrong, and where the rest is. */
function misread(mistake: string, cause?: unknown): Fault {
  return new Fault('config', `${mistake}\n${LINE}\nall options: wattfleet-broker --help`, { cause })
}

function readCommandLine() {
  try {
    return parseArgs({ options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw misread(messageOf(error).replace(/\. To specify.*$/s, ''), error)
  }
}

type Values = ReturnType<typeof readCommandLine>['values']

function settingsOf(values: Values, engine: Engine): EngineSettings {
  if (values.config === undefined) throw misread('expected --config <broker.json>')
  const config = readConfig(values.config, brokerConfig)
  return {
    ...{ host: config.host, port: config.port, limits: config.limits },
    caPath: resolve(config.caPath),
    certPath: resolve(config.certPath),
    keyPath: resolve(config.keyPath),
    ...(values.crl !== undefined && { crlPath: requireCrl(resolve(values.crl)) }),
    folder: values.out === undefined ? engine.folder : resolve(values.out),
    dataFolder: values.data === undefined ? engine.dataFolder : resolve(values.data),
    services: [...servicesOf('hub', values.hub), ...servicesOf('utility', values.utility)],
    gateways: values.gateways === undefined ? [] : gatewaysIn(values.gateways),
    revoked: values.revoked === undefined ? [] : gatewaysIn(values.revoked),
  }
}

function servicesOf(role: 'hub' | 'utility', names: readonly string[] = [role]): Identity[] {
  return [...new Set(names)].map((name) => {
    const identity = serviceNamed(role, name)
    if (identity === undefined) throw new Fault('config', `--${role}: expected ${role} or ${role}-<n>, got ${name}`)
    return identity
  })
}

function gatewaysIn(path: string): string[] {
  try {
    return parseGateways(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Fault('config', `${path}: ${messageOf(error)}`, { cause: error })
  }
}

await runProcess(async () => {
  const { values, positionals } = readCommandLine()
  if (values.help) return void process.stdout.write(USAGE)
  const [command, name = '', ...more] = positionals
  const engine = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined
  if (command !== 'config' || engine === undefined || more.length > 0) {
    throw misread(`expected config and one of ${Object.keys(ENGINES).join(', ')}`)
  }
  const settings = settingsOf(values, engine)
  const files = engine.files(settings)
  if (values.out === undefined) {
    for (const [file, text] of Object.entries(files)) process.stdout.write(`# ---- ${file}\n${text}\n`)
    return
  }
  const folder = resolve(values.out)
  mkdirSync(folder, { recursive: true })
  for (const [file, text] of Object.entries(files)) writeFileAtomic(join(folder, file), text)
  process.stdout.write(`${JSON.stringify({ engine: name, ...answerOf(name, settings, files) }, null, 2)}\n`)
})
