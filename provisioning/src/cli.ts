import { parseArgs } from 'node:util'
import { EXIT, Fault, messageOf, readConfig, wallClock } from '@wattfleet/protocol'
import { reissueClaim } from './claims.ts'
import { provisioningConfig } from './config.ts'
import { importFile, type Office, openOffice } from './office.ts'

const USAGE = `usage: cli.ts --config <file.json> <command>
  import <manifest.csv>   add the sites of a manifest and write their claims
  reissue <site>          put a new claim in force for a site that is not enrolled
  list                    sites, gateways and how far they are`

const COMMANDS: Record<string, (office: Office, argument: string, nowMs: number) => unknown> = {
  import: importFile,
  reissue: ({ store, claims }, site, nowMs) => ({ claim: reissueClaim(store, claims, site, nowMs) }),
  list: ({ store }) =>
    store.sites().map(({ site, name, gateway, onChain, grant }) => ({
      ...{ site, name, gateway, onChain },
      ...(grant === undefined ? { enrolled: false } : { enrolled: true, epoch: grant.epoch }),
    })),
}

/** What a command prints is one JSON document on standard output. The service registers new sites when it starts or a gateway enrols. */
async function run(): Promise<void> {
  const { values, positionals } = parseArgs({ options: { config: { type: 'string' } }, allowPositionals: true })
  const [name = '', argument = ''] = positionals
  const command = COMMANDS[name]
  const expected = name === 'list' ? 1 : 2
  if (values.config === undefined || command === undefined || positionals.length !== expected) {
    throw new Fault('config', USAGE)
  }
  const office = await openOffice(readConfig(values.config, provisioningConfig))
  try {
    process.stdout.write(`${JSON.stringify(command(office, argument, wallClock().nowMs()), null, 2)}\n`)
  } finally {
    office.store.close()
  }
}

try {
  await run()
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`)
  process.exitCode = error instanceof Fault && error.code === 'config' ? EXIT.config : EXIT.fault
}
