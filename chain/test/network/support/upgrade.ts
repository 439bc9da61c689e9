import type { ApiPromise } from '@polkadot/api'
import { u8aToHex } from '@polkadot/util'
import { blake2AsHex } from '@polkadot/util-crypto'
import { presetPairs } from './community.ts'
import { decide, enter } from './council.ts'
import type { Validators } from './validators.ts'

/** Three of four, as two thirds of a council of four come to. */
const THRESHOLD = 3

export async function specVersion(network: Validators, node: number, at?: string): Promise<number> {
  const version = await network.rpc<{ specVersion: number }>(
    ...([node, 'state_getRuntimeVersion', ...(at === undefined ? [] : [at])] as const),
  )
  return version.specVersion
}

/** The way that docs/chain.md describes, up to the point where anybody may bring the code. */
export async function authorizeUpgrade(network: Validators, node: number, code: Uint8Array): Promise<void> {
  const council = await presetPairs()
  const [member] = council
  if (member === undefined) throw new Error('a council has members')
  const authorize = (api: ApiPromise) => api.tx.system?.authorizeUpgrade?.(blake2AsHex(code, 256))
  await decide(network, node, council, THRESHOLD, (api) => {
    const call = authorize(api)
    return call && api.tx.whitelist?.whitelistCall?.(call.method.hash)
  })
  await enter(network, node, member, [
    (api) => {
      const call = authorize(api)
      const dispatch = call && api.tx.whitelist?.dispatchWhitelistedCallWithPreimage?.(call)
      return dispatch && api.tx.council?.execute?.(dispatch, dispatch.method.encodedLength)
    },
  ])
}

/** Brings the code. The block after the one that holds it runs it. */
export async function applyUpgrade(network: Validators, node: number, code: Uint8Array): Promise<void> {
  const [anybody] = await presetPairs()
  if (anybody === undefined) throw new Error('the presets have no account')
  await enter(network, node, anybody, [(api) => api.tx.system?.applyAuthorizedUpgrade?.(u8aToHex(code))])
}
