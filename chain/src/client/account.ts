import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { Keyring } from '@polkadot/keyring'
import type { KeyringPair } from '@polkadot/keyring/types'
import { PRIVATE_MODE, readSeed, toHex, writeFileAtomic } from '@wattfleet/protocol'

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

/** The account of a seed file (64 hex digits), which its owner alone may read. Throws Fault `config`: file and reason. */
export function readAccount(path: string): Account {
  return accountFromSeed(readSeed(path))
}

/** The account of a seed file, which is made, readable by its owner only, where there is none. */
export function readOrMakeAccount(path: string): Account {
  if (!existsSync(path)) writeFileAtomic(path, `${toHex(randomBytes(32))}\n`, PRIVATE_MODE)
  return readAccount(path)
}
