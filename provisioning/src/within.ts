import { Fault, unlessAborted } from '@wattfleet/protocol'

/** The chain's answer, or Fault `chain` (retryable) when the signal is aborted first: it holds nobody longer than that. */
export function within<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  return unlessAborted(
    answer,
    signal,
    () => new Fault('chain', 'no answer from the chain in time', { retryable: true }),
  )
}
