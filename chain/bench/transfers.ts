import { randomBytes } from 'node:crypto'
import { readStorage } from '../src/client/types/runtime.ts'
import type { BenchNetwork } from './network.ts'
import { type Finalized, type Signer, sendAndCount } from './pipeline.ts'

/** The peer: plain transfers of the chain's own token, one to an extrinsic, from several accounts to a new one. */
export function transfer(network: BenchNetwork, signers: readonly Signer[], count: number): Promise<Finalized> {
  const to = randomBytes(32)
  const call = network.session.api.tx.balances?.transferKeepAlive
  if (call === undefined) throw new Error('the runtime has no balances.transferKeepAlive')
  const extrinsics = Array.from({ length: count }, (_, n) => signers[n % signers.length]?.next(call(to, 1)) ?? '')
  return sendAndCount(network, extrinsics, count, async (at) => {
    const { data } = await readStorage(at, 'system.account', [to.toString('hex')])
    return Number(data.free)
  })
}
