/**
 * The one clock that everything which reasons about slots is given. Times are UTC Unix milliseconds of that clock.
 * Only TLS and transport time-outs use the wall's.
 */
export interface Clock {
  nowMs(): number
  /** Runs at this clock's rate and is never stepped; only differences mean something. What was read when is told by it. */
  steadyMs(): number
  /** Resolves when the clock has reached `atMs`, at once if it has; resolves early, without error, when aborted. */
  until(atMs: number, signal?: AbortSignal): Promise<void>
}

/** Where a scaled clock stood at one moment of the system's monotonic clock, shared by all processes of one machine. */
export interface ClockAnchor {
  /** `process.hrtime` in milliseconds at the anchor: monotonic and common to every process on the machine. */
  readonly monotonicMs: number
  readonly streetMs: number
  /** Street milliseconds per millisecond. */
  readonly rate: number
}

/** setTimeout takes 31 bits of milliseconds; a longer wait is made of several. */
const LONGEST_TIMER_MS = 0x7fff_ffff
/**
 * The wall's clock is stepped (a computer without a battery clock boots in the past until NTP answers), and no timer
 * notices: whoever waits for a moment looks at it again this often.
 */
const WALL_LOOK_MS = 1_000

export function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}

/** Resolves after `ms` of the wall's time, or, without error, when aborted: for transports, never for the market. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const done = () => {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    const timer = setTimeout(done, ms)
    signal?.addEventListener('abort', done, { once: true })
  })
}

function clockOf(nowMs: () => number, steadyMs: () => number, rate: number, longestPauseMs: number): Clock {
  return {
    nowMs,
    steadyMs,
    async until(atMs, signal) {
      for (let left = atMs - nowMs(); left > 0 && !signal?.aborted; left = atMs - nowMs()) {
        await pause(Math.min(Math.ceil(left / rate), longestPauseMs), signal)
      }
    },
  }
}

/** The wall's clock. It may step, ahead or back; who waits for a moment wakes within a second of its coming. */
export function wallClock(): Clock {
  return clockOf(() => Date.now(), monotonicMs, 1, WALL_LOOK_MS)
}

/** The wall's clock as it is now, and from now on never stepped: for pauses of transports, not for dates. */
export function monotonicClock(): Clock {
  return scaledClock({ monotonicMs: monotonicMs(), streetMs: Date.now(), rate: 1 })
}

/** A clock that runs `rate` times real time from an anchor: the street's. */
export function scaledClock(anchor: ClockAnchor): Clock {
  const nowMs = () => Math.floor(anchor.streetMs + (monotonicMs() - anchor.monotonicMs) * anchor.rate)
  return clockOf(nowMs, nowMs, anchor.rate, LONGEST_TIMER_MS)
}

export interface ManualClock extends Clock {
  /** Moves the clock and wakes whoever waits for a moment that has come, earliest first. */
  advance(ms: number): Promise<void>
  /** Steps it, as a time server does: nobody is woken by that, and steady time does not move. */
  step(ms: number): void
}

/** A clock that stands until it is moved: for tests. */
export function manualClock(startMs: number): ManualClock {
  let now = startMs
  let steppedMs = 0
  const waiting: { atMs: number; wake: () => void }[] = []
  return {
    nowMs: () => now + steppedMs,
    steadyMs: () => now,
    until: (untilMs, signal) =>
      new Promise((resolve) => {
        const atMs = untilMs - steppedMs
        if (atMs <= now || signal?.aborted) return resolve()
        const entry = { atMs, wake: resolve }
        waiting.push(entry)
        signal?.addEventListener('abort', () => resolve(), { once: true })
      }),
    step(ms) {
      steppedMs += ms
    },
    async advance(ms) {
      const target = now + ms
      for (;;) {
        waiting.sort((a, b) => a.atMs - b.atMs)
        const next = waiting[0]
        if (next === undefined || next.atMs > target) break
        waiting.shift()
        now = next.atMs
        next.wake()
        // let whoever woke run, and perhaps wait again, before time goes on
        await new Promise((resolve) => setImmediate(resolve))
      }
      now = target
      await new Promise((resolve) => setImmediate(resolve))
    },
  }
}
