import { type ListLog, listedInFile } from '@wattfleet/protocol'

/**
 * Revocation by a file that is read again when it changes: one SHA-256 fingerprint a line. Throws Fault `config` when it
 * cannot be used at the start; later on the last good list stays in force and the mistake is logged.
 */
export function revokedByFile(path: string, log: ListLog): (fingerprint: string) => boolean {
  return listedInFile({ path, what: 'a SHA-256 fingerprint', about: 'list of revoked certificates', log })
}
