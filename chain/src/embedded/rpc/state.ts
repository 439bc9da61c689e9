import { TypeRegistry } from '@polkadot/types'
import type { RuntimeVersion } from '@polkadot/types/interfaces'
import { compactStripLength, hexToU8a, u8aToHex } from '@polkadot/util'
import { blake2AsHex } from '@polkadot/util-crypto'
import type { EmbeddedChain } from '../chain.ts'
import type { StoredBlock } from '../store.ts'
import { blockOf, hexListParam, hexParam, type Methods } from './context.ts'
import { INVALID_PARAMS, RpcFault } from './fault.ts'

/** Most keys one page holds, as in Substrate's own nodes. */
const MAX_PAGE = 1_000
const registry = new TypeRegistry()

/** Metadata and version change only with the code, so they are computed once for each. */
const byCode = new Map<string, Promise<string>>()

function once(chain: EmbeddedChain, method: string, block: StoredBlock): Promise<string> {
  const key = `${method} ${blake2AsHex(chain.code(chain.store.at(block.number)), 128)}`
  const known = byCode.get(key) ?? chain.call(method, '0x', block.number)
  byCode.set(key, known)
  known.catch(() => byCode.delete(key))
  return known
}

async function runtimeVersion(chain: EmbeddedChain, block: StoredBlock): Promise<unknown> {
  const version = registry.createType<RuntimeVersion>('RuntimeVersion', await once(chain, 'Core_version', block))
  const { specName, implName, authoringVersion, specVersion, implVersion, apis, transactionVersion } = version
  return {
    specName: specName.toString(),
    implName: implName.toString(),
    authoringVersion: authoringVersion.toNumber(),
    specVersion: specVersion.toNumber(),
    implVersion: implVersion.toNumber(),
    apis: apis.map(([id, api]) => [id.toHex(), api.toNumber()]),
    transactionVersion: transactionVersion.toNumber(),
    stateVersion: 1,
  }
}

function getStorage(chain: EmbeddedChain, key: unknown, at: unknown): string | undefined {
  return chain.store.at(blockOf(chain, at).number).get(hexParam(key, 'key'))
}

function keysPaged(chain: EmbeddedChain, [prefix, count, start, at]: readonly unknown[]): string[] {
  if (typeof count !== 'number' || !(count >= 0) || count > MAX_PAGE) {
    throw new RpcFault(INVALID_PARAMS, `Invalid params: count must be between 0 and ${MAX_PAGE}`)
  }
  const view = chain.store.at(blockOf(chain, at).number)
  const under = prefix === null || prefix === undefined ? '0x' : hexParam(prefix, 'prefix')
  const keys: string[] = []
  let after = start === null || start === undefined ? under : hexParam(start, 'startKey')
  // a prefix that is a key itself belongs to the first page
  if (after === under && view.get(under) !== undefined && count > 0) keys.push(under)
  while (keys.length < count) {
    const key = view.nextKey(under, after)
    if (key === undefined) break
    keys.push(key)
    after = key
  }
  return keys
}

function changeSet(chain: EmbeddedChain, keys: readonly string[], block: StoredBlock): unknown {
  const view = chain.store.at(block.number)
  return { block: block.hash, changes: keys.map((key) => [key, view.get(key) ?? null]) }
}

export const stateMethods: Methods = {
  async state_getMetadata({ chain }, [at]) {
    const opaque = await once(chain, 'Metadata_metadata', blockOf(chain, at))
    return u8aToHex(compactStripLength(hexToU8a(opaque))[1])
  },
  state_getRuntimeVersion: ({ chain }, [at]) => runtimeVersion(chain, blockOf(chain, at)),
  state_getStorage: ({ chain }, [key, at]) => getStorage(chain, key, at) ?? null,
  state_getStorageHash: ({ chain }, [key, at]) => {
    const value = getStorage(chain, key, at)
    return value === undefined ? null : blake2AsHex(hexToU8a(value), 256)
  },
  state_getStorageSize: ({ chain }, [key, at]) => {
    const value = getStorage(chain, key, at)
    return value === undefined ? null : value.length / 2 - 1
  },
  state_getKeysPaged: ({ chain }, params) => keysPaged(chain, params),
  state_queryStorageAt: ({ chain }, [keys, at]) => [changeSet(chain, hexListParam(keys, 'keys'), blockOf(chain, at))],
  state_call: ({ chain }, [method, data, at]) => {
    if (typeof method !== 'string') throw new RpcFault(INVALID_PARAMS, 'Invalid params: method must be a text')
    return chain.call(method, hexParam(data, 'data'), blockOf(chain, at).number)
  },
  state_subscribeRuntimeVersion: ({ chain, client }) =>
    client.subscribe('state_runtimeVersion', (send) => {
      let sent = ''
      const check = async () => {
        const version = await runtimeVersion(chain, chain.head())
        const text = JSON.stringify(version)
        if (text !== sent) send(version)
        sent = text
      }
      void check()
      return chain.onBlock(({ changes }) => {
        if (changes.has(CODE)) void check()
      })
    }),
  state_unsubscribeRuntimeVersion: ({ client }, [id]) => client.unsubscribe(String(id)),
  state_subscribeStorage: ({ chain, client }, [list]) => {
    const keys = hexListParam(list, 'keys')
    return client.subscribe('state_storage', (send) => {
      send(changeSet(chain, keys, chain.head()))
      return chain.onBlock(({ block, changes }) => {
        const changed = keys.filter((key) => changes.has(key))
        if (changed.length > 0) send(changeSet(chain, changed, block))
      })
    })
  },
  state_unsubscribeStorage: ({ client }, [id]) => client.unsubscribe(String(id)),
}

const CODE = `0x${Buffer.from(':code').toString('hex')}`
