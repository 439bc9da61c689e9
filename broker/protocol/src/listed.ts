import { readFileSync, statSync } from 'node:fs'
import { monotonicMs } from './clock.ts'
import { Fault, messageOf } from './fault.ts'

/** Where a list that is read again says so. */
export interface ListLog {
  info(fields: object, text: string): void
  error(fields: object, text: string): void
}

/**
 * The 32-byte values in a list: one a line, hex, colons allowed, `#` starts a comment. `what` is what a line is expected to
 * hold. Throws RangeError naming the line.
 */
export function parseListed(text: string, what: string): ReadonlySet<string> {
  const listed = new Set<string>()
  for (const [index, line] of text.split('\n').entries()) {
    const bare = (line.split('#')[0] ?? '').trim().replaceAll(':', '').toLowerCase()
    if (bare === '') continue
    if (!/^[0-9a-f]{64}$/.test(bare)) throw new RangeError(`line ${index + 1}: expected ${what} in hex`)
    listed.add(bare)
  }
  return listed
}

export interface ListedFile {
  readonly path: string
  /** What a line holds, such as `a SHA-256 fingerprint`. */
  readonly what: string
  /** What the list is, for the log. */
  readonly about: string
  readonly log: ListLog
  /** How often the file is looked at, ms, where it is asked for with every message; 0: each time. */
  readonly lookEveryMs?: number
  /** Whoever is not in it may have been written into it this moment, and is looked for at once. */
  readonly missesAreRare?: boolean
}

/**
 * Whether a value is in a file that is read again when it changes. Throws Fault `config` when it cannot be used at the
 * start; later on the last good list stays in force and the mistake is logged.
 */
export function listedInFile(list: ListedFile): (value: string) => boolean {
  const { path, what, about, log, lookEveryMs = 0, missesAreRare = false } = list
  const load = () => guarded(path, () => parseListed(readFileSync(path, 'utf8'), what))
  let stamp = stampOf(path)
  let listed = load()
  let isGone = false
  let lookAtMs = monotonicMs() + lookEveryMs
  return (value) => {
    const nowMs = monotonicMs()
    if (nowMs < lookAtMs && !(missesAreRare && !listed.has(value))) return listed.has(value)
    lookAtMs = nowMs + lookEveryMs
    try {
      const now = stampOf(path)
      isGone = false
      if (now !== stamp) {
        stamp = now
        listed = load()
        log.info({ path, entries: listed.size }, `${about} read`)
      }
    } catch (error) {
      // it is asked for with every message: said once
      if (!isGone) log.error({ path, error: messageOf(error) }, `${about} unusable; the last good one stays`)
      isGone = true
    }
    return listed.has(value)
  }
}

function stampOf(path: string): string {
  return guarded(path, () => {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs}/${size}/${ino}`
  })
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new Fault('config', `${path}: ${messageOf(error)}`, { cause: error })
  }
}
