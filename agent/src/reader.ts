import { slotStartOf } from '@wattfleet/protocol'
import { createBell } from './bell.ts'
import { look, trustAtStart } from './core/clock-trust.ts'
import { type Action, decide } from './core/decide.ts'
import { measuredBasis, persist } from './core/forecast.ts'
import { absorb, type Metering, meteringRules } from './core/metering.ts'
import { emptyTrack } from './core/slot-energy.ts'
import { flowWatch } from './flow-watch.ts'
import type { GatewayParts } from './gateway-parts.ts'
import type { Draft } from './ports.ts'
import { survivingStore } from './surviving-store.ts'

/** The counters are journalled this often between slots: an SD card wears by writes, and counters lose nothing by it. */
const JOURNAL_EVERY_MS = 5 * 60_000
/** A meter that is silent is asked ever more seldom, at most this many polls apart; a slot's start always asks. */
const LONGEST_SILENCE_POLLS = 8
/**
 * Each slot's start begins a turn, however seldom the meter is asked, and two slots later where the clock was stepped back:
 * after so many without one the loop stands still. In slots, and at least so long, for a device may take its time.
 */
const OVERDUE_SLOTS = 4
const OVERDUE_LEAST_MS = 15 * 60_000

/** The loop that reads the meter, decides, and signs. */
export interface Reader {
  /** As of the last reading. */
  metering(): Metering
  /** When the last whole reading was, by the steady clock; minus infinity for none, undefined while nothing was tried. */
  goodMs(): number | undefined
  /** Whether the clock was believed at the last reading. */
  isClockTrusted(): boolean
  /** Resolves when the meter was asked once, whatever it said. */
  readonly tried: Promise<void>
  /** Read now: a reading right at a slot's boundary is what makes its energy good. */
  wake(): void
  /** The same; resolves when a reading that began after this was asked has ended, or none will. */
  ask(): Promise<void>
  /** Returns when aborted. */
  run(signal: AbortSignal): Promise<void>
}

/** `onSigned`: there is something new in the outbox; `onChange`: the meter fell silent or speaks again, the clock is doubted or believed. */
export function createReader(parts: GatewayParts, onSigned: () => void, onChange: () => void): Reader {
  const { clock, steady, outbox, log } = parts
  const { grant } = parts.identity
  const rules = meteringRules(grant)
  const overdueMs = Math.max(OVERDUE_LEAST_MS, OVERDUE_SLOTS * grant.rules.slotLengthS * 1000)
  const bell = createBell()
  const tried = Promise.withResolvers<void>()
  /** The reading that begins next. */
  let next = Promise.withResolvers<void>()
  let metering: Metering = { track: outbox.track() ?? emptyTrack(clock.nowMs(), rules), recent: [], power: undefined }
  let trust = trustAtStart(clock.nowMs(), steady.nowMs())
  let journalledMs = Number.NEGATIVE_INFINITY
  let silentPolls = 0
  let goodMs: number | undefined
  const watchFlow = flowWatch(parts.findings)

  /** Read, decide, act. What could not be stored did not happen: the state moves on only with the commit. */
  async function turn(signal: AbortSignal): Promise<void> {
    const [sample, sunW] = await Promise.all([parts.meter.read(signal), parts.sun?.readSunW(signal)])
    if (!signal.aborted) goodMs = sample === undefined ? (goodMs ?? Number.NEGATIVE_INFINITY) : steady.nowMs()
    if (sample !== undefined && sunW !== undefined) watchFlow(sample, sunW)
    const nowMs = clock.nowMs()
    if (signal.aborted || !believes(nowMs) || nowMs < outbox.clockFloorMs()) return
    // stepped back while the meter was read: no one knows when this was
    if (sample !== undefined && sample.atMs > nowMs) return
    const absorbed = absorb(metering, sample, nowMs, rules)
    const drafts: Draft[] = absorbed.slots.map((slot) => ({ type: 'energy', slot }))
    drafts.push(...actionsNow(absorbed.metering, sunW, nowMs).map(toDraft))
    if (drafts.length > 0 || nowMs - journalledMs >= JOURNAL_EVERY_MS) {
      outbox.commit({ drafts, track: absorbed.metering.track, nowMs })
      journalledMs = nowMs
    }
    const changed = (metering.power === undefined) !== (absorbed.metering.power === undefined)
    metering = absorbed.metering
    silentPolls = sample === undefined ? silentPolls + 1 : 0
    if (drafts.length > 0) onSigned()
    if (changed) onChange()
    for (const draft of drafts) log.info(draft, `signed ${draft.type}`)
  }

  /** A clock that jumped ahead may be wrong by years: what it would make durable waits until it has stood. */
  function believes(nowMs: number): boolean {
    const before = trust
    trust = look(trust, nowMs, steady.nowMs())
    const { jump } = trust
    if (jump !== undefined && jump !== before.jump) {
      log.warn(
        { clockMs: nowMs, aheadMs: jump.offsetMs - trust.offsetMs },
        'the clock jumped ahead: waiting whether it stays',
      )
    }
    if (jump === undefined && before.jump !== undefined) log.info({ clockMs: nowMs }, 'the clock is believed again')
    if ((jump === undefined) !== (before.jump === undefined)) onChange()
    return jump === undefined
  }

  function actionsNow(now: Metering, sunW: number | undefined, nowMs: number): readonly Action[] {
    const basis = measuredBasis(now.recent, now.power, nowMs)
    if (basis === undefined) return []
    const { slotLengthS } = grant.rules
    const orders = outbox.orders(slotStartOf(Math.floor(nowMs / 1000), slotLengthS))
    const sunShines = sunW !== undefined && sunW > 0
    const forecast = persist(basis, slotLengthS)
    return decide(Math.ceil(nowMs / 1000), forecast, orders, grant, parts.strategy, sunShines)
  }

  return {
    metering: () => metering,
    goodMs: () => goodMs,
    isClockTrusted: () => trust.jump === undefined,
    tried: tried.promise,
    wake: bell.ring,
    ask() {
      bell.ring()
      return next.promise
    },
    async run(signal) {
      try {
        while (!signal.aborted) {
          parts.heartbeat?.beat(overdueMs)
          const asked = next
          next = Promise.withResolvers()
          await survivingStore(log, () => turn(signal))
          asked.resolve()
          tried.resolve()
          const polls = Math.min(LONGEST_SILENCE_POLLS, 2 ** Math.min(silentPolls, 10))
          await bell.wait(steady, steady.nowMs() + parts.pollMs * polls, signal)
        }
      } finally {
        next.resolve()
        parts.heartbeat?.rest()
      }
    },
  }
}

function toDraft(action: Action): Draft {
  if (action.type === 'cancel') return action
  const { type: _, ...terms } = action
  return { type: 'order', ...terms }
}
