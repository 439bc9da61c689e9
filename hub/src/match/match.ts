import type { Match } from '@wattfleet/chain'
import { matchPayAsBid, type Pairing } from '@wattfleet/market'
import { invariant, marketTimes } from '@wattfleet/protocol'
import type { Book, IsStopped, Market, OpenOrder } from '../ports.ts'
import { LOOK_AGAIN_MS } from '../pulse.ts'
import {
  createPenalties,
  type EngineOptions,
  isBehind,
  limitsUnlessAborted,
  type Penalties,
  retrying,
  submitUnlessAborted,
  untilIndexed,
} from '../rounds.ts'

export interface MatchOptions extends EngineOptions {
  readonly book: Book
  readonly isStopped: IsStopped
}

/**
 * The matching engine: after each finalized block, for each market with open orders on both sides and before its match
 * deadline, pay-as-bid over the index as it stands, submitted under that block's number. One submission at a time; the
 * next market is computed only from a block at or after the one where the last submission ended. What does not fit into
 * one call is left to the next round. A community with another rule than pay-as-bid is left alone, which is said once.
 * What gateways have open that may not trade now is left out.
 */
export async function runMatching(options: MatchOptions, signal: AbortSignal): Promise<void> {
  const { book, community, finalizedBlock, indexed, log } = options
  const penalties = createPenalties<string>()
  let isSaid = false
  while (!signal.aborted) {
    const seen = indexed.count
    let submitted = 0
    await retrying(log, signal, async () => {
      const rule = book.rules(community, book.head()?.timestampS ?? 0)?.marketRule.type
      if (rule !== undefined && rule !== 'pay-as-bid') {
        if (!isSaid) log.warn({ community, rule }, 'this community is not matched here: its rule is not pay-as-bid')
        isSaid = true
        return
      }
      isSaid = false
      for (const market of book.tradableMarkets(community)) {
        if (signal.aborted || isBehind(book, finalizedBlock)) return
        if (await matchMarket(options, market, penalties, signal)) submitted++
      }
    })
    if (submitted === 0) await indexed.after(seen, LOOK_AGAIN_MS, signal)
  }
}

/**
 * The orders that this engine pairs. On the chain what a suspended gateway has open stays so until it expires, because only
 * the end of its key would cancel it: here it rests until its gateway may trade again.
 */
export function matchable(orders: readonly OpenOrder[], isStopped: IsStopped): readonly OpenOrder[] {
  return orders.filter(({ gateway }) => !isStopped(gateway))
}

/** The pairings as the chain takes them: it knows an order by its position in its market. */
function byPosition(pairings: readonly Pairing[], orders: readonly OpenOrder[]): Match[] {
  const positions = new Map(orders.map(({ id, position }) => [id, position]))
  const positionOf = (id: string): number => {
    const position = positions.get(id)
    invariant(position !== undefined, `order ${id} was matched, so it was in the book`)
    return position
  }
  return pairings.map(({ bid, offer, energyWh }) => ({ bid: positionOf(bid), offer: positionOf(offer), energyWh }))
}

/** One round of one market. Whether anything was submitted. */
async function matchMarket(
  { book, isStopped, community, submitter, indexed, log }: MatchOptions,
  market: Market,
  penalties: Penalties<string>,
  signal: AbortSignal,
): Promise<boolean> {
  const limits = await limitsUnlessAborted(submitter, signal)
  if (limits === undefined) return false
  // read together: nothing can change between these lines
  const head = book.head()
  const rules = book.rules(community, market.slotStart)
  if (head === undefined || rules === undefined) return false
  const name = `${market.slotStart}/${market.kind}`
  const times = marketTimes(market.slotStart, market.kind, rules)
  if (times === undefined || head.timestampS >= times.matchDeadline) {
    penalties.forgive(name)
    return false
  }
  if (penalties.isOff(name, head.number)) return false
  const orders = matchable(book.openOrders(market, head.timestampS), isStopped)
  const pairings = matchPayAsBid(orders, rules.feeMicro).slice(0, limits.matches)
  if (pairings.length === 0) return false

  const computed = { computedFrom: head.number, rateMicro: undefined, matches: byPosition(pairings, orders) }
  const call = { call: 'submit-matches', ...market, ...computed } as const
  const submission = await submitUnlessAborted(submitter, call, signal)
  if (submission === undefined) return true
  if (submission.ok) {
    await untilIndexed(book, submission.block, indexed, signal)
    if (book.tradesIn(market, submission.block) > 0) penalties.forgive(name)
    else penalties.punish(name, submission.block)
  } else {
    log.warn({ ...market, error: submission.error, effect: submission.effect }, 'matches had no effect')
    if (submission.effect === 'included-without-effect') penalties.punish(name, head.number)
    // computed anew from a later block: this one is stale, or its extrinsic died
    await untilIndexed(book, head.number + 1, indexed, signal)
  }
  return true
}
