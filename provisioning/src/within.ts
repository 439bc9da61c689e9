import { Fault } from '@wattfleet/protocol'

/** The chain's answer, or Fault `chain` (retryable) when the signal is aborted first: it holds nobody longer than that. */
export async function within<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  let onAbort = () => {}
  const ended = new Promise<never>((_, reject) => {
    onAbort = () => reject(new Fault('chain', 'no answer from the chain in time', { retryable: true }))
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
  return Promise.race([answer, ended]).finally(() => signal.removeEventListener('abort', onAbort))
}
