import { compactFromU8a, hexToU8a, u8aEq, u8aToHex } from '@polkadot/util'
import { decodeAddress } from '@polkadot/util-crypto'
import type { Methods } from './context.ts'
import { invalidParams } from './fault.ts'

/** ss58Format 42: addresses of no particular network. */
const PROPERTIES = { ss58Format: 42, tokenDecimals: 9, tokenSymbol: 'WATT' }

/** A signed extrinsic of version 4, and MultiAddress::Id before its signer's 32 bytes. */
const SIGNED_BY_ID = Uint8Array.of(0x84, 0)

function isSignedBy(extrinsic: string, account: Uint8Array): boolean {
  const bytes = hexToU8a(extrinsic)
  const [prefixBytes] = compactFromU8a(bytes)
  const body = bytes.subarray(prefixBytes)
  return u8aEq(body.subarray(0, 2), SIGNED_BY_ID) && u8aEq(body.subarray(2, 34), account)
}

function accountOf(address: unknown): Uint8Array {
  try {
    return decodeAddress(String(address))
  } catch {
    throw invalidParams('address must be an SS58 address')
  }
}

export const systemMethods: Methods = {
  system_chain: ({ name }) => name,
  system_chainType: () => 'Development',
  system_name: () => 'wattfleet-embedded',
  system_version: () => '0.1.0',
  system_properties: () => PROPERTIES,
  system_health: () => ({ peers: 0, isSyncing: false, shouldHavePeers: false }),
  system_peers: () => [],
  system_nodeRoles: () => ['Authority'],
  system_localListenAddresses: () => [],
  system_syncState: ({ chain }) => {
    const { number } = chain.head()
    return { startingBlock: 0, currentBlock: number, highestBlock: number }
  },
  /** The next nonce: the account's own, past its extrinsics that wait. */
  system_accountNextIndex: async ({ chain }, [address]) => {
    const account = accountOf(address)
    const nonce = await chain.call('AccountNonceApi_account_nonce', u8aToHex(account), chain.head().number)
    const waiting = chain.pool.list().filter(({ extrinsic }) => isSignedBy(extrinsic, account))
    return Buffer.from(nonce.slice(2), 'hex').readUInt32LE() + waiting.length
  },
  chainSpec_v1_chainName: ({ name }) => name,
  chainSpec_v1_genesisHash: ({ chain }) => chain.store.byNumber(0)?.hash ?? null,
  chainSpec_v1_properties: () => PROPERTIES,
}
