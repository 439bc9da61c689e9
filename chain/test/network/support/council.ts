import type { ApiPromise } from '@polkadot/api'
import type { SubmittableExtrinsic } from '@polkadot/api/types'
import type { KeyringPair } from '@polkadot/keyring/types'
import type { Option } from '@polkadot/types'
import type { Votes } from '@polkadot/types/interfaces'
import { askNode, signedInRow } from './extrinsics.ts'
import type { Validators } from './validators.ts'

type Extrinsic = SubmittableExtrinsic<'promise'> | undefined
type CallOf = (api: ApiPromise) => Extrinsic

const PATIENCE_MS = 120_000
/** More than what is decided here weighs. */
const WEIGHT = { refTime: 50_000_000_000, proofSize: 200_000 }

/** Signs the calls by one account, in a row, and hands them to the node. */
export async function enter(network: Validators, node: number, signer: KeyringPair, callsOf: readonly CallOf[]) {
  const signed = await signedInRow(network.rpcPort(node), signer, (api) => callsOf.map((callOf) => callOf(api)))
  for (const extrinsic of signed) await network.rpc(node, 'author_submitExtrinsic', extrinsic)
}

/** A motion by the first of the members, which as many of them as needed vote for and the first closes: it is carried out. */
export async function decide(
  network: Validators,
  node: number,
  members: readonly KeyringPair[],
  threshold: number,
  callOf: CallOf,
): Promise<void> {
  const [first, ...others] = members
  if (first === undefined) throw new Error('a council has members')
  const port = network.rpcPort(node)
  const { hash, length } = await askNode(port, async (api) => {
    const method = callOf(api)?.method
    if (method === undefined) throw new Error('the runtime has no such call')
    return { hash: method.hash.toHex(), length: method.encodedLength }
  })
  const votes = (least: number) =>
    network.until(`${least} votes for ${hash}`, PATIENCE_MS, () =>
      askNode(port, async (api) => {
        const found = (await api.query.council?.voting?.(hash)) as Option<Votes> | undefined
        if (found === undefined || found.isNone) return undefined
        const { ayes, index } = found.unwrap()
        return ayes.length >= least && { index: index.toNumber() }
      }),
    )
  await enter(network, node, first, [(api) => api.tx.council?.propose?.(threshold, callOf(api), length)])
  const { index } = await votes(0)
  const vote: CallOf = (api) => api.tx.council?.vote?.(hash, index, true)
  const voters = [first, ...others].slice(0, threshold)
  await Promise.all(voters.map((member) => enter(network, node, member, [vote])))
  await votes(threshold)
  await enter(network, node, first, [(api) => api.tx.council?.close?.(hash, index, WEIGHT, length)])
}
