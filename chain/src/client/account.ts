import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { Keyring } from '@polkadot/keyring'
import type { KeyringPair } from '@polkadot/keyring/types'
import { Fault, fromHex, toHex, writeFileAtomic } from '@wattfleet/protocol'

/** An account of the chain that signs extrinsics: Ed25519, from a 32-byte seed. */
export interface Account {
  /** 32 bytes, hex */
  readonly id: string
  readonly pair: KeyringPair
}

export function accountFromSeed(seed: Uint8Array): Account {
  const pair = new Keyring({ type: 'ed25519' }).addFromSeed(seed)
  return { id: toHex(pair.publicKey), pair }
}

/** The account of a seed file (64 hex digits). Throws Fault `config` naming the file. */
export function readAccount(path: string): Account {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (cause) {
    throw new Fault('config', `${path}: cannot be read`, { cause })
  }
  const seed = fromHex(text, 32)
  if (seed === undefined) throw new Fault('config', `${path}: expected a seed of 64 hex digits`)
  return accountFromSeed(seed)
}

/** The account of a seed file, which is made, readable by its owner only, where there is none. */
export function readOrMakeAccount(path: string): Account {
  if (!existsSync(path)) writeFileAtomic(path, `${toHex(randomBytes(32))}\n`, 0o600)
  return readAccount(path)
}
