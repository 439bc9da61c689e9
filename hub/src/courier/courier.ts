import { downTopic, Fault, messageOf, pause, type SigningKey, type Status, sealDown } from '@wattfleet/protocol'
import type { Log, Notice, NoticeLog, Wire } from '../ports.ts'
import { BACK_OFF_MS, LOOK_AGAIN_MS, type Pulse } from '../pulse.ts'

/*
 * Notices to gateways.
 *
 * A notice is for a gateway's key, a topic is for its wire name. Which wire name a key has is learned from messages that
 * the key signed, on whose topic they came: the broker lets nobody but the named gateway publish there, and nobody but
 * the key's holder can sign. Signed messages become public once they are on the chain, so an old one sent again by
 * another gateway teaches nothing: only a message stored for the first time does, and only if its (epoch, sequence) is
 * beyond that of the last one that taught. A status is not signed: it never teaches a route, and is answered only where
 * the route of the key it names is the wire name it came from.
 */

/** Most notices handed to the broker at once. */
const BATCH_LIMIT = 200
/** Most notices sent again for one status; the next status asks for what follows. */
const REPLAY_LIMIT = 500
/** Most gateways whose wish to hear something again waits. */
const WISH_LIMIT = 10_000

export interface CourierOptions {
  readonly notices: NoticeLog
  readonly wire: Wire
  /** Signs notices. */
  readonly key: SigningKey
  /** Beaten when there may be new notices. */
  readonly pulse: Pulse
  readonly log: Log
}

export interface Courier {
  /** What a gateway says it saw last; what was sent after that is sent again. */
  heard(wire: string, status: Status): void
  run(signal: AbortSignal): Promise<void>
}

export function createCourier({ notices, wire, key, pulse, log }: CourierOptions): Courier {
  const wishes = new Map<string, { readonly gateway: string; readonly lastNotice: number }>()

  const publish = (to: string, { gateway, kind, number, body }: Notice): Promise<boolean> =>
    wire.publish(downTopic(to, kind), sealDown({ ...body, gateway, number }, key))

  const sendAgain = async (): Promise<void> => {
    const asked = [...wishes]
    wishes.clear()
    for (const [from, { gateway, lastNotice }] of asked) {
      if (notices.route(gateway) !== from) continue
      const missed = notices.sentAfter(gateway, lastNotice, REPLAY_LIMIT)
      if (missed.length > 0) log.info({ gateway, from: lastNotice, count: missed.length }, 'notices sent again')
      await Promise.all(missed.map((notice) => publish(from, notice)))
    }
  }

  /** Hands over what is due and remembers, per gateway, up to where nothing failed. Says how many went. */
  const sendDue = async (): Promise<number> => {
    const due = notices.due(BATCH_LIMIT)
    const outcomes = await Promise.all(due.map((notice) => publish(notice.wire, notice)))
    const upTo = new Map<string, number>()
    const failed = new Set<string>()
    due.forEach(({ gateway, number }, at) => {
      if (!outcomes[at]) failed.add(gateway)
      else if (!failed.has(gateway)) upTo.set(gateway, number)
    })
    if (upTo.size > 0) notices.sent(upTo)
    return failed.size > 0 ? 0 : due.length
  }

  return {
    heard(from, { gateway, lastNotice }) {
      if (wishes.size < WISH_LIMIT) wishes.set(from, { gateway, lastNotice })
      pulse.beat()
    },
    async run(signal) {
      while (!signal.aborted) {
        const seen = pulse.count
        try {
          if (wire.connected) {
            await sendAgain()
            if ((await sendDue()) > 0) continue
          }
        } catch (error) {
          if (!(error instanceof Fault && error.retryable)) throw error
          log.error({ fault: messageOf(error) }, 'notices: tried again')
          await pause(BACK_OFF_MS, signal)
        }
        await pulse.after(seen, LOOK_AGAIN_MS, signal)
      }
    },
  }
}
