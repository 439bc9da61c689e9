import type { Clock } from '@wattfleet/protocol'
import { rtuFrame } from '../faults/frames.ts'
import { answerAtMs, type Pace, piecesOf } from './pace.ts'
import { Queue } from './queue.ts'
import { type RtuRequest, requestsIn } from './rtu-requests.ts'
import type { ServedDevice } from './served-device.ts'

/** The unit that every device hears and none answers (Modbus over Serial Line 1.02, 2.2). */
const BROADCAST = 0
/** What is left of a frame is forgotten after this silence: adapters and networks hold bytes back for tens of milliseconds. */
const FORGET_MS = 200

/** One who sends requests on a line: a serial port, or one connection of a serial server. */
export interface Talker {
  readonly signal: AbortSignal
  write(bytes: Uint8Array): void
  /** Holds back what comes in, or no longer. */
  hold(isFull: boolean): void
  /** Resets the connection, where there is one. */
  reset(): void
  /** Ends it, once the other side has ended and everything is answered. */
  end(): void
}

/** Where what somebody says goes. */
export interface Ear {
  bytes(bytes: Uint8Array): void
  /** Nothing more comes. */
  ended(): void
}

interface Job {
  readonly request: RtuRequest
  readonly arrivedMs: number
  readonly talker: Mouth
}

interface Mouth extends Talker {
  isDead: boolean
}

/**
 * A Modbus RTU line with its devices. It carries one frame at a time: a request waits until the answer before it is through.
 * Only a late answer comes in between. A unit that is not there stays silent, as a request with a wrong CRC does.
 */
export class RtuLine {
  readonly #devices: readonly ServedDevice[]
  readonly #clock: Clock
  readonly #pace: Pace
  readonly #queue: Queue<Job>
  readonly #mouths = new Set<Mouth>()
  #freeMs = Number.NEGATIVE_INFINITY

  constructor(devices: readonly ServedDevice[], pace: Pace, clock: Clock) {
    this.#devices = devices
    this.#pace = pace
    this.#clock = clock
    this.#queue = new Queue<Job>(
      (job) => this.#answer(job),
      (isFull) => {
        for (const mouth of this.#mouths) mouth.hold(isFull)
      },
    )
  }

  /** Lets somebody talk on the line; what is returned is told of what comes from there. */
  connect(talker: Talker): Ear {
    const mouth: Mouth = {
      ...{ signal: talker.signal, isDead: false },
      write: (bytes) => talker.write(bytes),
      hold: (isFull) => talker.hold(isFull),
      reset: () => talker.reset(),
      end: () => talker.end(),
    }
    this.#mouths.add(mouth)
    talker.signal.addEventListener('abort', () => this.#mouths.delete(mouth), { once: true })
    let held: Uint8Array = new Uint8Array()
    let lastMs = Number.NEGATIVE_INFINITY
    const heard = (bytes: Uint8Array) => {
      const arrivedMs = this.#clock.nowMs()
      const before = arrivedMs - lastMs > FORGET_MS ? new Uint8Array() : held
      lastMs = arrivedMs
      const { requests, rest } = requestsIn(Uint8Array.of(...before, ...bytes))
      held = rest
      for (const request of requests) this.#queue.add({ request, arrivedMs, talker: mouth })
    }
    return {
      bytes: heard,
      ended: () => void this.#queue.idle().then(() => mouth.isDead || mouth.end()),
    }
  }

  async #answer({ request, arrivedMs, talker }: Job): Promise<void> {
    const { unitId, pdu, bytes } = request
    if (talker.isDead || talker.signal.aborted) return
    if (unitId === BROADCAST) {
      for (const served of this.#devices) served.request(pdu)
      return
    }
    const served = this.#devices.find(({ device }) => device.unitId === unitId)
    if (served === undefined) return
    const { ruling, pdu: reply } = served.request(pdu)
    if (ruling.halfOpen) {
      talker.isDead = true
      return
    }
    const turnaroundMs = (served.device.turnaroundMs ?? 0) + ruling.delayMs
    const atMs = answerAtMs(this.#pace, { arrivedMs, bytes }, this.#freeMs, turnaroundMs)
    if (ruling.reset) {
      await this.#clock.until(atMs, talker.signal)
      talker.reset()
      return
    }
    if (reply === undefined) return
    const frame = rtuFrame({ unitId, pdu: reply }, ruling.frame)
    if (ruling.lateMs > 0) void this.#send(talker, frame, atMs + ruling.lateMs, ruling.byteMs)
    else await this.#send(talker, frame, atMs, ruling.byteMs)
  }

  async #send(talker: Mouth, frame: Uint8Array, startMs: number, byteMs: number): Promise<void> {
    const isDrip = byteMs > this.#pace.characterMs
    const pieces = isDrip ? piecesOf(frame, startMs, byteMs, 0) : piecesOf(frame, startMs, this.#pace.characterMs)
    for (const piece of pieces) {
      await this.#clock.until(piece.atMs, talker.signal)
      if (talker.signal.aborted) return
      talker.write(piece.bytes)
      this.#freeMs = Math.max(this.#freeMs, piece.atMs)
    }
  }
}
