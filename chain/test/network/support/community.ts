import { randomBytes } from 'node:crypto'
import { Keyring } from '@polkadot/keyring'
import type { KeyringPair } from '@polkadot/keyring/types'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import { type CommunityRules, toHex } from '@wattfleet/protocol'
import { type Account, accountFromSeed } from '../../../src/client/account.ts'
import { GENESIS_ROLES, type GenesisRole } from '../../../src/embedded/config.ts'
import { genesisPatch } from '../../../src/embedded/genesis.ts'
import { configFor, hex32, RULES } from '../../fixture.ts'

/** The development keys that the runtime's presets know, in the order of the validators. */
export const NAMES = ['Alice', 'Bob', 'Charlie', 'Dave'] as const

/** The accounts of the validators, who are the council too. */
export async function presetPairs(): Promise<readonly KeyringPair[]> {
  await cryptoWaitReady()
  return NAMES.map((name) => new Keyring({ type: 'sr25519' }).addFromUri(`//${name}`))
}

/** A community on a preset's chain, with an account in every role. */
export interface NetworkCommunity {
  /** The registry's, 32 bytes, hex. */
  readonly chainId: string
  readonly rules: CommunityRules
  readonly accounts: Readonly<Record<GenesisRole, Account>>
  /** Of the accounts, 64 hex digits each. */
  readonly seeds: Readonly<Record<GenesisRole, string>>
  /** What the preset lacks: to be given to the chain's specification. */
  readonly patch: object
}

/** All new: no two test chains are one. */
export async function networkCommunity(): Promise<NetworkCommunity> {
  const made = GENESIS_ROLES.map((role) => [role, randomBytes(32)] as const)
  const seeds = Object.fromEntries(made.map(([role, seed]) => [role, toHex(seed)])) as Record<GenesisRole, string>
  const accounts = Object.fromEntries(made.map(([role, seed]) => [role, accountFromSeed(seed)])) as Record<
    GenesisRole,
    Account
  >
  const chainId = hex32()
  // the preset's list of balances is replaced: the validators pay for extrinsics too
  const endowed = (await presetPairs()).map(({ publicKey }) => ({ id: toHex(publicKey) }))
  const { genesis } = configFor('', chainId, accounts, { endowed })
  return { chainId, rules: RULES, accounts, seeds, patch: genesisPatch(genesis) }
}
