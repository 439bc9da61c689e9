import { compactFromU8a, hexToU8a } from '@polkadot/util'
import { Fault } from '@wattfleet/protocol'
import type { Executor } from './executor.ts'
import type { StorageView } from './store.ts'

const NOTHING: StorageView = { get: () => undefined, nextKey: () => undefined }

/** The rest of the bytes after a SCALE text. */
function afterText(bytes: Uint8Array): Uint8Array {
  const [offset, length] = compactFromU8a(bytes)
  return bytes.subarray(offset + length.toNumber())
}

/** A runtime's `spec_version`, asked of its code: it stands after two names and the authoring version. */
export async function specVersionOf(executor: Executor, code: string): Promise<number> {
  const { result } = await executor.call(code, [['Core_version', '0x']], NOTHING)
  const rest = afterText(afterText(hexToU8a(result)))
  return Buffer.from(rest).readUInt32LE(4)
}

/**
 * A chain keeps its runtime in its own storage, and this program speaks to the one that it carries. Throws Fault `config`
 * where the two have different versions.
 */
export async function requireSameVersion(executor: Executor, kept: string, own: string, where: string): Promise<void> {
  if (kept === own) return
  const [found, wanted] = [await specVersionOf(executor, kept), await specVersionOf(executor, own)]
  if (found === wanted) return
  throw new Fault(
    'config',
    `${where} holds a chain with runtime version ${found}, this program is made for version ${wanted}: ` +
      'start over with --fresh, which forgets that chain, or use the program that made it',
  )
}
