/** Between two looks. */
const POLL_MS = 250

/**
 * Looks again and again until the condition yields something else than undefined or false, and yields that. A look that
 * throws is one that saw nothing. Rejects after the time-out, with what the last look threw, and at once with what `given`
 * throws, which is asked before each look.
 */
export async function until<T>(
  what: string,
  timeoutMs: number,
  condition: () => Promise<T | undefined | false>,
  given: () => void = () => {},
): Promise<T> {
  const deadline = performance.now() + timeoutMs
  let last: unknown
  while (performance.now() < deadline) {
    given()
    try {
      const seen = await condition()
      if (seen !== undefined && seen !== false) return seen
      last = undefined
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
  throw new Error(`not in ${timeoutMs} ms: ${what}`, { cause: last })
}
