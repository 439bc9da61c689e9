import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault, messageOf } from '@wattfleet/protocol'
import type { EngineFiles, EngineSettings } from './core/engines/rules.ts'

/** What a command that has written an engine's files says, as JSON. */
export interface EngineAnswer {
  readonly files: readonly string[]
  /** What the engine reads beside them. */
  readonly reads: readonly string[]
  /** Of those, what the user that it runs as cannot read as things are here, and why. */
  readonly unreadable: readonly string[]
  /** What is left to do, in this order. */
  readonly next: readonly string[]
}

/** Permissions of the group and of everybody: to read a file, to go through a folder. */
const READ = { group: 0o040, all: 0o004 }
const ENTER = { group: 0o010, all: 0o001 }

export function answerOf(engine: string, settings: EngineSettings, files: EngineFiles): EngineAnswer {
  const { folder, caPath, certPath, keyPath, crlPath } = settings
  const reads = [caPath, certPath, keyPath, ...(crlPath === undefined ? [] : [crlPath])]
  const gid = groupOf(engine)
  const unreadable = [...new Set(reads)].flatMap((path) => {
    const why = hinderedAt(path, gid)
    return why === undefined ? [] : [`${path}: ${why}`]
  })
  const share = `the user ${engine} must read what it is told of: wattfleet-fleet ca server <name> ${dirname(keyPath)} --host <name or address> --group ${engine}, each time; or chgrp ${engine} and chmod g+r the files, g+x the folder`
  return {
    files: Object.keys(files).map((name) => join(folder, name)),
    ...{ reads, unreadable },
    next: [...(unreadable.length > 0 ? [share] : []), ...(STEPS[engine]?.(settings) ?? [])],
  }
}

/** What the embedded broker looks at every two seconds, and no other one does. */
const NOBODY_SHUT_OUT =
  'no --revoked was given: revokedPath and registryPath of broker.json are not looked at by this engine, and nobody is shut out; refused-names.txt beside the store of the fleet has their names'

const STEPS: Readonly<Record<string, (settings: EngineSettings) => string[]>> = {
  mosquitto: ({ folder, crlPath, dataFolder, revoked }) => [
    ...(crlPath === undefined
      ? ['no --crl was given: a revoked certificate is shut out by its name alone (--revoked)']
      : []),
    ...(revoked.length === 0 ? [NOBODY_SHUT_OUT] : []),
    `let the user mosquitto write to ${dataFolder}`,
    `mosquitto -c ${join(folder, 'mosquitto.conf')}`,
    'generate again and send it SIGHUP after a change of broker.json, the list of --crl, or the names of --hub, --utility and --revoked',
  ],
  rabbitmq: ({ folder, gateways, revoked }) => [
    ...(gateways.length === 0 ? ['no --gateways were given: no gateway is let in, each is a user by its name'] : []),
    ...(revoked.length === 0 ? [NOBODY_SHUT_OUT] : []),
    ...(folder === '/etc/rabbitmq' ? [] : [`put the files of ${folder} into /etc/rabbitmq`]),
    'start rabbitmq-server',
    `generate again and rabbitmqctl import_definitions ${join(folder, 'definitions.json')} when gateways come; rabbitmqctl delete_user <name> when one is shut out`,
  ],
  emqx: ({ folder, revoked }) => [
    ...(revoked.length === 0 ? [NOBODY_SHUT_OUT] : []),
    ...(folder === '/etc/emqx' ? [] : [`put the files of ${folder} into /etc/emqx`]),
    'set EMQX_NODE__COOKIE, a secret that all nodes of a cluster share, and start emqx',
    'tell a running node who is shut out: POST http://127.0.0.1:18083/api/v5/banned (docs/broker-engines.md)',
  ],
}

/** Why a user of this group, who is not its owner, cannot read a file; undefined where nothing hinders. */
function hinderedAt(path: string, gid: number | undefined): string | undefined {
  if (!existsSync(path)) return 'is not there'
  if (!isOpen(path, READ, gid)) return 'its owner may read it, and the engine may not'
  const folder = dirname(path)
  return isOpen(folder, ENTER, gid) ? undefined : `its owner may enter ${folder}, and the engine may not`
}

function isOpen(path: string, right: typeof READ, gid: number | undefined): boolean {
  const { mode, gid: own } = statSync(path)
  return (mode & right.all) > 0 || ((mode & right.group) > 0 && (gid === undefined || gid === own))
}

/** The number of the group that the engine's package makes; undefined where it is not installed here. */
function groupOf(engine: string): number | undefined {
  if (!existsSync('/etc/group')) return undefined
  const gid = new RegExp(`^${engine}:[^:]*:([0-9]+):`, 'm').exec(readFileSync('/etc/group', 'utf8'))?.[1]
  return gid === undefined ? undefined : Number(gid)
}

/** The list of revoked certificates. Throws Fault `config` where it is none: Mosquitto would not start with it. */
export function requireCrl(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new Fault('config', `${path}: expected the list of --crl there: ${messageOf(error)}`, { cause: error })
  }
  if (!text.includes('-----BEGIN X509 CRL-----')) {
    throw new Fault('config', `${path}: expected a list of revoked certificates, PEM with the label X509 CRL`)
  }
  return path
}
