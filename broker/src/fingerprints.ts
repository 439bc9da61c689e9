import { readFileSync, statSync } from 'node:fs'
import { Fault, messageOf, monotonicMs } from '@wattfleet/protocol'
import type { pino } from 'pino'

/** How often the file is looked at, ms: the answer itself is asked for with every message. */
const LOOK_EVERY_MS = 200

/** The fingerprints in a list: one SHA-256 a line, hex, colons allowed, `#` starts a comment. Throws RangeError naming the line. */
export function parseFingerprints(text: string): ReadonlySet<string> {
  const fingerprints = new Set<string>()
  for (const [index, line] of text.split('\n').entries()) {
    const bare = (line.split('#')[0] ?? '').trim().replaceAll(':', '').toLowerCase()
    if (bare === '') continue
    if (!/^[0-9a-f]{64}$/.test(bare)) throw new RangeError(`line ${index + 1}: expected a SHA-256 fingerprint in hex`)
    fingerprints.add(bare)
  }
  return fingerprints
}

/**
 * Whether a certificate is in a file that is read again when it changes. Throws Fault `config` when it cannot be used at
 * the start; later on the last good list stays in force and the mistake is logged. `what` says in the log what is listed;
 * `missesAreRare`: whoever is not in it may have been written into it this moment, and is looked for at once.
 */
export function fingerprintsByFile(
  path: string,
  what: string,
  log: pino.Logger,
  { missesAreRare = false } = {},
): (fingerprint: string) => boolean {
  let stamp = stampOf(path)
  let listed = load(path)
  let lookAtMs = monotonicMs() + LOOK_EVERY_MS
  return (fingerprint) => {
    const nowMs = monotonicMs()
    if (nowMs < lookAtMs && !(missesAreRare && !listed.has(fingerprint))) return listed.has(fingerprint)
    lookAtMs = nowMs + LOOK_EVERY_MS
    try {
      const now = stampOf(path)
      if (now !== stamp) {
        stamp = now
        listed = load(path)
        log.info({ path, listed: listed.size }, `list of ${what} read`)
      }
    } catch (error) {
      log.error({ path, error: messageOf(error) }, `list of ${what} unusable; the last good one stays`)
    }
    return listed.has(fingerprint)
  }
}

function stampOf(path: string): string {
  try {
    const { mtimeMs, size, ino } = statSync(path)
    return `${mtimeMs}/${size}/${ino}`
  } catch (error) {
    throw new Fault('config', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
}

function load(path: string): ReadonlySet<string> {
  try {
    return parseFingerprints(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Fault('config', `${path}: ${messageOf(error)}`, { cause: error })
  }
}
