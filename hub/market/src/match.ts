import type { Side } from '@wattfleet/protocol'

/** One open order of one market (community, slot, kind), as the index of finalized blocks has it. */
export interface BookOrder {
  /** Order id, hex. */
  readonly id: string
  readonly side: Side
  readonly member: string
  /** Grid zone of the site: two sites of one zone pay the first fee class, others the second. */
  readonly zone: number
  /** Micro-currency per kWh; a bid's includes fees, an offer's is before fees. */
  readonly priceMicro: number
  /** > 0 */
  readonly remainingWh: number
  /** Bits: an offer says what it is, a bid what it accepts, 0 meaning all. */
  readonly energyTypes: number
  /** Finalized block that holds its entry, and its place among that block's events. */
  readonly block: number
  readonly index: number
}

/** A bid and an offer paired over some energy, in the order in which they were paired. */
export interface Pairing {
  readonly bid: string
  readonly offer: string
  readonly energyWh: number
}

/** The fee per kWh between two zones, micro-currency, from the community's two topology classes. */
export function feeBetween(zoneA: number, zoneB: number, feeMicro: readonly [number, number]): number {
  return zoneA === zoneB ? feeMicro[0] : feeMicro[1]
}

/** Whether the market's rule lets these two trade, whatever remains of them. */
export function isFeasible(bid: BookOrder, offer: BookOrder, feeMicro: readonly [number, number]): boolean {
  return (
    bid.member !== offer.member &&
    (bid.energyTypes === 0 || (bid.energyTypes & offer.energyTypes) !== 0) &&
    bid.priceMicro >= offer.priceMicro + feeBetween(bid.zone, offer.zone, feeMicro)
  )
}

/** What came first goes first: finalized block, place in it, then id. */
function byEntry(a: BookOrder, b: BookOrder): number {
  if (a.block !== b.block) return a.block - b.block
  if (a.index !== b.index) return a.index - b.index
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0
}

/** Offers that are equal to every bid but for price, member and entry: one zone, one set of energy types. */
interface Queue {
  readonly zone: number
  readonly energyTypes: number
  readonly offers: Resting[]
  /** Everything before this place is used up. */
  head: number
}

interface Resting {
  readonly order: BookOrder
  /** Place in the merit order over all queues. */
  readonly rank: number
  leftWh: number
}

function queuesOf(offers: readonly BookOrder[]): Queue[] {
  const sorted = [...offers].sort((a, b) => a.priceMicro - b.priceMicro || byEntry(a, b))
  const queues = new Map<string, Queue>()
  sorted.forEach((order, rank) => {
    const key = `${order.zone}/${order.energyTypes}`
    let queue = queues.get(key)
    if (queue === undefined) {
      queue = { zone: order.zone, energyTypes: order.energyTypes, offers: [], head: 0 }
      queues.set(key, queue)
    }
    queue.offers.push({ order, rank, leftWh: order.remainingWh })
  })
  return [...queues.values()]
}

/** The first offer of a queue that this bid may take. Within a queue a dearer offer is never feasible where a cheaper one is too dear. */
function firstIn(queue: Queue, bid: BookOrder, feeMicro: readonly [number, number]): Resting | undefined {
  while (queue.head < queue.offers.length && queue.offers[queue.head]?.leftWh === 0) queue.head++
  const mostMicro = bid.priceMicro - feeBetween(bid.zone, queue.zone, feeMicro)
  for (let at = queue.head; at < queue.offers.length; at++) {
    const resting = queue.offers[at]
    if (resting === undefined || resting.order.priceMicro > mostMicro) return undefined
    if (resting.leftWh > 0 && resting.order.member !== bid.member) return resting
  }
  return undefined
}

function firstFor(queues: readonly Queue[], bid: BookOrder, feeMicro: readonly [number, number]): Resting | undefined {
  let first: Resting | undefined
  for (const queue of queues) {
    if (bid.energyTypes !== 0 && (bid.energyTypes & queue.energyTypes) === 0) continue
    const candidate = firstIn(queue, bid, feeMicro)
    if (candidate !== undefined && (first === undefined || candidate.rank < first.rank)) first = candidate
  }
  return first
}

/**
 * Two-sided pay-as-bid by merit order, over the open orders of one market.
 *
 * Bids are served one after the other, dearest first; offers stand in merit order, cheapest first; ties on either side
 * by finalized block, place in the block, id. Each bid takes, as long as something remains of it, the first offer in
 * merit order that is feasible *for this bid*: another member's, of an energy type the bid accepts, and at a price that
 * with the fee between the two sites is within the bid's. An offer that is passed over because this pair is not feasible
 * (own, wrong type, another zone's dearer fee) keeps its place for the bids that follow. So a bid may skip the best offer
 * and take the next; none goes back, and no feasible pair with something left on both sides remains.
 *
 * The result depends on the set of orders alone, not on how they are listed. O(n log n) for n orders while zones and
 * energy types are few; each offer of the bidder's own member at the head of the book costs one step more.
 */
export function matchPayAsBid(orders: readonly BookOrder[], feeMicro: readonly [number, number]): Pairing[] {
  const queues = queuesOf(orders.filter((order) => order.side === 'offer' && order.remainingWh > 0))
  const bids = orders
    .filter((order) => order.side === 'bid' && order.remainingWh > 0)
    .sort((a, b) => b.priceMicro - a.priceMicro || byEntry(a, b))
  const pairings: Pairing[] = []
  for (const bid of bids) {
    for (let leftWh = bid.remainingWh; leftWh > 0; ) {
      const resting = firstFor(queues, bid, feeMicro)
      if (resting === undefined) break
      const energyWh = Math.min(leftWh, resting.leftWh)
      resting.leftWh -= energyWh
      leftWh -= energyWh
      pairings.push({ bid: bid.id, offer: resting.order.id, energyWh })
    }
  }
  return pairings
}
