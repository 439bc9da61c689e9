/** One thing that happened to a gateway. */
export interface StoryEvent {
  /** UTC Unix milliseconds: of the wall's clock, or of the market's for what the market did. */
  readonly atMs: number
  readonly clock: 'wall' | 'market'
  readonly event: string
  /** Who did it; absent for what nobody of the utility did. */
  readonly actor?: string
  readonly detail: Readonly<Record<string, unknown>>
}

/** What a gateway's trades come to, so far as they were asked for. */
export interface TradeStory {
  readonly trades: readonly StoryEvent[]
  /** Whether there are more, before the first of these. */
  readonly isCut: boolean
}

/**
 * A gateway's story, from the manifest to its last trade. What the utility did and what the market did are on two clocks
 * where the market's is not the wall's (a demonstration runs faster), so they are not sorted into each other.
 */
export interface Story {
  readonly life: readonly StoryEvent[]
  /** Undefined with a reason where the hub cannot be asked. */
  readonly market: TradeStory | { readonly unavailable: string }
}
