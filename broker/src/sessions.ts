import type { pino } from 'pino'
import { openSessionJournal } from './adapters/session-journal.ts'
import type { BrokerLimits } from './config.ts'
import { identityOfClientId } from './core/identity.ts'
import { rightsOf } from './core/rights.ts'
import type { Refusals } from './refusals.ts'
import { type SessionStore, sessionStore } from './session-store.ts'

export const isGateway = (clientId: string) => identityOfClientId(clientId)?.role === 'gateway'

/**
 * The sessions of this broker: bounded, those of gateways more narrowly than those of hubs, and only with filters that
 * their clients may use. Throws Fault `store`.
 */
export function openSessions(
  stateDir: string | undefined,
  limits: BrokerLimits,
  refusals: Refusals,
  log: pino.Logger,
): SessionStore {
  const queueLimit = (clientId: string) => (isGateway(clientId) ? limits.queuedPerClient : limits.queuedPerHub)
  const rules = {
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
  return sessionStore(rules, stateDir === undefined ? undefined : openSessionJournal(stateDir, log))
}
