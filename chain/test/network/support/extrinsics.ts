import type { ApiPromise } from '@polkadot/api'
import type { SubmittableExtrinsic } from '@polkadot/api/types'
import type { KeyringPair } from '@polkadot/keyring/types'
import { connectChain } from '../../../src/client/connection.ts'

type Extrinsic = SubmittableExtrinsic<'promise'> | undefined

/** Asks the node something by the API, on a connection of its own. */
export async function askNode<T>(port: number, question: (api: ApiPromise) => Promise<T>): Promise<T> {
  const connection = await connectChain([`ws://127.0.0.1:${port}`], AbortSignal.timeout(30_000))
  try {
    return await connection.ask('what the test wants to know', ({ api }) => question(api))
  } finally {
    await connection.close()
  }
}

/**
 * Signs calls by one account, their nonces in a row after what waits at this node, so that they enter in this order; sends
 * nothing. Yields their bytes, hex.
 */
export function signedInRow(
  port: number,
  signer: KeyringPair,
  callsOf: (api: ApiPromise) => readonly Extrinsic[],
): Promise<string[]> {
  return askNode(port, async (api) => {
    const next = (await api.rpc.system.accountNextIndex(signer.address)).toNumber()
    const signed = callsOf(api).map((call, at) => {
      if (call === undefined) throw new Error('the runtime has no such call')
      return call.signAsync(signer, { nonce: next + at })
    })
    return (await Promise.all(signed)).map((extrinsic) => extrinsic.toHex())
  })
}
