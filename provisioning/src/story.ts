import { messageOf } from '@wattfleet/protocol'
import type { Story, StoryEvent, TradeStory } from './core/story.ts'
import type { LoggedEntry, Store } from './ports.ts'

/** The last trades of a site; undefined where no hub is configured. */
export type TradesSource = ((site: string, signal: AbortSignal) => Promise<TradeStory>) | undefined

/** A gateway's story, from the manifest to its last trade. */
export async function storyOf(store: Store, site: string, trades: TradesSource, signal: AbortSignal): Promise<Story> {
  const life = store.audit.entriesOf(site).map(eventOf)
  if (trades === undefined) return { life, market: { unavailable: 'no hub is configured: hubApiUrl' } }
  try {
    return { life, market: await trades(site, signal) }
  } catch (error) {
    return { life, market: { unavailable: messageOf(error) } }
  }
}

function eventOf({ atMs, event, actor, detail }: LoggedEntry): StoryEvent {
  return { atMs, clock: 'wall', event, actor, detail }
}
