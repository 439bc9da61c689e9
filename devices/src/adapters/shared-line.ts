import { Fault, pause } from '@wattfleet/protocol'
import { afterFault, type BackOff, RESTED, waitLeftMs } from '../core/back-off.ts'
import { backingOffFault, stoppedFault } from '../core/faults.ts'
import { type LineTiming, MOST_REGISTERS } from '../core/plan.ts'
import { retryAfterMs } from '../core/retry.ts'
import { Turns } from '../core/turns.ts'
import type { LineRequest, ModbusConnection, RegisterRequest, RegisterWrite } from '../ports.ts'
import type { Link } from './link.ts'

export interface SharedLineOptions {
  /** What it is called in messages. */
  readonly name: string
  readonly timing: LineTiming
  /** Longest wait for a connection, and for an answer. */
  readonly timeoutMs: number
  /** The system's monotonic clock, milliseconds. */
  readonly monotonicMs: () => number
  /**
   * Whether a device is left alone for a while after a fault, see `BackOff`. Without it yes; not where somebody asks once
   * and waits for the answer.
   */
  readonly backsOff?: boolean
  /** Opens it. Rejects with a Fault. */
  connect(signal: AbortSignal): Promise<Link>
}

/** Requests of one device that may wait for their turn: a reading needs a handful; more means a caller that never waits. */
const MOST_WAITING_PER_UNIT = 32
/** The protocol's limit for function 16 (Modbus Application Protocol 1.1b3, 6.12). */
const MOST_WRITTEN = 123

interface Job {
  readonly request: LineRequest
  /** Of its caller, who may stop waiting. */
  readonly signal: AbortSignal
  readonly resolve: (registers: readonly number[]) => void
  readonly reject: (fault: Fault) => void
}

/**
 * One line or socket that several devices share. It opens with the first request, is made anew when its link is dead, and
 * serves its devices one request at a time in fair turns.
 */
export function sharedLine(options: SharedLineOptions): ModbusConnection {
  return new SharedLine(options)
}

class SharedLine implements ModbusConnection {
  readonly timing: LineTiming
  readonly #name: string
  readonly #timeoutMs: number
  readonly #now: () => number
  readonly #backsOff: boolean
  readonly #connect: (signal: AbortSignal) => Promise<Link>
  readonly #turns = new Turns<Job>(MOST_WAITING_PER_UNIT)
  readonly #closing = new AbortController()
  readonly #units = new Map<number, BackOff>()
  readonly #callers = new WeakMap<AbortSignal, Set<Job>>()
  #connecting: BackOff = RESTED
  #link: Link | undefined
  #work: Promise<void> | undefined

  constructor(options: SharedLineOptions) {
    this.timing = options.timing
    this.#name = options.name
    this.#timeoutMs = options.timeoutMs
    this.#now = options.monotonicMs
    this.#backsOff = options.backsOff ?? true
    this.#connect = (signal) => options.connect(signal)
  }

  readRegisters(request: RegisterRequest, signal: AbortSignal): Promise<readonly number[]> {
    assertRequest(request, request.count, MOST_REGISTERS)
    return this.#queue(request, signal)
  }

  async writeRegisters(write: RegisterWrite, signal: AbortSignal): Promise<void> {
    assertRequest(write, write.values.length, MOST_WRITTEN)
    if (!write.values.every((value) => Number.isInteger(value) && value >= 0 && value <= 0xffff)) {
      throw new RangeError(`no registers: ${write.values.join(', ')}`)
    }
    await this.#queue(write, signal)
  }

  #queue(request: LineRequest, signal: AbortSignal): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      if (signal.aborted || this.#closing.signal.aborted) return reject(stoppedFault(this.#name))
      const job: Job = { request, signal, resolve, reject }
      if (!this.#turns.add(request.unitId, job)) {
        const text = `${this.#name}: ${MOST_WAITING_PER_UNIT} requests of unit ${request.unitId} are waiting already`
        return reject(new Fault('transport', text, { retryable: true }))
      }
      this.#waitingFor(signal).add(job)
      this.#work ??= this.#serve()
    })
  }

  /**
   * The jobs of a caller that are not done. One listener for all that it ever asks: one for each request is a tenth of what
   * a request costs.
   */
  #waitingFor(signal: AbortSignal): Set<Job> {
    const known = this.#callers.get(signal)
    if (known !== undefined) return known
    const jobs = new Set<Job>()
    this.#callers.set(signal, jobs)
    // a request on the line runs to its end for the sake of the next; its caller need not wait for it
    const onAbort = () => {
      for (const job of jobs) {
        this.#turns.remove(job.request.unitId, job)
        job.reject(stoppedFault(this.#name))
      }
      jobs.clear()
    }
    signal.addEventListener('abort', onAbort, { once: true })
    return jobs
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#link?.destroy()
    for (const job of this.#turns.drain()) job.reject(stoppedFault(this.#name))
    await this.#work
  }

  async #serve(): Promise<void> {
    for (let job = this.#turns.take(); job !== undefined; job = this.#turns.take()) {
      try {
        job.resolve(await this.#answer(job.request))
      } catch (error) {
        const bug = new Fault('internal', `${this.#name}: ${String(error)}`, { cause: error })
        job.reject(error instanceof Fault ? error : bug)
      }
      this.#callers.get(job.signal)?.delete(job)
    }
    // in the same turn of the event loop as the last look at the queue, so that no request falls between
    this.#work = undefined
  }

  async #answer(request: LineRequest): Promise<readonly number[]> {
    const unit = this.#units.get(request.unitId) ?? RESTED
    const left = unit === RESTED ? 0 : waitLeftMs(unit, this.#now())
    if (left > 0) throw backingOffFault(`${this.#name} unit ${request.unitId}`, left)
    for (let failed = 1; ; failed++) {
      // a connection that cannot be had has a back-off of its own
      const ready = this.#link?.ready() ?? false
      const link = ready === true && this.#link ? this.#link : await this.#open(ready)
      try {
        const registers = await link.request(request, this.#timeoutMs)
        this.#units.delete(request.unitId)
        return registers
      } catch (error) {
        const { signal } = this.#closing
        // a write may have been done: whoever wanted it looks before it says so again
        const waitMs = 'values' in request ? undefined : retryAfterMs(error, failed)
        if (waitMs === undefined) this.#afterRequest(request.unitId, unit, error)
        if (signal.aborted) throw stoppedFault(this.#name)
        if (waitMs === undefined) throw error
        await pause(waitMs, signal)
      }
    }
  }

  /** An exception that another request may not meet is no reason to leave the device alone; everything else is. */
  #afterRequest(unitId: number, before: BackOff, error: unknown): void {
    const asked = error instanceof Fault && error.code === 'device' && !error.retryable
    if (!asked && this.#backsOff) this.#units.set(unitId, afterFault(before, this.#now()))
  }

  async #open(ready: boolean | Promise<boolean>): Promise<Link> {
    if ((await ready) && this.#link) return this.#link
    const left = waitLeftMs(this.#connecting, this.#now())
    if (left > 0) throw backingOffFault(this.#name, left)
    try {
      this.#link = await this.#connect(this.#closing.signal)
      this.#connecting = RESTED
    } catch (error) {
      if (this.#backsOff) this.#connecting = afterFault(this.#connecting, this.#now())
      throw error
    }
    // where it is gone again by then, the request will say so
    await this.#link.ready()
    return this.#link
  }
}

function assertRequest({ unitId, at }: LineRequest, count: number, most: number): void {
  const whole = [unitId, at, count].every(Number.isInteger)
  if (!whole || unitId < 0 || unitId > 255 || count < 1 || count > most || at < 0 || at + count > 0x1_0000) {
    throw new RangeError(`no request: unit ${unitId}, ${count} registers from ${at}`)
  }
}
