import { Keyring } from '@polkadot/keyring'
import { cryptoWaitReady } from '@polkadot/util-crypto'
import { connectChain } from '../../../src/client/connection.ts'

/** Asks the node for what is needed and signs a remark by an account of the presets; sends nothing. Yields its bytes, hex. */
export async function signedRemark(port: number, text: string, signer = '//Alice'): Promise<string> {
  await cryptoWaitReady()
  const pair = new Keyring({ type: 'sr25519' }).addFromUri(signer)
  const connection = await connectChain([`ws://127.0.0.1:${port}`], AbortSignal.timeout(30_000))
  try {
    return await connection.ask('what is needed to sign', async ({ api }) => {
      const remark = api.tx.system?.remark
      if (remark === undefined) throw new Error('the runtime has no System.remark')
      const signed = await remark(text).signAsync(pair, { nonce: -1 })
      return signed.toHex()
    })
  } finally {
    await connection.close()
  }
}
