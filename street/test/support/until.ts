/** How often a condition is looked at. */
const LOOK_EVERY_MS = 20
/** Machines are slow: only what will never come takes this long. */
export const PATIENCE_MS = 90_000

/** What `probe` yields once that is neither undefined nor false. Throws, naming `what`, when it does not come. */
export async function until<T>(
  what: string | (() => string),
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  patienceMs = PATIENCE_MS,
): Promise<T> {
  const giveUpMs = performance.now() + patienceMs
  for (;;) {
    const found = await probe()
    if (found !== undefined && found !== false) return found
    if (performance.now() > giveUpMs) {
      throw new Error(`did not come in ${patienceMs / 1000} s: ${typeof what === 'string' ? what : what()}`)
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS))
  }
}
