import type { ApiPromise } from '@polkadot/api'
import type { Option, u32, u64 } from '@polkadot/types'
import type { RuntimeDispatchInfoV2 } from '@polkadot/types/interfaces'
import type { Codec } from '@polkadot/types/types'
import { bnToU8a, u8aConcat, u8aToHex } from '@polkadot/util'
import { encodeOrder, Fault, type Order, toHex } from '@wattfleet/protocol'
import type { BatchLimits } from '../exchange.ts'
import type { ChainConnection } from './connection.ts'
import { NodeError } from './provider.ts'
import { extrinsicOf, type RuntimeCall } from './types/runtime.ts'

/*
 * How many items fit into half of a block. The runtime says what its blocks hold and what a call weighs; nothing of either
 * is known here. The bound of a list does not stand in the metadata (BoundedVec leaves it out of its type), but a pallet
 * may say it in its constant `MaxBatch`; where it does not, a call is asked for with twice as many items until the runtime
 * cannot read it.
 */

/** Beyond this, one call is too long to lose. */
const MAX_ITEMS = 16_384
/** Two calls of so many items show what one weighs. */
const SAMPLE_ITEMS = 16

type Batched = (items: number) => RuntimeCall

const zeros = (bytes: number) => '00'.repeat(bytes)
const many = <T>(length: number, item: T): T[] => Array<T>(length).fill(item)

/**
 * An order as long as they get, of a gateway of its own, that expires and replaces another: such cost most, for nothing
 * of it was touched by the items before.
 */
function dearestOrder(number: number): Order {
  const gateway = new Uint8Array(32)
  new DataView(gateway.buffer).setUint32(0, number)
  return {
    ...{ chain: new Uint8Array(32), community: 0, gateway, epoch: 0, sequence: 1 },
    ...{ kind: 'spot', side: 'bid', slotStart: 0, energyWh: 1, priceMicro: 0, expiresAt: 1, energyTypes: 0 },
    ...{ partner: new Uint8Array(32), replaces: 0 },
  }
}

/** Calls as large and as dear as they get. */
const BATCHES: { readonly [K in keyof BatchLimits]: Batched } = {
  orders: (items) => {
    const signature = zeros(64)
    const all = Array.from({ length: items }, (_, at) => ({ bytes: toHex(encodeOrder(dearestOrder(at))), signature }))
    return { name: 'orderbook.submit', with: { community: 0, items: all } }
  },
  matches: (items) => {
    const matches = many(items, { bid: 0, offer: 0, energyWh: 0 })
    const market = { community: 0, slotStart: 0, kind: 'spot', computedFrom: 0, rateMicro: 0 } as const
    return { name: 'settlement.submitMatches', with: { ...market, matches } }
  },
  allocations: (items) => settlement(many(items, { trade: 0, allocatedWh: 0 }), []),
  deviations: (items) => {
    const figures = { shortfallWh: 0, unusedWh: 0, missingImport: false, missingExport: false }
    const message = { epoch: 0, sequence: 0 }
    return settlement([], many(items, { site: zeros(16), ...figures, message }))
  },
}

function settlement(
  allocations: (RuntimeCall & { name: 'settlement.settle' })['with']['allocations'],
  deviations: (RuntimeCall & { name: 'settlement.settle' })['with']['deviations'],
): RuntimeCall {
  return {
    name: 'settlement.settle',
    with: { community: 0, slotStart: 0, root: zeros(32), allocations, deviations },
  }
}

/** What an extrinsic takes of a block, or what there is of it. */
interface Room {
  readonly refTime: bigint
  readonly proofSize: bigint
  readonly bytes: bigint
}
const DIMENSIONS = ['refTime', 'proofSize', 'bytes'] as const

interface WeightCodec {
  readonly refTime: u64
  readonly proofSize: u64
}

/** frame_system::limits, as far as it is read here. */
interface SystemLimits {
  readonly blockWeights?: Codec & {
    readonly maxBlock: WeightCodec
    readonly perClass: { readonly normal: { readonly maxExtrinsic: Option<WeightCodec & Codec> } }
  }
  readonly blockLength?: Codec & { readonly max: { readonly normal: u32 } }
}

/** Half of what a block holds, and no more than one extrinsic may take. */
function halfABlock(api: ApiPromise): Room {
  const { blockWeights, blockLength } = (api.consts.system ?? {}) as SystemLimits
  if (blockWeights === undefined || blockLength === undefined)
    throw new Fault('chain', 'the runtime has no block limits')
  const { maxBlock, perClass } = blockWeights
  const most = perClass.normal.maxExtrinsic
  const half = (of: 'refTime' | 'proofSize'): bigint => {
    const halved = maxBlock[of].toBigInt() / 2n
    const allowed = most.isSome ? most.unwrap()[of].toBigInt() : halved
    return halved < allowed ? halved : allowed
  }
  const bytes = blockLength.max.normal.toBigInt() / 2n
  return { refTime: half('refTime'), proofSize: half('proofSize'), bytes }
}

/** What a node says when the runtime itself cannot do what it was called for: the real node, and the embedded chain. */
const EXECUTION_FAILED = /Execution failed|the runtime refused/

/** What a call takes; undefined where the runtime cannot read it. */
function roomOf(connection: ChainConnection, call: RuntimeCall): Promise<Room | undefined> {
  return connection.ask(`the weight of ${call.name}`, async ({ api, request }) => {
    const extrinsic = extrinsicOf(api, call).toU8a()
    const length = bnToU8a(extrinsic.length, { bitLength: 32, isLe: true })
    try {
      const asked = ['TransactionPaymentApi_query_info', u8aToHex(u8aConcat(extrinsic, length))]
      const answer = await request<string>('state_call', asked)
      const { weight } = api.registry.createType<RuntimeDispatchInfoV2>('RuntimeDispatchInfoV2', answer)
      const [refTime, proofSize] = [weight.refTime.toBigInt(), weight.proofSize.toBigInt()]
      return { refTime, proofSize, bytes: BigInt(extrinsic.length) }
    } catch (error) {
      // the runtime says so by failing; any other error is the node's, and says nothing of the call
      if (error instanceof NodeError && EXECUTION_FAILED.test(error.message)) return undefined
      throw error
    }
  })
}

function boundOf(api: ApiPromise, call: RuntimeCall['name']): number {
  const [pallet = ''] = call.split('.')
  const bound = api.consts[pallet]?.maxBatch
  return bound === undefined ? MAX_ITEMS : Number(bound.toString())
}

const isWithin = (room: Room, limit: Room) => DIMENSIONS.every((dimension) => room[dimension] <= limit[dimension])

async function mostItems(connection: ChainConnection, batch: Batched): Promise<number> {
  const { name } = batch(0)
  const [limit, bound] = await connection.ask('block limits', async ({ api }) => [halfABlock(api), boundOf(api, name)])
  const [none, some] = [await roomOf(connection, batch(0)), await roomOf(connection, batch(SAMPLE_ITEMS))]
  if (none === undefined || some === undefined) throw new Fault('chain', `the runtime does not take ${name}`)
  const fitting = DIMENSIONS.map((dimension) => {
    const each = (some[dimension] - none[dimension]) / BigInt(SAMPLE_ITEMS)
    return each > 0n ? Number((limit[dimension] - none[dimension]) / each) : MAX_ITEMS
  })
  const most = Math.min(MAX_ITEMS, bound, ...fitting)
  let fits = Math.min(most, SAMPLE_ITEMS)
  while (fits < most) {
    const more = Math.min(most, 2 * fits)
    const room = await roomOf(connection, batch(more))
    if (room === undefined || !isWithin(room, limit)) break
    fits = more
  }
  // one that is too heavy by itself is for the chain to refuse
  return Math.max(1, fits)
}

async function measure(connection: ChainConnection): Promise<BatchLimits> {
  const entries: [string, number][] = []
  for (const [kind, batch] of Object.entries(BATCHES)) entries.push([kind, await mostItems(connection, batch)])
  return Object.fromEntries(entries) as unknown as BatchLimits
}

/**
 * Yields how many items fit into half of a block: asked of the chain once for each version of its runtime. Throws a
 * retryable Fault `chain` where there is no answer.
 */
export function batchLimits(connection: ChainConnection): () => Promise<BatchLimits> {
  let known: { readonly version: string; readonly limits: Promise<BatchLimits> } | undefined
  return async () => {
    const version = await connection.ask('runtime version', async ({ api }) =>
      api.runtimeVersion.specVersion.toString(),
    )
    if (known?.version === version) return known.limits
    const limits = measure(connection)
    known = { version, limits }
    limits.catch(() => {
      known = undefined
    })
    return limits
  }
}
