import { Fault, messageOf } from '@wattfleet/protocol'

/** How long one question to a node may take. Calls that were under way when a connection broke never answer. */
export const ANSWER_TIMEOUT_MS = 15_000

/** An answer in time, or a retryable Fault `chain`. What the question itself throws as a Fault stays as it is. */
export async function inTime<T>(answer: Promise<T>, what: string, timeoutMs = ANSWER_TIMEOUT_MS): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    const fault = new Fault('chain', `no answer in ${timeoutMs} ms: ${what}`, { retryable: true })
    timer = setTimeout(() => reject(fault), timeoutMs)
  })
  try {
    return await Promise.race([answer, late])
  } catch (cause) {
    if (cause instanceof Fault) throw cause
    throw new Fault('chain', `${what}: ${messageOf(cause)}`, { retryable: true, cause })
  } finally {
    clearTimeout(timer)
  }
}
