import type { Reason } from '@wattfleet/protocol'
import type { RollCounts } from '../intake/roll.ts'
import type { PushCounts } from '../orderbook/push.ts'
import type { SqliteInbox } from './inbox-sqlite.ts'
import type { SqliteIndex } from './index-sqlite.ts'

/** What the running process knows beside its stores. */
export interface ViewSources {
  readonly index: SqliteIndex
  readonly inbox: SqliteInbox
  readonly community: number
  /** What the operator calls a site, by its id. */
  readonly siteNames: Readonly<Record<string, string>>
  /** Finalized head as far as the chain said, while it can be asked. */
  readonly finalizedBlock: () => number | undefined
  readonly isBrokerConnected: () => boolean
  readonly storeFault: () => string | undefined
  readonly receipts: () => ReadonlyMap<Reason | 'ok', number>
  readonly blocksFollowed: () => number
  /** Gateways that are there and that have gone; absent where nobody listens to them. */
  readonly gateways?: () => RollCounts
  /** Hints from nodes, where they are listened for. */
  readonly pushes?: () => PushCounts | undefined
}
