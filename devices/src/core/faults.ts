import { Fault } from '@wattfleet/protocol'
import type { MissingReason } from '../ports.ts'

/** What went wrong on the line, as the cause of a Fault, so that silence, exceptions and lost connections stay apart. */
export type LineTrouble =
  | { readonly kind: 'exception'; readonly exception: number }
  | { readonly kind: 'backing-off'; readonly leftMs: number }
  | { readonly kind: 'stopped' }

/**
 * Modbus exception codes (Modbus Application Protocol 1.1b3, section 7). The request itself is at fault in 1 to 3; the
 * others may pass: 4 failure, 5 acknowledge, 6 busy, 8 parity, 10 and 11 from a gateway on behalf of its device.
 */
const EXCEPTIONS: Readonly<Record<number, string>> = {
  1: 'illegal function',
  2: 'illegal data address',
  3: 'illegal data value',
  4: 'device failure',
  5: 'acknowledge, later',
  6: 'device busy',
  8: 'memory parity error',
  10: 'gateway path unavailable',
  11: 'gateway target failed to respond',
}

/** Said by a gateway between a network and a serial line, of a device that it did not reach. */
const FROM_GATEWAY = [10, 11]

/** What a Modbus exception code is called, such as `illegal data address`. */
export function exceptionName(exception: number): string {
  return EXCEPTIONS[exception] ?? 'unknown exception'
}

/** Whether an exception was said by a gateway of a device that it did not reach: it proves no device. */
export function isFromGateway(exception: number): boolean {
  return FROM_GATEWAY.includes(exception)
}

export function exceptionFault(exception: number, what: string): Fault {
  return new Fault('device', `${what}: exception ${exception}, ${exceptionName(exception)}`, {
    retryable: exception > 3,
    cause: { kind: 'exception', exception } satisfies LineTrouble,
  })
}

export function backingOffFault(what: string, leftMs: number): Fault {
  return new Fault('transport', `${what}: left alone for ${Math.ceil(leftMs)} ms more after faults`, {
    retryable: true,
    cause: { kind: 'backing-off', leftMs } satisfies LineTrouble,
  })
}

export function stoppedFault(what: string): Fault {
  return new Fault('transport', `${what}: stopped`, { cause: { kind: 'stopped' } satisfies LineTrouble })
}

function troubleOf(error: unknown): LineTrouble | undefined {
  const cause = error instanceof Fault ? error.cause : undefined
  return typeof cause === 'object' && cause !== null && 'kind' in cause ? (cause as LineTrouble) : undefined
}

/** The Modbus exception code behind a fault; undefined where the device did not answer with one. */
export function exceptionOf(error: unknown): number | undefined {
  const trouble = troubleOf(error)
  return trouble?.kind === 'exception' ? trouble.exception : undefined
}

/** How long a device is still left alone, where that is the fault; undefined where it is another. */
export function backOffLeftMs(error: unknown): number | undefined {
  const trouble = troubleOf(error)
  return trouble?.kind === 'backing-off' ? trouble.leftMs : undefined
}

/** What a reading says of a value that could not be read because of this fault. Rethrows what is no fault of the line. */
export function missingReasonOf(error: unknown): MissingReason {
  if (!(error instanceof Fault)) throw error
  const trouble = troubleOf(error)
  if (trouble?.kind === 'exception') return FROM_GATEWAY.includes(trouble.exception) ? 'unreachable' : 'exception'
  if (trouble !== undefined) return trouble.kind
  switch (error.code) {
    case 'timeout':
      return 'timeout'
    case 'transport':
      return 'connection'
    case 'device':
      return 'unsupported'
    case 'protocol':
      return 'malformed'
    default:
      throw error
  }
}
