import { fromHex, type Order, type SignedMessage, signMessage } from '@wattfleet/protocol'
import { runtimeCall } from '../src/client/calls.ts'
import { extrinsicOf, readStorage } from '../src/client/types/runtime.ts'
import type { Household } from './households.ts'
import { type BenchNetwork, COMMUNITY } from './network.ts'
import { type Finalized, type Signer, sendAndCount } from './pipeline.ts'

const SLOT_S = 900
/** Whole slots ahead: gates stay open while the bench runs. */
const AHEAD = 4

/** The n-th slot that is traded, UTC Unix seconds. */
export const slotFrom = (startS: number, n: number) => (Math.ceil(startS / SLOT_S) + AHEAD + n) * SLOT_S

/** Signed orders, so many of each household, the slots in turn. In each slot bids and offers take turns, and each bid meets the offer behind it. */
export function signOrders(
  { session }: BenchNetwork,
  households: readonly Household[],
  slots: readonly number[],
  each: number,
  nextSequence: () => number,
): SignedMessage[] {
  const chain = fromHex(session.identity.chainId, 32) ?? new Uint8Array(32)
  return Array.from({ length: each }, (_, round) => {
    const slotStart = slots[round % slots.length] ?? 0
    return households.map(({ key }, index) => {
      const sides = [
        { side: 'bid', priceMicro: 250_000, energyTypes: 0 },
        { side: 'offer', priceMicro: 100_000, energyTypes: 1 },
      ] as const
      const value: Order = {
        ...{ chain, community: COMMUNITY, gateway: key.publicKey, epoch: 1, sequence: nextSequence() },
        ...{ kind: 'spot', slotStart, energyWh: 1, expiresAt: 0, ...(sides[index % 2] ?? sides[0]) },
      }
      return signMessage({ type: 'order', value }, key)
    })
  }).flat()
}

/** Enters orders in batches of so many; resolves when all are final. */
export function enterOrders(
  network: BenchNetwork,
  signer: Signer,
  orders: readonly SignedMessage[],
  slots: readonly number[],
  batch: number,
): Promise<Finalized> {
  const { api } = network.session
  const extrinsics: string[] = []
  for (let at = 0; at < orders.length; at += batch) {
    const items = orders.slice(at, at + batch)
    extrinsics.push(signer.next(extrinsicOf(api, runtimeCall({ call: 'submit-orders', community: COMMUNITY, items }))))
  }
  return sendAndCount(network, extrinsics, orders.length, async (at) => {
    const books = await Promise.all(
      slots.map((slot) => readStorage(at, 'orderbook.books', [[COMMUNITY, slot, 'spot']])),
    )
    return books.reduce((sum, { entered }) => sum + entered, 0)
  })
}

/** Matches all orders of these slots, each slot in one call: a second one in the same block would be stale. */
export async function enterMatches(
  network: BenchNetwork,
  signer: Signer,
  slots: readonly number[],
  inEach: number,
): Promise<Finalized> {
  const { api } = network.session
  const computedFrom = (await network.connection.head()).number
  const matches = Array.from({ length: inEach }, (_, n) => ({ bid: 2 * n, offer: 2 * n + 1, energyWh: 1 }))
  const extrinsics = slots.map((slotStart) => {
    const market = { community: COMMUNITY, slotStart, kind: 'spot', computedFrom, rateMicro: undefined } as const
    return signer.next(extrinsicOf(api, { name: 'settlement.submitMatches', with: { ...market, matches } }))
  })
  return sendAndCount(network, extrinsics, slots.length * inEach, async (at) => {
    const states = await Promise.all(slots.map((slot) => readStorage(at, 'settlement.slots', [[COMMUNITY, slot]])))
    return states.reduce((sum, { openTrades }) => sum + openTrades, 0)
  })
}
