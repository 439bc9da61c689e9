import type { Aedes, AedesOptions } from 'aedes'
import type { pino } from 'pino'
import { type JournalState, openSessionJournal } from './adapters/session-journal.ts'
import type { BrokerLimits } from './config.ts'
import { identityOfClientId } from './core/identity.ts'
import { rightsOf } from './core/rights.ts'
import { openRedis } from './redis.ts'
import type { Refusals } from './refusals.ts'
import { guardSessions } from './session-guard.ts'
import type { SessionQueues, SessionRules } from './session-queues.ts'
import type { SessionRoll } from './session-roll.ts'
import { sessionStore } from './session-store.ts'

export const isGateway = (clientId: string) => identityOfClientId(clientId)?.role === 'gateway'

/** Where sessions are kept, as aedes takes it. */
export interface Sessions {
  readonly parts: Pick<AedesOptions, 'persistence' | 'mq'>
  /** Where several processes share them, of those who are connected to this one. */
  readonly queues: SessionQueues
  /** Told of the broker that uses them. */
  follow?(aedes: Aedes): void
  readonly roll: SessionRoll
  /** How the file does; absent where there is none. */
  readonly journal?: () => JournalState
  close(): void | Promise<void>
}

/**
 * The sessions of this broker: bounded, those of gateways more narrowly than those of hubs, and only with filters that
 * their clients may use. Throws Fault `store`, and for Redis `config` or `transport`.
 */
export async function sessionsOf(
  where: { readonly stateDir?: string; readonly redis?: { readonly url: string } },
  limits: BrokerLimits,
  refusals: Refusals,
  log: pino.Logger,
): Promise<Sessions> {
  const rules = rulesOf(limits, refusals)
  if (where.redis !== undefined) return openRedis(where.redis.url, rules, log)
  const journal = where.stateDir === undefined ? undefined : openSessionJournal(where.stateDir, log)
  const store = sessionStore(rules, journal)
  // its types describe the callbacks of older versions
  guardSessions(store, rules)
  return {
    parts: { persistence: store as never },
    queues: store.queues,
    roll: store.roll,
    ...(journal && { journal: journal.state }),
    close: store.close,
  }
}

function rulesOf(limits: BrokerLimits, refusals: Refusals): SessionRules {
  const queueLimit = (clientId: string) => (isGateway(clientId) ? limits.queuedPerClient : limits.queuedPerHub)
  return {
    mayKeep(clientId: string, filter: string) {
      const identity = identityOfClientId(clientId)
      return identity !== undefined && rightsOf(identity).maySubscribe(filter)
    },
    queueLimit,
    onFull(clientId: string) {
      refusals.refuse('queue', clientId, `more than ${queueLimit(clientId)} messages wait`)
    },
    isWindowed: isGateway,
  }
}
