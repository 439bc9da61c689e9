import { readFileSync, statSync } from 'node:fs'
import { Fault, messageOf } from '@wattfleet/protocol'
import type { pino } from 'pino'

/** The fingerprints in a list: one SHA-256 a line, hex, colons allowed, `#` starts a comment. Throws RangeError naming the line. */
export function parseRevoked(text: string): ReadonlySet<string> {
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
 * Revocation by a file that is read again when it changes. Throws Fault `config` when it cannot be used at the start;
 * later on the last good list stays in force and the mistake is logged.
 */
export function revokedByFile(path: string, log: pino.Logger): (fingerprint: string) => boolean {
  let stamp = stampOf(path)
  let revoked = load(path)
  return (fingerprint) => {
    try {
      const now = stampOf(path)
      if (now !== stamp) {
        stamp = now
        revoked = load(path)
        log.info({ path, revoked: revoked.size }, 'list of revoked certificates read')
      }
    } catch (error) {
      log.error({ path, error: messageOf(error) }, 'list of revoked certificates unusable; the last good one stays')
    }
    return revoked.has(fingerprint)
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
    return parseRevoked(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new Fault('config', `${path}: ${messageOf(error)}`, { cause: error })
  }
}
