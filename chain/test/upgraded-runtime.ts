import { readFileSync } from 'node:fs'
import type { ApiPromise } from '@polkadot/api'
import { TypeRegistry } from '@polkadot/types'
import type { RuntimeVersion } from '@polkadot/types/interfaces'
import { WASM_PATH } from '../runtime-hash.ts'
import { wasmExecutor } from '../src/embedded/executor.ts'
import { extrinsicSigner, type ServedChain } from './served.ts'

const NOTHING = { get: () => undefined, nextKey: () => undefined }

export interface Upgrade {
  /** The compiled runtime's version, and the next one's. */
  readonly versions: readonly [now: number, next: number]
  readonly code: Buffer
}

/**
 * The compiled runtime as its next version, without a compiler: its version stands in its data as four numbers in a row,
 * and a copy in which the second of them is one higher says so of itself. It says so only: which version a signature must be
 * for stands elsewhere in its code, and stays.
 */
export async function upgradedRuntime(): Promise<Upgrade> {
  const code = readFileSync(WASM_PATH)
  const executor = wasmExecutor()
  const registry = new TypeRegistry()
  const versionOf = async (wasm: Buffer) => {
    const { result } = await executor.call(`0x${wasm.toString('hex')}`, [['Core_version', '0x']], NOTHING)
    return registry.createType<RuntimeVersion>('RuntimeVersion', result)
  }
  try {
    const version = await versionOf(code)
    const { authoringVersion, specVersion, implVersion, transactionVersion } = version
    const numbers = [authoringVersion, specVersion, implVersion, transactionVersion]
    const row = Buffer.concat(numbers.map((number) => Buffer.from(number.toU8a())))
    const now = specVersion.toNumber()
    for (let at = code.indexOf(row); at >= 0; at = code.indexOf(row, at + 1)) {
      const upgraded = Buffer.from(code)
      upgraded.writeUInt32LE(now + 1, at + 4)
      if ((await versionOf(upgraded)).specVersion.eqn(now + 1)) return { versions: [now, now + 1], code: upgraded }
    }
    throw new Error('the runtime’s version was not found in its bytes')
  } finally {
    await executor.stop()
  }
}

/** Puts a runtime into a chain as root, in a block of its own; `nonce` is the next of the chain's account. */
export async function upgrade(chain: ServedChain, { code }: Upgrade, nonce: number): Promise<void> {
  const signer = await extrinsicSigner(chain)
  const setCode = (tx: ApiPromise['tx']) => tx.system?.setCodeWithoutChecks?.(`0x${code.toString('hex')}`)
  const extrinsics = await signer.signAsRoot(nonce, setCode)
  await signer.close()
  for (const extrinsic of extrinsics) await chain.running.chain.submit(extrinsic)
  await chain.block()
}
