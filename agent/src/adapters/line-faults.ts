import { type ModbusConnection, missingReasonOf } from '@wattfleet/devices'
import { Fault } from '@wattfleet/protocol'

/** What goes wrong on the line to one device, in words, for whoever reads the log: a reading only tells the kind. */
export interface LineFaults {
  /** Where the device is, such as `192.168.1.20:502, unit 1`. */
  readonly target: string
  note(error: unknown): void
  /** What was noted last, once. */
  take(): string | undefined
}

export function lineFaults(target: string): LineFaults {
  let last: string | undefined
  return {
    target,
    note(error) {
      if (!(error instanceof Fault)) return
      // these two say nothing of the device, and the first counts down
      const kind = missingReasonOf(error)
      if (kind !== 'backing-off' && kind !== 'stopped') last = error.message
    },
    take() {
      const taken = last
      last = undefined
      return taken
    },
  }
}

/** The same line; what its readings reject with is noted too. */
export function noting(line: ModbusConnection, { note }: LineFaults): ModbusConnection {
  return {
    timing: line.timing,
    async readRegisters(request, signal) {
      try {
        return await line.readRegisters(request, signal)
      } catch (error) {
        note(error)
        throw error
      }
    },
    writeRegisters: (write, signal) => line.writeRegisters(write, signal),
    close: () => line.close(),
  }
}
