import { Fault, messageOf } from '@wattfleet/protocol'
import { z } from 'zod'
import type { StoryEvent, TradeStory } from '../core/story.ts'

/** A look-up that holds up an operator's page must not hold it long. */
const ANSWER_MS = 5_000
/** The last trades of a site: what fits on a page, and a day of slots with two trades each. */
const MOST_TRADES = 200

const page = z.object({
  items: z
    .array(
      z.object({
        trade: z.int(),
        slotStart: z.int(),
        kind: z.string(),
        buyerSite: z.string(),
        sellerSite: z.string(),
        energyWh: z.int(),
        buyerRateMicro: z.int(),
        sellerRateMicro: z.int(),
        tradedAt: z.int(),
        state: z.string(),
        execution: z.object({ allocatedWh: z.int(), paidNano: z.string(), receivedNano: z.string() }).nullable(),
      }),
    )
    .max(MOST_TRADES),
  next: z.string().nullable(),
})

/** The last trades of a site, newest first, from the hub's API. Throws Fault `transport` where it does not answer. */
export type TradesOf = (site: string, signal: AbortSignal) => Promise<TradeStory>

export function hubTrades(hubApiUrl: string): TradesOf {
  return async (site, signal) => {
    const url = new URL(`/v1/trades?site=${encodeURIComponent(site)}&limit=${MOST_TRADES}`, hubApiUrl)
    try {
      const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
      const response = await fetch(url, { signal: within, redirect: 'error' })
      if (!response.ok) throw new Error(`it answered ${response.status}`)
      const { items, next } = page.parse(await response.json())
      return { trades: items.map((trade) => eventOf(trade, site)), isCut: next !== null }
    } catch (error) {
      throw new Fault('transport', `the hub's trades: ${messageOf(error)}`, { cause: error, retryable: true })
    }
  }
}

function eventOf(trade: z.infer<typeof page>['items'][number], site: string): StoryEvent {
  const isBuyer = trade.buyerSite === site
  const { energyWh, slotStart, kind, state, execution } = trade
  return {
    atMs: trade.tradedAt * 1000,
    clock: 'market',
    event: isBuyer ? 'bought' : 'sold',
    detail: {
      ...{ trade: trade.trade, slotStart, kind, energyWh, state },
      rateMicro: isBuyer ? trade.buyerRateMicro : trade.sellerRateMicro,
      ...(execution && {
        allocatedWh: execution.allocatedWh,
        amountNano: isBuyer ? execution.paidNano : execution.receivedNano,
      }),
    },
  }
}
