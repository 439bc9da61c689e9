import { type Clock, type ManualClock, manualClock } from '@wattfleet/protocol'
import { memoryOutbox } from '../../src/adapters/memory-outbox.ts'
import { clockScheduler } from '../../src/adapters/schedulers.ts'
import { createFindings } from '../../src/findings.ts'
import { runGateway } from '../../src/gateway.ts'
import type { GatewayParts } from '../../src/gateway-parts.ts'
import type { MeterReading, Outbox, Scheduler } from '../../src/ports.ts'
import { identity, memoryLog, STRATEGY, testSeal } from './fixtures.ts'
import { type HubOptions, testHub } from './test-hub.ts'

export const START_MS = 1_800_000_000_000
export const START_S = START_MS / 1000
export const SLOT_MS = 900_000

/** A house whose net power is a function of time, W, import positive; its counters start high, as real ones do. */
function house(powerW: (sinceMs: number) => number) {
  const counters = { importWh: 5_000_000, exportWh: 900_000 }
  let meteredMs = START_MS
  let silent = false
  let reads = 0
  let misstampMs = 0
  return {
    /** The gateway's clock is this far ahead just while the next reading is taken. */
    misstamp(ms: number) {
      misstampMs = ms
    },
    silence(on: boolean) {
      silent = on
    },
    reads: () => reads,
    /** `nowMs`: when it really is; `stampMs`: what the gateway's clock says. */
    meterAt: (nowMs: () => number, stampMs: () => number) => ({
      async read(): Promise<MeterReading | undefined> {
        reads += 1
        for (; meteredMs < nowMs(); meteredMs += 1_000) {
          const watts = powerW(meteredMs - START_MS)
          if (watts > 0) counters.importWh += watts / 3_600
          else counters.exportWh -= watts / 3_600
        }
        if (silent) return undefined
        const watts = powerW(nowMs() - START_MS)
        const atMs = stampMs() + misstampMs
        misstampMs = 0
        return { atMs, ...counters, stepWh: 1, importW: Math.max(0, watts), exportW: Math.max(0, -watts) }
      },
    }),
  }
}

interface Options extends HubOptions {
  readonly powerW: (sinceMs: number) => number
  readonly outbox?: Outbox
  readonly parts?: Partial<GatewayParts>
  readonly startMs?: number
  readonly clock?: ManualClock
}

/** A gateway over a hub in memory, on one clock that the test moves, and can make the gateway believe another time. */
export function street({
  powerW,
  outbox = memoryOutbox(testSeal(), 1),
  parts = {},
  startMs = START_MS,
  clock = manualClock(startMs),
  ...hubOptions
}: Options) {
  let stepMs = 0
  const stepped: Clock = {
    nowMs: () => clock.nowMs() + stepMs,
    steadyMs: () => clock.steadyMs(),
    async until(atMs, signal) {
      while (stepped.nowMs() < atMs && !signal?.aborted) await clock.until(clock.nowMs() + 1_000, signal)
    },
  }
  const scheduler: Scheduler = {
    everySlot: (lengthS, job, signal) =>
      clockScheduler(clock).everySlot(lengthS, (slotStart) => job(slotStart + stepMs / 1000), signal),
  }
  const home = house(powerW)
  const hub = testHub(hubOptions)
  const log = memoryLog()
  const controller = new AbortController()
  let ready = 0
  const running = runGateway(
    {
      clock: stepped,
      steady: clock,
      transport: clock,
      meter: home.meterAt(clock.nowMs, stepped.nowMs),
      sun: undefined,
      outbox,
      link: hub.link,
      scheduler,
      identity: identity(),
      strategy: STRATEGY,
      pollMs: 30_000,
      random: () => 0.5,
      findings: createFindings(clock, log),
      log,
      ...parts,
    },
    controller.signal,
    () => {
      ready += 1
    },
  )
  return {
    clock,
    home,
    hub,
    log,
    outbox,
    running,
    ready: () => ready,
    /** From now on the gateway's clock is this far from the time. */
    step(ms: number) {
      stepMs = ms
    },
    async advance(ms: number) {
      // in steps, so that whatever wakes at one moment is done before the next
      for (let left = ms; left > 0; left -= 1_000) await clock.advance(Math.min(left, 1_000))
    },
    async stop() {
      controller.abort()
      await running
    },
  }
}
