import { type Clock, Fault } from '@wattfleet/protocol'
import type { ByteLine } from '../adapters/rtu-link.ts'
import { missingReasonOf } from '../core/faults.ts'
import { nothingRead } from '../core/readings.ts'
import type { Meter, Reading } from '../ports.ts'
import { confirmed, type Heard } from './confirmed.ts'
import { textTelegramIn } from './d0.ts'
import { type Entry, entriesIn } from './sml-list.ts'
import { telegramIn } from './sml-transport.ts'
import { readingOf } from './values.ts'

/** How telegrams are written: binary, or readable (IEC 62056-21 mode D). */
export type TelegramFormat = 'sml' | 'text'

/** What stands for a model where a meter has no registers but pushes telegrams. */
export const TELEGRAM_MODELS: Readonly<Record<string, TelegramFormat>> = { sml: 'sml', 'obis-text': 'text' }

export interface TelegramMeterOptions {
  readonly format: TelegramFormat
  /** The most that the connection can carry, W: readable telegrams are confirmed by it. */
  readonly mostW: number
  /** Opens the infrared head's line, again after it was lost; given up when the signal is aborted. Rejects with a Fault. */
  open(signal: AbortSignal): Promise<ByteLine>
  /** What readings are dated by. */
  readonly clock: Clock
  /** Monotonic, of the wall: how long is waited. */
  readonly steady: Clock
  /** Told why the line could not be opened or was lost: a reading only says `connection`. */
  readonly onFault?: (fault: unknown) => void
}

/** A meter that pushes; its line is kept open. */
export interface TelegramMeter extends Meter {
  close(): void
}

/** Meters push every one to four seconds: a telegram so old is of before. */
export const FRESH_MS = 5_000
/**
 * So long a reading waits for the next: two telegrams and a broken one between; of readable ones the three that confirm
 * each other, after one that does not.
 */
export const WAIT_MS = { sml: 10_000, text: 20_000 } as const

/** What one look at the bytes gives: the values of a telegram, or that one was broken. */
function nextOf(
  format: TelegramFormat,
  bytes: Uint8Array,
): { entries?: readonly Entry[]; isBroken: boolean; next: number; isDone: boolean } {
  if (format === 'text') {
    const found = textTelegramIn(bytes)
    const entries = found.is === 'telegram' ? { entries: found.entries } : {}
    return { ...entries, isBroken: found.is === 'broken', next: found.next, isDone: found.is === 'incomplete' }
  }
  const found = telegramIn(bytes)
  const entries = found.is === 'telegram' ? entriesIn(found.content, found.check) : undefined
  return {
    ...(entries !== undefined && { entries }),
    isBroken: found.is !== 'incomplete' && entries === undefined,
    next: found.next,
    isDone: found.is === 'incomplete',
  }
}

/**
 * A meter that pushes telegrams by itself. A reading is the latest telegram, or the next one where that is old; of readable
 * ones the latest that those before and after it confirm. Silence is `timeout`; only broken telegrams, or such as do not
 * confirm each other, `malformed`; a line that is gone `connection`.
 */
export function telegramMeter(options: TelegramMeterOptions): TelegramMeter {
  return new PushedMeter(options)
}

class PushedMeter implements TelegramMeter {
  readonly #options: TelegramMeterOptions
  readonly #closing = new AbortController()
  readonly #waiting = new Set<() => void>()
  #line: Promise<ByteLine> | undefined
  #held = new Uint8Array()
  #latest: Heard | undefined
  /** The last two readable telegrams, until the next confirms the second of them. */
  #unconfirmed: readonly Heard[] = []
  #broken = 0
  #fault: unknown

  constructor(options: TelegramMeterOptions) {
    this.#options = options
  }

  async read(signal: AbortSignal): Promise<Reading> {
    const { steady, clock, format } = this.#options
    const waitMs = WAIT_MS[format]
    const begun = steady.nowMs()
    const broken = this.#broken
    this.#fault = undefined
    while (!signal.aborted && !this.#closing.signal.aborted) {
      const latest = this.#latest
      const freshFrom = Math.min(begun, steady.nowMs() - FRESH_MS)
      if (latest !== undefined && latest.atMs >= freshFrom) return latest.reading
      if (steady.nowMs() - begun >= waitMs) break
      this.#keepOpen()
      await this.#news(begun + waitMs, signal)
      if (this.#fault !== undefined) return nothingRead(missingReasonOf(this.#fault), clock)
    }
    const isStopped = signal.aborted || this.#closing.signal.aborted
    const reason = isStopped ? 'stopped' : this.#broken > broken ? 'malformed' : 'timeout'
    return nothingRead(reason, clock)
  }

  close(): void {
    this.#closing.abort()
    this.#line?.then((line) => line.destroy()).catch(() => undefined)
    this.#wake()
  }

  /** Resolves when anything has come, or at that moment. */
  async #news(atMs: number, signal: AbortSignal): Promise<void> {
    const come = new AbortController()
    const wake = () => come.abort()
    this.#waiting.add(wake)
    await this.#options.steady.until(atMs, AbortSignal.any([come.signal, signal, this.#closing.signal]))
    this.#waiting.delete(wake)
  }

  #wake(): void {
    for (const wake of [...this.#waiting]) wake()
  }

  #keepOpen(): void {
    if (this.#line !== undefined) return
    const opening = this.#options.open(this.#closing.signal)
    this.#line = opening
    opening
      .then((line) => {
        if (this.#closing.signal.aborted) return line.destroy()
        line.listen((bytes) => (bytes === undefined ? this.#lost() : this.#heard(bytes)))
      })
      .catch((error: unknown) => this.#lost(error))
  }

  #lost(error: unknown = new Fault('transport', 'connection lost', { retryable: true })): void {
    this.#line = undefined
    this.#held = new Uint8Array()
    this.#fault = error
    this.#options.onFault?.(error)
    this.#wake()
  }

  #heard(bytes: Uint8Array): void {
    this.#held = Uint8Array.from([...this.#held, ...bytes])
    for (;;) {
      const { entries, isBroken, next, isDone } = nextOf(this.#options.format, this.#held)
      this.#held = this.#held.slice(next)
      if (isBroken) this.#broken++
      if (entries !== undefined) this.#take(entries)
      if (isDone) return
    }
  }

  #take(entries: readonly Entry[]): void {
    const { clock, steady, format, mostW } = this.#options
    const heard = { reading: readingOf(entries, clock.nowMs(), clock.steadyMs()), atMs: steady.nowMs() }
    if (format === 'sml') this.#latest = heard
    else {
      const [before, middle] = this.#unconfirmed
      this.#unconfirmed = [...this.#unconfirmed, heard].slice(-2)
      if (before === undefined || middle === undefined) return
      const reading = confirmed([before, middle, heard], mostW)
      if (reading === undefined) this.#broken++
      else this.#latest = { reading, atMs: middle.atMs }
    }
    this.#wake()
  }
}
