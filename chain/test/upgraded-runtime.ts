import { readFileSync } from 'node:fs'
import { TypeRegistry } from '@polkadot/types'
import type { RuntimeVersion } from '@polkadot/types/interfaces'
import { WASM_PATH } from '../runtime-hash.ts'
import { wasmExecutor } from '../src/embedded/executor.ts'
import { extrinsicSigner, type ServedChain } from './served.ts'

const NOTHING = { get: () => undefined, nextKey: () => undefined }

/**
 * The compiled runtime as its next version, without a compiler: its version stands in its data as four numbers in a row,
 * and a copy in which the second of them is one higher says so of itself. It says so only: which version a signature must be
 * for stands elsewhere in its code, and stays.
 */
export async function upgradedRuntime(): Promise<Buffer> {
  const code = readFileSync(WASM_PATH)
  const executor = wasmExecutor()
  const registry = new TypeRegistry()
  const versionOf = async (wasm: Buffer) => {
    const { result } = await executor.call(`0x${wasm.toString('hex')}`, [['Core_version', '0x']], NOTHING)
    return registry.createType<RuntimeVersion>('RuntimeVersion', result)
  }
  try {
    const now = await versionOf(code)
    const numbers = [now.authoringVersion, now.specVersion, now.implVersion, now.transactionVersion]
    const row = Buffer.concat(numbers.map((number) => Buffer.from(number.toU8a())))
    for (let at = code.indexOf(row); at >= 0; at = code.indexOf(row, at + 1)) {
      const next = Buffer.from(code)
      next.writeUInt32LE(now.specVersion.toNumber() + 1, at + 4)
      if ((await versionOf(next)).specVersion.toNumber() > now.specVersion.toNumber()) return next
    }
    throw new Error('the runtime’s version was not found in its bytes')
  } finally {
    await executor.stop()
  }
}

/** Puts a runtime into a chain by its sudo account, in a block of its own; `nonce` is the account's next. */
export async function upgrade(chain: ServedChain, code: Buffer, nonce: number): Promise<void> {
  const signer = await extrinsicSigner(chain)
  const extrinsic = await signer.sign(nonce, (tx) => {
    const call = tx.system?.setCodeWithoutChecks?.(`0x${code.toString('hex')}`)
    return tx.sudo?.sudoUncheckedWeight?.(call as never, 0)
  })
  await signer.close()
  await chain.running.chain.submit(extrinsic)
  await chain.block()
}
