#!/usr/bin/env -S node --disable-warning=ExperimentalWarning
import { parseArgs } from 'node:util'
import { Fault, messageOf, readConfig, runProcess, toHex, wallClock } from '@wattfleet/protocol'
import { reissueClaim } from './claims.ts'
import { provisioningConfig } from './config.ts'
import type { AuditAnchor } from './core/audit.ts'
import { approve, gatewayOf, OPERATOR_EVENTS, take, writeRefused } from './fleet.ts'
import { checkFile, importFile, type Office, openOffice } from './office.ts'
import type { Deed, SiteRecord } from './ports.ts'

const USAGE = `usage: wattfleet-fleet --config <file.json> <command>

  import <manifest.csv>   add the gateways of a manifest and write their claims; --dry-run only checks it
  list                    gateways, their sites and states
  approve <gateway>       let a gateway in that waits for it
  suspend <gateway>       stop it for a while; resume <gateway> lets it trade again
  release <gateway>       end its quarantine: all is well with the keys that it has
  revoke <gateway>        its keys are dead; reissue brings it back
  reissue <gateway>       put a new claim in force, and nothing before it
  retire <gateway>        for good
  audit list              who did what, when
  audit head              the last entry's number and hash, to be written down elsewhere
  audit verify            whether the log is whole; with --anchor <number>:<hash> whether what was written down is in it

A gateway is named by its serial, its site or its name on the wire; --reason <text> goes into the log. What a command
prints is one JSON document. Exit codes: 0 done, 1 a fault, or a log that is not whole, 2 a wrong command line,
configuration or manifest.
`

interface Asked {
  readonly argument: string
  readonly reason: string | undefined
  readonly isDryRun: boolean
  readonly anchors: readonly AuditAnchor[]
  readonly nowMs: number
}

/** A command's answer, and whether it is a good one. */
type Answer = { readonly ok: boolean; readonly value: unknown }
const done = (value: unknown): Answer => ({ ok: true, value })

const COMMANDS: Readonly<Record<string, { readonly arguments: number; run(office: Office, asked: Asked): Answer }>> = {
  import: {
    arguments: 1,
    run: (office, { argument, isDryRun, nowMs }) =>
      done(isDryRun ? checkFile(office, argument) : importFile(office, argument, nowMs)),
  },
  reissue: {
    arguments: 1,
    run: ({ store, claims }, asked) =>
      done({ claim: reissueClaim(store, claims, gatewayOf(store, asked.argument).site, deedOf(asked)) }),
  },
  list: { arguments: 0, run: ({ store }) => done(store.sites().map(shown)) },
  approve: {
    arguments: 1,
    run: ({ store }, asked) => done(shown(approve(store, asked.argument, deedOf(asked)))),
  },
  ...Object.fromEntries(
    OPERATOR_EVENTS.map((event) => [
      event,
      {
        arguments: 1,
        run: ({ store, refusedPath }: Office, asked: Asked) => {
          const record = take(store, asked.argument, event, deedOf(asked))
          writeRefused(store, refusedPath, asked.nowMs)
          return done(shown(record))
        },
      },
    ]),
  ),
  'audit list': { arguments: 0, run: ({ store }) => done(store.audit.entries()) },
  'audit head': {
    arguments: 0,
    run({ store }) {
      const head = store.audit.head()
      return done(head && { number: head.number, hash: toHex(head.hash), signature: toHex(head.signature) })
    },
  },
  'audit verify': {
    arguments: 0,
    run({ store }, { anchors }) {
      const verdict = store.audit.verify(anchors)
      return { ok: verdict.ok, value: verdict }
    },
  },
}

function deedOf({ reason, nowMs }: Asked): Deed {
  return { actor: 'operator', ...(reason !== undefined && { detail: { reason } }), atMs: nowMs }
}

function shown({ serial, household, site, gateway, state, isApproved, onChain, grant }: SiteRecord) {
  return {
    ...{ serial, household, site, gateway, state, onChain },
    ...(state === 'claimed' && { isApproved }),
    ...(grant !== undefined && { epoch: grant.epoch }),
  }
}

function anchorOf(text: string): AuditAnchor {
  const [, number, hash] = /^([1-9][0-9]{0,14}):([0-9a-f]{64})$/.exec(text) ?? []
  if (number === undefined || hash === undefined) {
    throw new Fault('config', `--anchor: expected <number>:<64 hex digits>, got ${JSON.stringify(text)}`)
  }
  return { number: Number(number), hash }
}

function readCommandLine() {
  const options = {
    config: { type: 'string' },
    anchor: { type: 'string', multiple: true },
    'dry-run': { type: 'boolean', default: false },
    reason: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  } as const
  try {
    return parseArgs({ options, allowPositionals: true })
  } catch (error) {
    throw new Fault('config', `${messageOf(error)}\n${USAGE}`, { cause: error })
  }
}

await runProcess(async () => {
  const { values, positionals } = readCommandLine()
  if (values.help) return void process.stdout.write(USAGE)
  const words = positionals[0] === 'audit' ? 2 : 1
  const command = COMMANDS[positionals.slice(0, words).join(' ')]
  const rest = positionals.slice(words)
  const mistake =
    (positionals.length === 0 && 'expected a command') ||
    (command === undefined && `there is no command ${positionals.slice(0, words).join(' ')}`) ||
    (values.config === undefined && 'expected --config <file.json>') ||
    (rest.length !== command?.arguments && `expected ${command?.arguments} name after the command, got ${rest.length}`)
  if (mistake || command === undefined || values.config === undefined) {
    throw new Fault('config', `${USAGE}\n${mistake}`)
  }
  const anchors = (values.anchor ?? []).map(anchorOf)
  const office = await openOffice(readConfig(values.config, provisioningConfig))
  try {
    const { reason, 'dry-run': isDryRun } = values
    const given = { argument: rest[0] ?? '', reason, isDryRun, anchors }
    const { ok, value } = command.run(office, { ...given, nowMs: wallClock().nowMs() })
    process.stdout.write(`${JSON.stringify(value ?? null, null, 2)}\n`)
    if (!ok) throw new Fault('store', 'the audit log is not whole')
  } finally {
    office.store.close()
  }
})
