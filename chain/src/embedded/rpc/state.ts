import { compactStripLength, hexToU8a, u8aToHex } from '@polkadot/util'
import { blake2AsHex } from '@polkadot/util-crypto'
import { messageOf } from '@wattfleet/protocol'
import type { EmbeddedChain } from '../chain.ts'
import { CODE_KEY } from '../genesis.ts'
import type { StoredBlock } from '../store.ts'
import { blockOf, hexListParam, hexParam, keysUnder, type Methods, textParam } from './context.ts'
import { CLIENT_ERROR, INVALID_COUNT, invalidParams, RpcFault } from './fault.ts'
import { constantOf, runtimeVersion } from './runtime.ts'

/** Most keys one page holds, as in Substrate's own nodes. */
const MAX_PAGE = 1_000

function getStorage(chain: EmbeddedChain, key: unknown, at: unknown): string | undefined {
  return chain.store.at(blockOf(chain, at).number).get(hexParam(key, 'key'))
}

function keysPaged(chain: EmbeddedChain, [prefix, count, start, at]: readonly unknown[]): string[] {
  if (!Number.isSafeInteger(count) || Number(count) < 0) throw invalidParams('count must be a whole number from 0')
  if (Number(count) > MAX_PAGE) {
    throw new RpcFault(INVALID_COUNT, `count exceeds maximum value. value: ${count}, max: ${MAX_PAGE}`)
  }
  const view = chain.store.at(blockOf(chain, at).number)
  const under = prefix === null || prefix === undefined ? '0x' : hexParam(prefix, 'prefix')
  const after = start === null || start === undefined ? undefined : hexParam(start, 'startKey')
  const keys: string[] = []
  if (count === 0) return keys
  for (const key of keysUnder(view, under, after)) {
    keys.push(key)
    if (keys.length === count) break
  }
  return keys
}

function changeSet(chain: EmbeddedChain, keys: readonly string[], block: StoredBlock): unknown {
  const view = chain.store.at(block.number)
  return { block: block.hash, changes: keys.map((key) => [key, view.get(key) ?? null]) }
}

async function call(chain: EmbeddedChain, method: string, data: string, block: StoredBlock): Promise<string> {
  try {
    return await chain.call(method, data, block.number)
  } catch (error) {
    throw new RpcFault(CLIENT_ERROR, `Client error: Execution failed: ${messageOf(error)}`)
  }
}

export const stateMethods: Methods = {
  async state_getMetadata({ chain }, [at]) {
    const opaque = await constantOf(chain, 'Metadata_metadata', blockOf(chain, at))
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
  state_call: ({ chain }, [method, data, at]) =>
    call(chain, textParam(method, 'method'), hexParam(data, 'data'), blockOf(chain, at)),
  state_subscribeRuntimeVersion: ({ chain, client }) =>
    client.subscribe('state_runtimeVersion', (send) => {
      let sent = ''
      const check = async () => {
        const version = await runtimeVersion(chain, chain.head())
        const text = JSON.stringify(version)
        if (text !== sent) send(version)
        sent = text
      }
      // code that cannot say its version says nothing here; a request for it gets the error
      check().catch(() => {})
      return chain.onBlock(({ changes }) => {
        if (changes.has(CODE_KEY)) check().catch(() => {})
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
