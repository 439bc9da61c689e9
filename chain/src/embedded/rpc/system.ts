import { u8aToHex } from '@polkadot/util'
import { decodeAddress } from '@polkadot/util-crypto'
import type { Methods } from './context.ts'

/** ss58Format 42: addresses of no particular network. */
const PROPERTIES = { ss58Format: 42, tokenDecimals: 9, tokenSymbol: 'WATT' }

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
    const account = u8aToHex(decodeAddress(String(address)))
    const nonce = await chain.call('AccountNonceApi_account_nonce', account, chain.head().number)
    const waiting = chain.pool.list().filter(({ extrinsic }) => extrinsic.includes(account.slice(2)))
    return Buffer.from(nonce.slice(2), 'hex').readUInt32LE() + waiting.length
  },
}
