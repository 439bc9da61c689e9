/** What can go wrong inside a part, as a closed set. Whoever sees the fault first decides whether a retry can help. */
export type FaultCode =
  | 'config' // a configuration that cannot be used
  | 'store' // a durable store that is full or failing
  | 'transport' // a connection that is down or was lost
  | 'timeout' // an answer that did not come in time
  | 'device' // a device that answers, but not with what it should
  | 'protocol' // bytes or text that do not follow the contract
  | 'chain' // the chain refused or could not be asked
  | 'enrolment' // the utility refused to enrol this gateway
  | 'internal' // a broken invariant: a bug

/** The one error class of the project. Refusals that the market foresees are values, not faults. */
export class Fault extends Error {
  readonly code: FaultCode
  readonly retryable: boolean
  constructor(code: FaultCode, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'Fault'
    this.code = code
    this.retryable = options.retryable ?? false
  }
}

/** Stops at a broken invariant. Stays on in production: a wrong sum must not travel. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Fault('internal', `invariant broken: ${message}`)
}

/** The text of whatever was thrown, for logs and answers. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
