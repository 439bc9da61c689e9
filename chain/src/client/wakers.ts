/** Whoever waits for something to change: woken all at once, or given up. */
export interface Wakers {
  wake(): void
  /** Resolves at the next waking, when aborted, or after so long. */
  next(signal: AbortSignal, mostMs?: number): Promise<void>
}

export function createWakers(): Wakers {
  const waiting = new Set<() => void>()
  return {
    wake() {
      for (const done of [...waiting]) done()
    },
    next: (signal, mostMs) =>
      new Promise<void>((resolve) => {
        if (signal.aborted) return resolve()
        const done = () => {
          waiting.delete(done)
          clearTimeout(timer)
          signal.removeEventListener('abort', done)
          resolve()
        }
        const timer = mostMs === undefined ? undefined : setTimeout(done, mostMs)
        waiting.add(done)
        signal.addEventListener('abort', done, { once: true })
      }),
  }
}
