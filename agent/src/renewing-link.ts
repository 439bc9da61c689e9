import type { Clock } from '@wattfleet/protocol'
import type { Bell } from './bell.ts'
import { type BackoffRules, backoffMs } from './core/backoff.ts'
import { isOver } from './core/renewal.ts'
import type { Credential } from './credential.ts'
import type { Credentials } from './credentials.ts'
import type { Link, LinkEvents, Log } from './ports.ts'
import { survivingStore } from './surviving-store.ts'

/** TLS, CONNACK and the subscription, with a few tries. */
const TRIAL_MS = 60_000
/** A certificate that was not let in is one of a gateway that is suspended, or of a broker that does not know its root yet. */
const AGAIN: BackoffRules = { firstMs: 600_000, mostMs: 6 * 3_600_000 }
/** How often it is looked again where nothing rings: a certificate comes to its end by itself. */
const LOOK_MS = 3_600_000

export interface RenewingLinkParts {
  readonly credentials: Credentials
  /** The connection to the broker with one certificate. */
  readonly link: (credential: Credential) => Link
  readonly wall: Clock
  readonly transport: Clock
  readonly random: () => number
  /** Rings when there is another certificate. */
  readonly changed: Bell
  /** The new certificate was let in. */
  readonly onProven: (former: Credential) => void
  readonly log: Log
}

/**
 * The gateway's link with the certificate that it has, and with the next one as soon as that was let in. The next one is tried
 * while the former connection stands: where it is refused, nothing was lost. The broker hands the session from the one
 * to the other, for it is one client id.
 */
export function renewingLink(parts: RenewingLinkParts): Link {
  const { credentials, wall, transport, random, changed, onProven, log } = parts
  return {
    async run(events, signal) {
      const lanes = lanesOf(parts.link, events, signal)
      let lane: Lane | undefined
      let tried = { serial: '', failures: 0, againAtMs: 0 }
      while (!signal.aborted) {
        const [current, next] = [credentials.current(), credentials.next()]
        // one that is over lets nobody in: the gateway waits for the next
        const isUsable = !isOver(current, wall.nowMs())
        if (isUsable) lane ??= lanes.open(current)
        if (next === undefined || (next.serial === tried.serial && transport.nowMs() < tried.againAtMs)) {
          const untilMs = next === undefined ? transport.nowMs() + LOOK_MS : tried.againAtMs
          await changed.wait(transport, untilMs, signal)
          continue
        }
        const trial = lanes.open(next, lane)
        const isIn = await trial.isUp(transport, isUsable ? TRIAL_MS : LOOK_MS, signal)
        if (signal.aborted) break
        if (isIn && (await isKept(parts))) {
          await lane?.close()
          lane = trial
          log.info({ serial: next.serial }, 'connected with the new certificate')
          onProven(current)
          continue
        }
        await trial.close()
        if (lane?.isClosed()) lane = undefined
        const failures = next.serial === tried.serial ? tried.failures + 1 : 0
        const waitMs = isUsable ? backoffMs(failures, random(), AGAIN) : 0
        tried = { serial: next.serial, failures, againAtMs: transport.nowMs() + waitMs }
        log.warn({ serial: next.serial, waitMs }, 'the new certificate was not let in yet')
      }
      await lanes.closeAll()
    },
  }
}

/** Writes down that the next certificate is the current one; a store that fails leaves it as it was. */
async function isKept({ credentials, log }: RenewingLinkParts): Promise<boolean> {
  await survivingStore(log, () => credentials.prove())
  return credentials.next() === undefined
}

/** One running connection, with one certificate. */
interface Lane {
  /** Whether it is let in within this time. */
  isUp(transport: Clock, withinMs: number, signal: AbortSignal): Promise<boolean>
  isClosed(): boolean
  close(): Promise<void>
}

function lanesOf(link: RenewingLinkParts['link'], events: LinkEvents, signal: AbortSignal) {
  const open = new Set<Lane>()
  /** The lane whose session the gateway has. */
  let heard: Lane | undefined

  /** `former` holds still once it lost its session to this one, which would otherwise be taken back and forth. */
  function openLane(credential: Credential, former?: Lane): Lane {
    const stop = new AbortController()
    const end = () => stop.abort()
    signal.addEventListener('abort', end, { once: true })
    if (signal.aborted) end()
    const up = new AbortController()
    let releaseFormer = () => {}
    const lane: Lane & { onDown?: () => void } = {
      async isUp(transport, withinMs, until) {
        const either = AbortSignal.any([up.signal, until])
        await transport.until(transport.nowMs() + withinMs, either)
        return up.signal.aborted
      },
      isClosed: () => stop.signal.aborted,
      async close() {
        releaseFormer()
        end()
        await running
        open.delete(lane)
      },
    }
    if (former !== undefined) {
      const held: typeof lane = former
      held.onDown = () => void former.close()
      releaseFormer = () => {
        delete held.onDown
      }
    }
    const running = link(credential)
      .run(
        {
          opening: events.opening,
          up(session) {
            heard = lane
            up.abort()
            events.up(session)
          },
          down(reason) {
            if (heard === lane) {
              heard = undefined
              events.down(reason)
            }
            lane.onDown?.()
          },
          message: events.message,
        },
        stop.signal,
      )
      .finally(() => signal.removeEventListener('abort', end))
    open.add(lane)
    return lane
  }
  return {
    open: openLane,
    closeAll: async () => void (await Promise.all([...open].map((lane) => lane.close()))),
  }
}
