import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, statSync } from 'node:fs'
import {
  Fault,
  fromHex,
  PRIVATE_MODE,
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
  if ((statSync(path).mode & 0o077) !== 0)
    throw new Fault('config', `${path}: may be read by others; expected mode 0600`)
  const seed = fromHex(readFileSync(path, 'utf8').trim(), 32)
  if (seed === undefined) throw new Fault('config', `${path}: expected 64 hex digits`)
  return signingKeyFromSeed(seed)
}
