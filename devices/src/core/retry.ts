import { Fault } from '@wattfleet/protocol'
import { exceptionOf, missingReasonOf } from './faults.ts'

/*
 * Whether a request is said again at once, by the class of what went wrong. What is not is left to the caller's next
 * reading, and to the back-off.
 */

/** A device that is busy answers in a moment: three times within what a reading may take. */
const BUSY_WAIT_MS = 100
const BUSY_RETRIES = 3
/** A disturbed frame, a connection that the device had closed while nobody asked: the next attempt tells. */
const ONCE = 1

/** Acknowledge and busy: the device will answer later (Modbus Application Protocol 1.1b3, section 7). */
const LATER = [5, 6]
/** Failure of the device, and a parity error of its memory: they may pass. */
const PASSING = [4, 8]

/**
 * How long to wait before the same request is sent again, milliseconds; undefined where it is not. `failed` is how often it
 * has failed so far. Silence is not repeated: the line has been waited for long enough, and others share it.
 */
export function retryAfterMs(fault: unknown, failed: number): number | undefined {
  if (!(fault instanceof Fault && fault.retryable)) return undefined
  const exception = exceptionOf(fault)
  if (exception !== undefined) {
    if (LATER.includes(exception)) return failed <= BUSY_RETRIES ? BUSY_WAIT_MS : undefined
    return PASSING.includes(exception) && failed <= ONCE ? 0 : undefined
  }
  const reason = missingReasonOf(fault)
  return (reason === 'malformed' || reason === 'connection') && failed <= ONCE ? 0 : undefined
}
