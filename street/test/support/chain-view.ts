import { type ChainQueries, type ExchangeEvent, openExchange } from '@wattfleet/chain'

type Event<T extends ExchangeEvent['type']> = Extract<ExchangeEvent, { type: T }>

/** Everything that finalized blocks have said of orders, each time they said it. */
export interface ChainView {
  readonly entered: ReadonlyMap<string, readonly Event<'order-entered'>[]>
  readonly ended: ReadonlyMap<string, readonly Event<'order-ended'>[]>
  /** By the SHA-256 of the item's bytes. */
  readonly rejected: ReadonlyMap<string, readonly Event<'item-rejected'>[]>
  readonly head: () => { readonly number: number; readonly timestampS: number }
  queries(): Promise<ChainQueries>
  close(): Promise<void>
}

function add<T>(map: Map<string, T[]>, key: string, value: T): void {
  map.set(key, [...(map.get(key) ?? []), value])
}

/** Follows the chain's finalized blocks from the first, with a connection of its own. */
export function watchChain(endpoint: string): ChainView {
  const stop = new AbortController()
  const exchange = openExchange([endpoint], stop.signal)
  const entered = new Map<string, Event<'order-entered'>[]>()
  const ended = new Map<string, Event<'order-ended'>[]>()
  const rejected = new Map<string, Event<'item-rejected'>[]>()
  let head = { number: -1, timestampS: 0 }
  const following = exchange.blocks.follow(
    0,
    ({ number, timestampS, events }) => {
      for (const event of events) {
        if (event.type === 'order-entered') add(entered, event.id, event)
        if (event.type === 'order-ended') add(ended, event.id, event)
        if (event.type === 'item-rejected') add(rejected, event.hash, event)
      }
      head = { number, timestampS }
    },
    stop.signal,
  )
  return {
    entered,
    ended,
    rejected,
    head: () => head,
    queries: () => exchange.queries(),
    async close() {
      stop.abort()
      await following
      await exchange.close()
    },
  }
}
