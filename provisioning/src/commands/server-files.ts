import { X509Certificate } from 'node:crypto'
import { chmodSync, chownSync, existsSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { Fault, messageOf } from '@wattfleet/protocol'
import { type IdentityPaths, LOOPBACK_HOSTS } from '../authority/identities.ts'

/** A program that gives up root's rights reads by its group: mosquitto, for one. */
const FOLDER_MODE = 0o750
const KEY_MODE = 0o640
const OPEN_MODE = 0o644

/** The names and addresses that the certificate is for, as OpenSSL writes them; undefined where there is none yet. */
export function hostsIn(certPath: string): string[] | undefined {
  if (!existsSync(certPath)) return undefined
  const { subjectAltName = '' } = new X509Certificate(readFileSync(certPath))
  return subjectAltName.split(', ').map((one) => one.replace(/^(DNS|IP Address):/, ''))
}

/** Lets go of a certificate that is for other hosts than these: what is kept would be the wrong one. */
export function dropForOthers(certPath: string, hosts: readonly string[]): void {
  if (hosts.length === 0 || !existsSync(certPath)) return
  const leaf = new X509Certificate(readFileSync(certPath))
  const isFor = (host: string) => leaf.checkHost(host) !== undefined || leaf.checkIP(host) !== undefined
  if (hostsIn(certPath)?.length !== new Set(hosts).size || !hosts.every(isFor)) rmSync(certPath)
}

/** What to say where nobody can reach a server of this certificate by its name. */
export function noteOn(hosts: readonly string[]): { note?: string } {
  const isLoopback = hosts.every((host) => [...LOOPBACK_HOSTS, '0:0:0:0:0:0:0:1'].includes(host))
  return isLoopback
    ? { note: 'for this computer only: others refuse this certificate; expected --host <name or address> for each' }
    : {}
}

/**
 * Lets a group read the files, and enter their folder: by name or number. Throws Fault `config` where there is no such
 * group, `store` where this user may not.
 */
export function shareWith(group: string, { caPath, certPath, keyPath }: IdentityPaths): void {
  const gid = groupNumber(group)
  const modes = { [dirname(keyPath)]: FOLDER_MODE, [caPath]: OPEN_MODE, [certPath]: OPEN_MODE, [keyPath]: KEY_MODE }
  for (const [path, mode] of Object.entries(modes)) {
    try {
      chownSync(path, statSync(path).uid, gid)
      chmodSync(path, mode)
    } catch (error) {
      const expected = 'expected to run as root, or as a member of that group'
      throw new Fault('store', `${path}: cannot be given to group ${group}; ${expected}: ${messageOf(error)}`, {
        cause: error,
      })
    }
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
