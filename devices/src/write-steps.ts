import { Fault, messageOf, pause } from '@wattfleet/protocol'
import { backOffLeftMs, exceptionOf } from './core/faults.ts'
import { type Block, wordsAt } from './core/image.ts'
import type { RegisterWrite, RegisterWriter } from './ports.ts'

/** One request of several that together set something. */
export interface Step {
  /** What it says, such as `chargeLimit 2500 W`. */
  readonly text: string
  readonly write: RegisterWrite
}

/** What is written, and what takes it back if that does not come off. */
export interface Undertaking {
  readonly steps: readonly Step[]
  /** None where the steps themselves are what takes back. */
  readonly back: readonly Step[]
  /** The registers of all steps as the device has them now. Rejects with the line's faults. */
  readBack(signal: AbortSignal): Promise<readonly Block[]>
}

/** The device says that it did not do it. After anything else it may have (Modbus Application Protocol 1.1b3, section 7). */
const NOT_DONE = [1, 2, 3]

/** Throws Fault `device` where a register does not hold what was written to it. */
function assertHeld(steps: readonly Step[], blocks: readonly Block[]): void {
  for (const { write } of steps) {
    const { unitId, at, values } = write
    const held = wordsAt(blocks, at, values.length)
    if (held === undefined || values.some((value, i) => held[i] !== value)) {
      const text = `registers from ${at} hold ${held?.join(' ') ?? 'nothing'} after ${values.join(' ')} was written`
      throw new Fault('device', `unit ${unitId}: ${text}`)
    }
  }
}

/** How far a series of writes came. */
class Progress {
  readonly done: string[] = []
  /** Sent, and not known whether it was done. */
  doubtful: string | undefined

  async run(writer: RegisterWriter, steps: readonly Step[], signal: AbortSignal): Promise<void> {
    for (const { text, write } of steps) {
      this.doubtful = text
      try {
        await writer.writeRegisters(write, signal)
      } catch (error) {
        const isNotDone = NOT_DONE.includes(exceptionOf(error) ?? 0) || backOffLeftMs(error) !== undefined
        if (isNotDone) this.doubtful = undefined
        throw error
      }
      this.done.push(text)
      this.doubtful = undefined
    }
  }

  get isUntouched(): boolean {
    return this.done.length === 0 && this.doubtful === undefined
  }

  toString(): string {
    const doubt = this.doubtful === undefined ? [] : [`perhaps ${this.doubtful}`]
    return [...this.done, ...doubt].join(', ') || 'nothing'
  }
}

/** Takes back what was begun, and says what became of that. The caller's signal may be why: this has its own. */
async function takeBack(writer: RegisterWriter, { back, readBack }: Undertaking, stands: Progress): Promise<string> {
  if (back.length === 0) return `the device has confirmed ${stands}`
  const progress = new Progress()
  const { signal } = new AbortController()
  const run = async () => {
    await progress.run(writer, back, signal)
    assertHeld(back, await readBack(signal))
  }
  try {
    // after a silence the line leaves the device alone for a moment: that is no reason to leave it as it is
    await run().catch(async (error: unknown) => {
      const leftMs = backOffLeftMs(error)
      if (leftMs === undefined) throw error
      // a timer may fire a part of a millisecond early
      await pause(Math.ceil(leftMs) + 1, signal)
      await run()
    })
    return 'taken back'
  } catch (error) {
    return `the device has confirmed ${stands}, of taking it back ${progress}: ${messageOf(error)}`
  }
}

/**
 * Writes the steps in their order and reads back what the device has then. Where a step fails, or a register holds
 * something else, what was begun is taken back. Rejects with what went wrong first (the line's Fault, or Fault `device`),
 * its text followed by `taken back`, or by what the device has confirmed and may have done.
 */
export async function undertake(writer: RegisterWriter, undertaking: Undertaking, signal: AbortSignal): Promise<void> {
  const progress = new Progress()
  try {
    await progress.run(writer, undertaking.steps, signal)
    assertHeld(undertaking.steps, await undertaking.readBack(signal))
  } catch (error) {
    if (!(error instanceof Fault) || progress.isUntouched) throw error
    const after = await takeBack(writer, undertaking, progress)
    const { code, retryable, cause } = error
    throw new Fault(code, `${error.message}; ${after}`, { retryable, cause })
  }
}
