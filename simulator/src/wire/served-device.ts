import type { PointValues } from '@wattfleet/devices'
import { messageOf } from '@wattfleet/protocol'
import type { FaultBox } from '../faults/box.ts'
import { faultyRegisters, faultyValues, type Memory } from '../faults/image.ts'
import type { Ruling } from '../faults/ruling.ts'
import { type PlacedPoint, pointsOf, type Registers, registersOf, type WireDevice } from './device.ts'
import { EXCEPTION, exceptionPdu, handlePdu } from './pdu.ts'

/** What the wire does with one request. */
export interface Outcome {
  readonly ruling: Ruling
  /** Undefined where nothing is answered. */
  readonly pdu: Uint8Array | undefined
}

export interface ServedOptions {
  readonly faults: FaultBox
  /** What the device's own clock shows, milliseconds. */
  readonly clockMs: () => number
  /** Told once for each kind of trouble: a value that does not fit its registers. */
  readonly warn: (fields: object, text: string) => void
}

/** A device while it is served: with the registers that were written, and what its faults remember. */
export class ServedDevice {
  readonly device: WireDevice
  readonly #options: ServedOptions
  readonly #points: ReadonlyMap<string, PlacedPoint>
  /** Holding registers that were written, by address. */
  readonly #written = new Map<number, number>()
  readonly #memories = new Map<string, Memory>()
  readonly #told = new Set<string>()

  constructor(device: WireDevice, options: ServedOptions) {
    this.device = device
    this.#options = options
    this.#points = pointsOf(device)
  }

  /** What becomes of a request that comes now; what it writes is written. */
  request(pdu: Uint8Array): Outcome {
    const ruling = this.#options.faults.rule(this.device.name)
    return { ruling, pdu: this.#answer(pdu, ruling) }
  }

  /** Every value as the device would show it now without faults. */
  values(): PointValues {
    return this.device.values(this.#options.clockMs())
  }

  #answer(pdu: Uint8Array, ruling: Ruling): Uint8Array | undefined {
    const code = pdu[0] ?? 0
    if (ruling.exception !== undefined) return exceptionPdu(code, ruling.exception)
    let registers: Registers[]
    try {
      registers = this.#registers(ruling)
    } catch (error) {
      this.#warnOnce(messageOf(error))
      return exceptionPdu(code, EXCEPTION.failure)
    }
    const { writable, maxRegisters } = this.device
    const { answer, written } = handlePdu({ registers, writable, maxRegisters }, pdu)
    for (const [i, word] of (written?.words ?? []).entries()) this.#written.set((written?.at ?? 0) + i, word)
    return ruling.silent ? undefined : answer
  }

  #registers({ image }: Ruling): Registers[] {
    const nowMs = this.#options.clockMs()
    const remembered = image.map(({ id, spec }) => ({ spec, memory: this.#memoryOf(id, nowMs) }))
    const frozen = remembered.find(({ spec }) => spec.kind === 'frozenClock')
    const shown = this.device.values(frozen?.memory.clockMs ?? nowMs)
    let values = shown
    for (const { spec, memory } of remembered) values = faultyValues(spec, values, memory, this.#points)
    let registers = registersOf(this.device.parts, values)
    for (const { spec } of remembered) registers = faultyRegisters(spec, registers, this.#points)
    return registers.map((run) => this.#withWritten(run))
  }

  #memoryOf(id: string, nowMs: number): Memory {
    const known = this.#memories.get(id)
    if (known !== undefined) return known
    const memory = { values: this.device.values(nowMs), clockMs: nowMs }
    this.#memories.set(id, memory)
    return memory
  }

  #withWritten(run: Registers): Registers {
    if (run.kind !== 'holding') return run
    for (const [at, word] of this.#written) if (at >= run.at) run.words[at - run.at] = word
    return run
  }

  #warnOnce(text: string): void {
    if (this.#told.has(text)) return
    this.#told.add(text)
    this.#options.warn({ device: this.device.name, error: text }, 'a device cannot show its values; it answers failure')
  }
}
