import { Fault, monotonicMs } from '@wattfleet/protocol'
import type { pino } from 'pino'

/** Why the broker refused something, as a closed set. */
export const REFUSALS = [
  'handshake', // no certificate, one of another CA, expired, or not TLS at all
  'identity', // a certificate of the right CA that names no gateway, hub or utility
  'handshake-rate', // too many wait for their handshake
  'revoked',
  'unknown', // a gateway's certificate that the registry does not know
  'expired', // while it was connected; before that it is a `handshake`
  'before-login', // too much sent before CONNECT was accepted
  'connections', // too many, of one certificate or at all
  'client-id', // not the certificate's common name
  'keepalive', // none, or longer than allowed
  'will', // on a topic that is not the sender's, retained, or QoS 2
  'packet-size',
  'malformed', // not MQTT 3.1.1
  'timeout', // no CONNECT in time, or silent beyond the keep-alive
  'drain', // a subscriber that took nothing for too long, or left too much unread
  'topic-depth',
  'publish-topic', // not the sender's
  'publish-retain', // by a gateway
  'publish-qos', // QoS 2
  'subscribe-filter', // not the sender's; answered per filter with 0x80
  'rate', // so far ahead of its rate that waiting makes no sense
  'queue', // not kept for a client that is away or slow
] as const

export type Refusal = (typeof REFUSALS)[number]

/** Lines a second that refusals may write to the log: whoever is refused must not fill the disk. */
const LOG_LINES_PER_SECOND = 10

/** Counts and logs every refusal. */
export interface Refusals {
  readonly counts: Readonly<Record<Refusal, number>>
  /** Counts one refusal of `who` (a name, or an address where there is none) and yields the fault to pass on. */
  refuse(reason: Refusal, who: string, detail: string): Fault
}

export function countRefusals(log: pino.Logger): Refusals {
  const counts = Object.fromEntries(REFUSALS.map((reason) => [reason, 0])) as Record<Refusal, number>
  let second = 0
  let lines = 0
  return {
    counts,
    refuse(reason, who, detail) {
      counts[reason] += 1
      const now = Math.floor(monotonicMs() / 1000)
      if (now !== second) {
        second = now
        lines = 0
      }
      if (++lines <= LOG_LINES_PER_SECOND) log.warn({ reason, who, count: counts[reason] }, detail)
      return new Fault('protocol', `${reason}: ${detail}`)
    },
  }
}

/** The refusal behind an error that aedes 1.2.0 reports by its text alone; undefined for a connection that just ended. */
export function refusalOfBrokerError(error: Error & { code?: string }): Refusal | undefined {
  if (error.code !== undefined) return undefined // the system's: ECONNRESET, EPIPE, …
  switch (error.message) {
    case 'connect did not arrive in time':
    case 'keep alive timeout':
      return 'timeout'
    case 'keep alive limit exceeded':
      return 'keepalive'
    case 'drain timeout':
      return 'drain'
    case 'topic has too many levels':
      return 'topic-depth'
    case 'Client queue limit reached':
      return 'before-login'
    case 'connection closed':
      return undefined
    default:
      return 'malformed'
  }
}
