import { type Clock, Fault } from '@wattfleet/protocol'
import { exceptionFault, stoppedFault } from '../core/faults.ts'
import { answerBytes, answerIn, encodeRequest, REQUEST_BYTES } from '../core/rtu-frame.ts'
import type { LineRequest } from '../ports.ts'
import { type Link, nameOf } from './link.ts'

/** Bytes in both directions, whatever carries them: a serial port, or a socket. */
export interface ByteLine {
  readonly alive: boolean
  /** Resolves once they were handed over. Rejects with a Fault `transport`. */
  write(bytes: Uint8Array): Promise<void>
  /** Called with whatever comes, and once more without bytes when the line is gone. */
  listen(onBytes: (bytes: Uint8Array | undefined) => void): void
  destroy(): void
}

export interface RtuOptions {
  /** What the line is called in messages, such as `/dev/ttyUSB0`. */
  readonly name: string
  /** One character on the line; 0 where bytes are not paced, as over a socket. */
  readonly characterMs: number
  /** Silence that ends a frame. */
  readonly gapMs: number
  /**
   * How late an answer may still begin, from the end of its request, once it was given up. Until then the line is not used:
   * on RTU nothing in an answer tells which request it is to.
   */
  readonly maxReplyDelayMs: number
  /**
   * After so many requests in a row without a single byte the connection is given up, and a new one is made once no answer
   * can come any more. Without it the line is kept.
   */
  readonly mostSilences?: number
  /** When the line is free again: the one thing that a new connection must know of the one before it. */
  readonly free: LineFree
  /** Monotonic. */
  readonly clock: Clock
}

/**
 * A serial server hands what comes from its line to whoever is connected, so that an answer outlives the connection over
 * which it was asked for.
 */
export interface LineFree {
  atMs: number
}

/**
 * After a fault the line counts as silent when nothing came for so long: USB adapters hand bytes over every 16 ms.
 */
const QUIET_MS = 20

/** An echo and noise around an answer: what is longer, and holds no answer, will hold none. */
const MOST_AROUND = 12
/** Bytes kept of what comes: the longest answer and a good deal of noise. A line that babbles is not kept whole. */
const MOST_HELD = 1_024

interface Awaited {
  readonly request: LineRequest
  readonly done: (answer: readonly number[] | Fault) => void
}

/**
 * Modbus RTU, one request at a time. After a time-out or a bad frame the line is drained: no request is sent before an
 * answer to the last one can no longer come, or has come. So a late answer is never taken for another's.
 */
export function rtuLink(line: ByteLine, options: RtuOptions): Link {
  return new RtuLink(line, options)
}

class RtuLink implements Link {
  readonly #line: ByteLine
  readonly #options: RtuOptions
  readonly #gone = new AbortController()
  /** Aborted when the line is free sooner than was thought. */
  #sooner = new AbortController()
  #held: number[] = []
  #awaited: Awaited | undefined
  /** The last request, as long as its answer may come. */
  #open: LineRequest | undefined
  /** Requests in a row to which not a byte came. */
  #silences = 0
  #lastByteMs = Number.NEGATIVE_INFINITY

  constructor(line: ByteLine, options: RtuOptions) {
    this.#line = line
    this.#options = options
    line.listen((bytes) => (bytes === undefined ? this.#lost() : this.#heard(bytes)))
  }

  get alive(): boolean {
    return this.#line.alive && !this.#gone.signal.aborted
  }

  async request(request: LineRequest, timeoutMs: number): Promise<readonly number[]> {
    const { characterMs, maxReplyDelayMs, free, clock } = this.#options
    if (!this.alive) throw this.#lostFault()
    this.#open = request
    this.#held = []
    const answer = new Promise<readonly number[] | Fault>((done) => {
      this.#awaited = { request, done }
    })
    await this.#line.write(encodeRequest(request))
    const sentMs = clock.nowMs() + REQUEST_BYTES * characterMs
    free.atMs = sentMs + maxReplyDelayMs
    const over = new AbortController()
    const atMs = sentMs + timeoutMs + answerBytes(request) * characterMs
    const waited = clock.until(atMs, AbortSignal.any([over.signal, this.#gone.signal])).then(() => {
      if (!over.signal.aborted) this.#end(this.#outOfTime(request, timeoutMs))
    })
    const result = await answer
    over.abort()
    await waited
    if (result instanceof Fault) throw result
    return result
  }

  async ready(): Promise<boolean> {
    await this.#silence()
    if (this.#silences >= (this.#options.mostSilences ?? Number.POSITIVE_INFINITY)) this.destroy()
    return this.alive
  }

  destroy(): void {
    this.#gone.abort()
    this.#line.destroy()
    this.#end(stoppedFault(this.#options.name))
  }

  /** Waits until nothing that belongs to an earlier request can come any more. */
  async #silence(): Promise<void> {
    const { gapMs, free, clock } = this.#options
    while (!this.#gone.signal.aborted) {
      const quietMs = this.#open === undefined ? gapMs : Math.max(gapMs, QUIET_MS)
      const atMs = Math.max(free.atMs, this.#lastByteMs + quietMs)
      if (clock.nowMs() >= atMs) return
      await clock.until(atMs, AbortSignal.any([this.#gone.signal, this.#sooner.signal]))
    }
  }

  #lost(): void {
    this.#gone.abort()
    this.#end(this.#lostFault())
  }

  #lostFault(): Fault {
    return new Fault('transport', `${this.#options.name}: connection lost`, { retryable: true })
  }

  #heard(bytes: Uint8Array): void {
    const { clock } = this.#options
    this.#lastByteMs = clock.nowMs()
    this.#silences = 0
    if (this.#held.length < MOST_HELD) this.#held.push(...bytes)
    if (this.#awaited !== undefined) this.#lookAt(this.#awaited)
    else if (this.#open !== undefined) {
      const { is } = answerIn(Uint8Array.from(this.#held), this.#open)
      // the device has answered, too late: nothing more of it comes
      if (is === 'registers' || is === 'exception') this.#free(QUIET_MS)
    }
  }

  #free(afterMs: number): void {
    this.#open = undefined
    this.#options.free.atMs = this.#options.clock.nowMs() + afterMs
    this.#sooner.abort()
    this.#sooner = new AbortController()
  }

  #lookAt({ request }: Awaited): void {
    const answer = answerIn(Uint8Array.from(this.#held), request)
    const what = nameOf(request, this.#options.name)
    const bad = (why: string) => this.#end(new Fault('protocol', `${what}: ${why}`, { retryable: true }))
    switch (answer.is) {
      case 'incomplete':
        return
      case 'broken':
        // not before it is too long to become an answer: its beginning may be noise
        if (this.#held.length >= answerBytes(request) + MOST_AROUND) bad(answer.why)
        return
      default:
        // bytes behind an answer are another's: which of the two is this one's, nobody knows
        if (answer.rest > 0) bad(`${answer.rest} bytes too many`)
        else {
          this.#free(this.#options.gapMs)
          this.#end(answer.is === 'exception' ? exceptionFault(answer.code, what) : answer.registers)
        }
    }
  }

  #outOfTime(request: LineRequest, timeoutMs: number): Fault {
    const what = nameOf(request, this.#options.name)
    const held = this.#held.length
    if (held === 0) this.#silences++
    if (held === 0) return new Fault('timeout', `${what}: no answer within ${timeoutMs} ms`, { retryable: true })
    const found = answerIn(Uint8Array.from(this.#held), request)
    const why = found.is === 'broken' ? found.why : `only ${held} bytes of an answer within ${timeoutMs} ms`
    return new Fault('protocol', `${what}: ${why}`, { retryable: true })
  }

  #end(result: readonly number[] | Fault): void {
    const done = this.#awaited?.done
    this.#awaited = undefined
    this.#held = []
    done?.(result)
  }
}
