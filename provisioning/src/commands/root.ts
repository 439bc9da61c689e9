import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, PUBLIC_MODE, readText, writeFileAtomic } from '@wattfleet/protocol'
import { ISSUING_DAYS, ROOT_DAYS } from '../authority/authority.ts'
import {
  type Identity,
  type IdentityPaths,
  issueHubCertificate,
  issueServerCertificate,
  issueUtilityCertificate,
  keepIdentity,
} from '../authority/identities.ts'
import { initRoot, signIssuing } from '../authority/root.ts'
import type { Office } from '../office.ts'
import { readPassphrase } from '../passphrase.ts'
import { noteServer } from '../roots.ts'
import { type Asked, argumentOf, type Commands, deedOf, onOffice } from './command.ts'
import { hostsIn, isForHosts, noteOn, shareWith } from './server-files.ts'

const PASSPHRASE = { 'passphrase-file': { type: 'string' }, days: { type: 'string' } } as const

/** What is done on the computer of the root, which has no configuration and no network; and the servers' certificates. */
export const rootCommands: Commands = {
  'ca init-root': {
    arguments: ['<folder>'],
    about: 'make a root for --utility <name>, its key encrypted; offline, without --config',
    options: { ...PASSPHRASE, utility: { type: 'string' } },
    isStandalone: true,
    async run(asked) {
      const { utility } = asked.options
      if (typeof utility !== 'string' || utility.length < 1 || utility.length > 48) {
        throw new Fault('config', 'expected --utility <name>, up to 48 characters')
      }
      const validDays = daysOf(asked, ROOT_DAYS)
      return {
        value: await initRoot(argumentOf(asked), { utility, validDays, passphrase: secretOf(asked) }, asked.nowMs),
      }
    },
  },
  'ca sign': {
    arguments: ['<folder>', '<request.csr>'],
    about: 'sign the request of an issuing CA with the root in the folder; offline, without --config',
    options: PASSPHRASE,
    isStandalone: true,
    async run(asked) {
      const path = argumentOf(asked, 1)
      const to = `${path.replace(/\.csr$/, '')}.signed.pem`
      if (existsSync(to)) throw new Fault('config', `${to}: is there already`)
      const given = { validDays: daysOf(asked, ISSUING_DAYS), passphrase: secretOf(asked) }
      const { certificatePem, ...told } = await signIssuing(argumentOf(asked), readText(path), given, asked.nowMs)
      writeFileAtomic(to, certificatePem, PUBLIC_MODE)
      return { value: { certificate: to, ...told } }
    },
  },
  'ca server': onOffice(
    ['<name>', '<folder>'],
    'keep the certificate of a server, such as the broker, in a folder; --host for each of its names and addresses, --group for who may read it',
    async (office, asked) => {
      const [commonName, folder] = [argumentOf(asked), argumentOf(asked, 1)]
      const { group, host = [] } = asked.options
      const given = [host].flat().map(String)
      const certPath = join(folder, `${commonName}.pem`)
      // where none is named, those of the certificate that another takes the place of
      const hosts = given.length > 0 ? given : hostsIn(certPath)
      const options = { commonName, ...(hosts !== undefined && { hosts }) }
      const paths = await kept(
        office,
        asked,
        () => issueServerCertificate(office.authority, options),
        (leaf) => isForHosts(leaf, given),
      )
      if (group !== undefined) shareWith(String(group), paths)
      const inForce = hostsIn(paths.certPath) ?? []
      return { ...paths, hosts: inForce, ...(group !== undefined && { group }), ...noteOn(inForce) }
    },
    { host: { type: 'string', multiple: true }, group: { type: 'string' } },
  ),
  'ca client': onOffice(
    ['<name>', '<folder>'],
    'keep the certificate of a hub (hub, hub-<n>) or of the utility (utility, utility-<n>) in a folder',
    (office, asked) => {
      const name = argumentOf(asked)
      const issue = CLIENTS[/^(hub|utility)(-[0-9]{1,4})?$/.exec(name)?.[1] ?? '']
      if (issue === undefined) throw new Fault('config', `${name}: expected hub or utility, or one with -<n> after it`)
      return kept(office, asked, () => issue(office.authority, name))
    },
  ),
}

const CLIENTS: Readonly<Record<string, typeof issueHubCertificate>> = {
  hub: issueHubCertificate,
  utility: issueUtilityCertificate,
}

/** Keeps what was asked for, and writes it down: a root is not withdrawn while it stands under it. */
async function kept(
  { authority, store }: Office,
  asked: Asked,
  make: () => Promise<Identity>,
  isWanted?: Parameters<typeof keepIdentity>[4],
): Promise<IdentityPaths> {
  const [name, folder] = [argumentOf(asked), argumentOf(asked, 1)]
  const paths = await keepIdentity(authority, folder, name, make, isWanted)
  noteServer(store, name, paths, deedOf(asked))
  return paths
}

function secretOf({ options }: Asked): string {
  const path = options['passphrase-file']
  return readPassphrase(typeof path === 'string' ? path : undefined)
}

function daysOf({ options: { days } }: Asked, otherwise: number): number {
  if (days === undefined) return otherwise
  if (!/^[1-9][0-9]{0,4}$/.test(String(days))) throw new Fault('config', `--days: expected a number, got ${days}`)
  return Number(days)
}
