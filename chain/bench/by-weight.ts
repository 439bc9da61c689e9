import type { ApiPromise } from '@polkadot/api'
import type { SubmittableExtrinsic } from '@polkadot/api/types'
import type { u32, u64 } from '@polkadot/types'
import type { RuntimeDispatchInfoV2 } from '@polkadot/types/interfaces'
import type { Codec } from '@polkadot/types/types'
import { bnToU8a, u8aConcat, u8aToHex } from '@polkadot/util'
import { encodeOrder, type Order, toHex } from '@wattfleet/protocol'
import { extrinsicOf, type RuntimeCall } from '../src/client/types/runtime.ts'
import { type BlockRoom, type Cost, unpacked } from './capacity.ts'

/** `PAGE_ORDERS` of the orderbook, which its metadata does not say. */
const PAGE_ORDERS = 32
/** Whole pages, so that the last one is as full as the others. */
const SAMPLE = 10 * PAGE_ORDERS

/** What the runtime charges, asked of it by TransactionPaymentApi. */
export interface Costs {
  readonly room: BlockRoom
  /** Orders of one market, one after the other. */
  readonly order: Cost
  /** The same, four of each site in a batch. */
  readonly orderOfFour: Cost
  /** Orders that each touch a page of their own. */
  readonly orderUnpacked: Cost
  readonly match: Cost
  /** A trade executed, where its sites are settled. */
  readonly trade: Cost
  readonly site: Cost
  readonly transfer: Omit<Cost, 'eachPs'>
}

interface Taken {
  readonly ps: bigint
  readonly bytes: bigint
}

/** frame_system's constants, as far as they are read here. */
interface SystemConstants {
  readonly blockWeights: {
    readonly perClass: {
      readonly normal: {
        readonly baseExtrinsic: { refTime: u64 }
        readonly maxTotal: Codec & { unwrap(): { refTime: u64 } }
      }
    }
  }
  readonly blockLength: { readonly max: { readonly normal: u32 } }
}

/** Asks the runtime behind `api` what calls cost, signed by whoever `sign` (hex) signs for. */
export async function askCosts(
  api: ApiPromise,
  sign: (extrinsic: SubmittableExtrinsic<'promise'>) => string,
): Promise<Costs> {
  const taken = async (extrinsic: SubmittableExtrinsic<'promise'>): Promise<Taken> => {
    const bytes = sign(extrinsic)
    const length = bytes.length / 2 - 1
    const argument = u8aToHex(u8aConcat(bytes, bnToU8a(length, { bitLength: 32, isLe: true })))
    const answer = await api.rpc.state.call('TransactionPaymentApi_query_info', argument)
    const { weight } = api.registry.createType<RuntimeDispatchInfoV2>('RuntimeDispatchInfoV2', answer.toU8a(true))
    return { ps: weight.refTime.toBigInt(), bytes: BigInt(length) }
  }
  const costOf = async (call: (items: number) => RuntimeCall): Promise<Cost> => {
    const [none, some] = [await taken(extrinsicOf(api, call(0))), await taken(extrinsicOf(api, call(SAMPLE)))]
    const each = (from: bigint, to: bigint) => (to - from) / BigInt(SAMPLE)
    return { fixedPs: none.ps, eachPs: each(none.ps, some.ps), eachBytes: each(none.bytes, some.bytes) }
  }
  const [order, spread] = [await costOf(orders({})), await costOf(orders({}, 1, true))]
  const transfer = api.tx.balances?.transferKeepAlive?.(new Uint8Array(32), 1)
  if (transfer === undefined) throw new Error('the runtime has no balances.transferKeepAlive')
  const { ps, bytes } = await taken(transfer)
  return {
    room: roomOf(api),
    order,
    orderOfFour: await costOf(orders({}, 4)),
    // a market's first order is charged up front for two pages, its own and one that it may begin within
    orderUnpacked: unpacked(order, (spread.eachPs - order.eachPs) / 2n, BigInt(PAGE_ORDERS)),
    match: await costOf(matches),
    trade: await costOf((items) => settle(items, 0)),
    site: await costOf((items) => settle(0, items)),
    transfer: { fixedPs: ps, eachBytes: bytes },
  }
}

function roomOf(api: ApiPromise): BlockRoom {
  const { blockWeights, blockLength } = api.consts.system as unknown as SystemConstants
  const { minimumPeriod } = api.consts.timestamp as unknown as { readonly minimumPeriod: u64 }
  const { normal } = blockWeights.perClass
  return {
    normalPs: normal.maxTotal.unwrap().refTime.toBigInt(),
    extrinsicPs: normal.baseExtrinsic.refTime.toBigInt(),
    bytes: blockLength.max.normal.toBigInt(),
    blockMs: 2n * minimumPeriod.toBigInt(),
  }
}

const many = <T>(length: number, item: T): T[] => Array<T>(length).fill(item)
const zeros = (bytes: number) => '00'.repeat(bytes)

const ORDER: Order = {
  ...{ chain: new Uint8Array(32), community: 0, gateway: new Uint8Array(32), epoch: 0, sequence: 1 },
  ...{ kind: 'spot', side: 'bid', slotStart: 0, energyWh: 1, priceMicro: 0, expiresAt: 0, energyTypes: 0 },
}

/** So many orders of each site in a batch; those after the first find what it has read. Spread: each of another slot. */
const orders =
  (more: Partial<Order>, ofEachSite = 1, isSpread = false) =>
  (items: number): RuntimeCall => {
    const all = Array.from({ length: items }, (_, at) => {
      const gateway = new Uint8Array(32)
      new DataView(gateway.buffer).setUint32(0, Math.floor(at / ofEachSite))
      return {
        bytes: toHex(encodeOrder({ ...ORDER, ...more, gateway, slotStart: isSpread ? at : 0 })),
        signature: zeros(64),
      }
    })
    return { name: 'orderbook.submit', with: { community: 0, items: all } }
  }

function matches(items: number): RuntimeCall {
  const market = { community: 0, slotStart: 0, kind: 'spot', computedFrom: 0, rateMicro: undefined } as const
  return {
    name: 'settlement.submitMatches',
    with: { ...market, matches: many(items, { bid: 0, offer: 0, energyWh: 1 }) },
  }
}

function settle(trades: number, sites: number): RuntimeCall {
  const figures = { shortfallWh: 0, unusedWh: 0, missingImport: false, missingExport: false }
  const deviation = { site: zeros(16), ...figures, message: { epoch: 0, sequence: 0 } }
  const lists = { allocations: many(trades, { trade: 0, allocatedWh: 0 }), deviations: many(sites, deviation) }
  return { name: 'settlement.settle', with: { community: 0, slotStart: 0, root: zeros(32), ...lists } }
}
