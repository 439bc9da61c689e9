import { compactAddLength, compactStripLength, hexToU8a, u8aToHex, u8aToString } from '@polkadot/util'
import { blake2AsHex, encodeAddress } from '@polkadot/util-crypto'
import { Fault, type MarketRule } from '@wattfleet/protocol'
import type { GenesisConfig } from './config.ts'
import type { Executor } from './executor.ts'
import { encodeHeader, ZERO_HASH } from './header.ts'
import type { StorageView, StoredBlock } from './store.ts'

const NOTHING: StorageView = { get: () => undefined, nextKey: () => undefined }
/** SCALE None, and Some("development"). */
const DEFAULT_PRESET = '0x00'
const DEVELOPMENT_PRESET = `0x01${u8aToHex(compactAddLength(Buffer.from('development'))).slice(2)}`
const CODE_KEY = `0x${Buffer.from(':code').toString('hex')}`
/** Free balance in the chain's own token, for extrinsics: a lifetime of them. */
const ENDOWMENT = 1_000_000_000_000_000

type Json = { [key: string]: Json } | Json[] | string | number | boolean | null

async function preset(executor: Executor, code: string, id: string): Promise<Json> {
  const { result } = await executor.call(code, [['GenesisBuilder_get_preset', id]], NOTHING)
  const bytes = hexToU8a(result)
  if (bytes[0] !== 1) throw new Fault('chain', 'the runtime has no development preset')
  return JSON.parse(u8aToString(compactStripLength(bytes.subarray(1))[1])) as Json
}

function merge(base: Json, patch: Json): Json {
  const both = [base, patch].every((side) => typeof side === 'object' && side !== null && !Array.isArray(side))
  if (!both) return patch
  const out = { ...(base as { [key: string]: Json }) }
  for (const [key, value] of Object.entries(patch as { [key: string]: Json })) {
    out[key] = key in out ? merge(out[key] as Json, value) : value
  }
  return out
}

/** As the genesis configuration has it: a text, or an object with the rule's name and figures. */
function marketRuleOf(rule: MarketRule): Json {
  switch (rule.type) {
    case 'pay-as-bid':
      return 'payAsBid'
    case 'uniform':
      return 'uniform'
    case 'static-shares':
      return { staticShares: { priceMicro: rule.priceMicro } }
    case 'proportional-shares':
      return { proportionalShares: { priceMicro: rule.priceMicro } }
  }
}

/** What a chain's own genesis adds to a preset of the runtime, or puts in its place: lists replace lists. */
export function genesisPatch(config: GenesisConfig): { [key: string]: Json } {
  const address = (account: string) => encodeAddress(`0x${account}`)
  const { rules, balancing, gridOperator } = config.community
  const { community, marketRule, ...figures } = rules
  return {
    // one account may hold several roles
    balances: { balances: [...new Set(config.endowed)].map((account) => [address(account), ENDOWMENT]) },
    ...(config.council === undefined ? {} : { council: { members: config.council.map(address) } }),
    registry: {
      chainId: [...hexToU8a(`0x${config.chainId}`)],
      communities: [
        [
          community,
          {
            rules: { ...figures, feeMicro: [...figures.feeMicro], marketRule: marketRuleOf(marketRule) },
            balancing: address(balancing),
            gridOperator: address(gridOperator),
          },
        ],
      ],
      roles: config.roles.map(({ role, account }) => [community, role, address(account)]),
    },
  }
}

/** Genesis, built by the runtime itself: its default, its development preset, then this chain's own. */
export async function buildGenesis(
  executor: Executor,
  code: string,
  config: GenesisConfig,
): Promise<{ block: StoredBlock; changes: Map<string, string | null> }> {
  const base = await preset(executor, code, DEFAULT_PRESET)
  const development = await preset(executor, code, DEVELOPMENT_PRESET)
  const full = merge(merge(base, development), genesisPatch(config))
  const json = u8aToHex(compactAddLength(Buffer.from(JSON.stringify(full))))
  const { result, changes } = await executor.call(code, [['GenesisBuilder_build_state', json]], NOTHING)
  if (result !== '0x00') {
    const text = u8aToString(compactStripLength(hexToU8a(result).subarray(1))[1])
    throw new Fault('config', `the runtime refused the genesis configuration: ${text}`)
  }
  changes.set(CODE_KEY, code)
  const state = [...changes].sort(([a], [b]) => (a < b ? -1 : 1))
  // what is in genesis names the chain: the state's hash stands where a state root would, so each fresh chain has its own genesis hash
  const stateHash = blake2AsHex(Buffer.from(JSON.stringify(state)), 256)
  const header = encodeHeader({ parentHash: ZERO_HASH, number: 0, stateRoot: stateHash })
  return { block: { number: 0, hash: blake2AsHex(hexToU8a(header), 256), header, extrinsics: [] }, changes }
}

export { CODE_KEY }
