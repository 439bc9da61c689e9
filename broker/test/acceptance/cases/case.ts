import type { Scene } from '../scene.ts'

/** Asks an engine one thing and says what came of it, in the words of the table. */
export type Case = (scene: Scene) => Promise<string>

/** By the table's key. */
export type Cases = Readonly<Record<string, Case>>

/** How long something that must not happen is waited for, ms: all engines here act at once or never. */
const NEVER_MS = 1_500

/** What `event` resolves with, or undefined where it does not come in time. */
export async function inTime<T>(event: Promise<T>, limitMs = NEVER_MS): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), limitMs)
  })
  try {
    return await Promise.race([event, late])
  } finally {
    clearTimeout(timer)
  }
}

/** The one outcome of several tries, or all of them where they differ. */
export function together(outcomes: readonly string[]): string {
  return [...new Set(outcomes)].sort().join(', ')
}
