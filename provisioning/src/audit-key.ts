import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import {
  Fault,
  PRIVATE_MODE,
  readSeed,
  type SigningKey,
  signingKeyFromSeed,
  toHex,
  writeFileAtomic,
} from '@wattfleet/protocol'

/**
 * The key that signs the end of the audit log: a file of 64 hex digits that its owner alone may read, made on first use.
 * Throws Fault `config` when what lies there cannot be used.
 */
export function keepAuditKey(path: string): SigningKey {
  if (!existsSync(path)) writeFileAtomic(path, `${toHex(randomBytes(32))}\n`, PRIVATE_MODE)
  return readAuditKey(path)
}

/** The same for a key that is there. */
export function readAuditKey(path: string): SigningKey {
  if (!existsSync(path)) throw new Fault('config', `${path}: the key of the store's audit log is missing`)
  return signingKeyFromSeed(readSeed(path))
}
