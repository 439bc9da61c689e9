import { Fault, readPrivateText } from '@wattfleet/protocol'

/** The environment's variable that holds the root's passphrase. */
export const PASSPHRASE_VARIABLE = 'WATTFLEET_CA_PASSPHRASE'

/**
 * The root's passphrase: the first line of a file that its owner alone may read, or the environment's. Never an argument:
 * those are seen by everybody on the computer. Throws Fault `config`.
 */
export function readPassphrase(path: string | undefined): string {
  if (path === undefined) {
    const passphrase = process.env[PASSPHRASE_VARIABLE]
    if (passphrase) return passphrase
    throw new Fault('config', `expected --passphrase-file <file>, or the passphrase in ${PASSPHRASE_VARIABLE}`)
  }
  return readPrivateText(path).split(/\r?\n/)[0] ?? ''
}
