import { TypeRegistry } from '@polkadot/types'
import type { RuntimeVersion } from '@polkadot/types/interfaces'
import { blake2AsHex } from '@polkadot/util-crypto'
import type { EmbeddedChain } from '../chain.ts'
import type { StoredBlock } from '../store.ts'

const registry = new TypeRegistry()

/** Metadata and version change only with the code, so they are computed once for each. */
const byCode = new Map<string, Promise<string>>()

/** What a runtime API without parameters answers, where the answer hangs on nothing but the code. */
export function constantOf(chain: EmbeddedChain, method: string, block: StoredBlock): Promise<string> {
  const key = `${method} ${blake2AsHex(chain.code(chain.store.at(block.number)), 128)}`
  const known = byCode.get(key) ?? chain.call(method, '0x', block.number)
  byCode.set(key, known)
  known.catch(() => byCode.delete(key))
  return known
}

/** Runtime APIs of a version: the first 8 bytes of the name's blake2 hash, and the API's version. */
export type ApiVersion = readonly [id: string, version: number]

export async function runtimeVersion(chain: EmbeddedChain, block: StoredBlock) {
  const encoded = await constantOf(chain, 'Core_version', block)
  const version = registry.createType<RuntimeVersion>('RuntimeVersion', encoded)
  return {
    specName: version.specName.toString(),
    implName: version.implName.toString(),
    authoringVersion: version.authoringVersion.toNumber(),
    specVersion: version.specVersion.toNumber(),
    implVersion: version.implVersion.toNumber(),
    apis: version.apis.map(([id, api]): ApiVersion => [id.toHex(), api.toNumber()]),
    transactionVersion: version.transactionVersion.toNumber(),
    stateVersion: (version as unknown as { stateVersion: { toNumber(): number } }).stateVersion.toNumber(),
  }
}
