import { type Clock, Fault } from '@wattfleet/protocol'
import { misfitOf, type Target } from './check.ts'
import { type Ruling, rulingOf, UNHARMED } from './ruling.ts'
import type { FaultSpec } from './spec.ts'
import { isHit, isInTime, nextChangeMs, type Occasion } from './when.ts'

/** Faults that hold at once: a script that never takes any back is somebody's mistake. */
export const MOST_FAULTS = 1_000

/** A fault that was given, as it is listed. */
export interface GivenFault {
  readonly id: string
  readonly spec: FaultSpec
  /** When it was given, milliseconds of the wire's clock. */
  readonly sinceMs: number
  /** Whether its time has come and is not over. */
  readonly inTime: boolean
  /** Requests that it has hit. */
  readonly hits: number
}

interface Entry {
  readonly id: string
  readonly spec: FaultSpec
  readonly sinceMs: number
  asked: number
  hits: number
}

/** Why a fault was not taken: it does not fit its device, or there are too many. */
export type Refused = { readonly ok: false; readonly path: string; readonly message: string }
export type Added = { readonly ok: true; readonly fault: GivenFault } | Refused

/**
 * The faults that are given now. What hits a request depends on the seed, the fault's id and which request it is, so the same
 * requests after the same faults go wrong in the same way.
 */
export class FaultBox {
  readonly #seed: number
  readonly #clock: Clock
  readonly #targets = new Map<string, Target>()
  #entries: Entry[] = []
  #lastId = 0
  #changed = new AbortController()

  /** @param clock what delays and windows are measured by */
  constructor(seed: number, clock: Clock) {
    this.#seed = seed
    this.#clock = clock
  }

  /** Lets faults be given for a device. Throws Fault `config` for a second device of the name. */
  register(device: string, target: Target): void {
    if (this.#targets.has(device)) throw new Fault('config', `two devices are called "${device}"`)
    this.#targets.set(device, target)
  }

  /** Gives a fault from now on; a value says why not. */
  add(spec: FaultSpec): Added {
    const misfit = misfitOf(spec, this.#targets.get(spec.device))
    if (misfit !== undefined) return { ok: false, ...misfit }
    if (this.#entries.length >= MOST_FAULTS) {
      return { ok: false, path: '', message: `there are ${MOST_FAULTS} faults already` }
    }
    const entry: Entry = { id: `f${++this.#lastId}`, spec, sinceMs: this.#clock.nowMs(), asked: 0, hits: 0 }
    this.#entries = [...this.#entries, entry]
    this.#tell()
    return { ok: true, fault: this.#given(entry) }
  }

  /** Takes a fault back; false where there is none of this id. */
  remove(id: string): boolean {
    const left = this.#entries.filter((entry) => entry.id !== id)
    if (left.length === this.#entries.length) return false
    this.#entries = left
    this.#tell()
    return true
  }

  list(): GivenFault[] {
    return this.#entries.map((entry) => this.#given(entry))
  }

  get(id: string): GivenFault | undefined {
    const entry = this.#entries.find((one) => one.id === id)
    return entry && this.#given(entry)
  }

  /** What happens to a request to a device that came now. */
  rule(device: string): Ruling {
    const nowMs = this.#clock.nowMs()
    const hits: { spec: FaultSpec; occasion: Occasion }[] = []
    for (const entry of this.#entries) {
      const { spec, id, sinceMs } = entry
      if (spec.device !== device || !isInTime(spec, sinceMs, nowMs)) continue
      entry.asked++
      const occasion = { seed: this.#seed, id, sinceMs, nowMs, asked: entry.asked }
      if (!isHit(spec, occasion)) continue
      entry.hits++
      hits.push({ spec, occasion })
    }
    return hits.length === 0 ? UNHARMED : rulingOf(hits)
  }

  /** Whether one of these devices refuses connections now. */
  refuses(devices: readonly string[]): boolean {
    const nowMs = this.#clock.nowMs()
    return this.#refusals(devices).some(({ spec, sinceMs }) => isInTime(spec, sinceMs, nowMs))
  }

  /** Resolves when `refuses` may have changed, or when aborted. */
  async untilChange(devices: readonly string[], signal: AbortSignal): Promise<void> {
    const nowMs = this.#clock.nowMs()
    const changes = this.#refusals(devices).map(({ spec, sinceMs }) => nextChangeMs(spec, sinceMs, nowMs))
    const atMs = Math.min(Number.POSITIVE_INFINITY, ...changes)
    await this.#clock.until(atMs, AbortSignal.any([signal, this.#changed.signal]))
  }

  #refusals(devices: readonly string[]): Entry[] {
    return this.#entries.filter(({ spec }) => spec.kind === 'refused' && devices.includes(spec.device))
  }

  #given({ id, spec, sinceMs, hits }: Entry): GivenFault {
    return { id, spec, sinceMs, hits, inTime: isInTime(spec, sinceMs, this.#clock.nowMs()) }
  }

  #tell(): void {
    this.#changed.abort()
    this.#changed = new AbortController()
  }
}
