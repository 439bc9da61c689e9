import { X509Certificate } from 'node:crypto'
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  readdirSync,
  readFileSync,
} from 'node:fs'
import { basename, dirname } from 'node:path'
import { Fault, messageOf } from '@wattfleet/protocol'
import { type IdentityPaths, LOOPBACK_HOSTS } from '../authority/identities.ts'

/** A program that gives up root's rights reads by its group: mosquitto, for one. */
const FOLDER_MODE = 0o750
const KEY_MODE = 0o640
const OPEN_MODE = 0o644

/** The names and addresses that the certificate is for, as OpenSSL writes them; undefined where there is none yet. */
export function hostsIn(certPath: string): string[] | undefined {
  return existsSync(certPath) ? hostsOf(new X509Certificate(readFileSync(certPath))) : undefined
}

function hostsOf({ subjectAltName = '' }: X509Certificate): string[] {
  return subjectAltName.split(', ').map((one) => one.replace(/^(DNS|IP Address):/, ''))
}

/** Whether a certificate is for these hosts and no others; for whichever where none is named. */
export function isForHosts(certificate: X509Certificate, hosts: readonly string[]): boolean {
  const isFor = (host: string) => certificate.checkHost(host) !== undefined || certificate.checkIP(host) !== undefined
  return hosts.length === 0 || (hostsOf(certificate).length === new Set(hosts).size && hosts.every(isFor))
}

/** What to say where nobody can reach a server of this certificate by its name. */
export function noteOn(hosts: readonly string[]): { note?: string } {
  const isLoopback = hosts.every((host) => [...LOOPBACK_HOSTS, '0:0:0:0:0:0:0:1'].includes(host))
  return isLoopback
    ? { note: 'for this computer only: others refuse this certificate; expected --host <name or address> for each' }
    : {}
}

/**
 * Lets a group read the files, and enter their folder: by name or number. Throws Fault `config` where there is no such group,
 * or where others' files lie beside them: their folder is not to be given away; `store` where this user may not.
 */
export function shareWith(group: string, { caPath, certPath, keyPath }: IdentityPaths): void {
  const gid = groupNumber(group)
  const folder = dirname(keyPath)
  const ours = new Set([caPath, certPath, keyPath].map((path) => basename(path)))
  const other = readdirSync(folder).find((name) => !ours.has(name))
  if (other !== undefined) {
    throw new Fault(
      'config',
      `${folder}: expected a folder of its own, which may be given to the group; it holds ${other}`,
    )
  }
  const modes = { [folder]: FOLDER_MODE, [caPath]: OPEN_MODE, [certPath]: OPEN_MODE, [keyPath]: KEY_MODE }
  for (const [path, mode] of Object.entries(modes)) give(path, gid, mode, group)
}

/** By the open file and never through a link: whoever may write the folder could point it at a file of root's. */
function give(path: string, gid: number, mode: number, group: string): void {
  let file: number | undefined
  try {
    file = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW)
    fchownSync(file, fstatSync(file).uid, gid)
    fchmodSync(file, mode)
  } catch (error) {
    const expected = 'expected to run as root, or as a member of that group'
    throw new Fault('store', `${path}: cannot be given to group ${group}; ${expected}: ${messageOf(error)}`, {
      cause: error,
    })
  } finally {
    if (file !== undefined) closeSync(file)
  }
}

function groupNumber(group: string): number {
  if (/^[0-9]{1,9}$/.test(group)) return Number(group)
  const line = existsSync('/etc/group')
    ? readFileSync('/etc/group', 'utf8')
        .split('\n')
        .find((one) => one.startsWith(`${group}:`))
    : undefined
  const gid = line?.split(':')[2]
  if (gid === undefined) throw new Fault('config', `--group: expected a group in /etc/group or a number, got ${group}`)
  return Number(gid)
}
