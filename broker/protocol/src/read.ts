import { readFileSync, statSync } from 'node:fs'
import { fromHex } from './bytes.ts'
import { Fault, messageOf } from './fault.ts'

/** The text of a file that a configuration or a command line names. Throws Fault `config`: path and reason. */
export function readText(path: string): string {
  return guarded(path, () => readFileSync(path, 'utf8'))
}

/**
 * Whether a file's secret is nobody else's: its owner alone may read it, and of root's file a group that root has given it to,
 * such as that of a service which is not root.
 */
export function isPrivate({ mode, uid }: { readonly mode: number; readonly uid: number }): boolean {
  return (mode & (uid === 0 ? 0o037 : 0o077)) === 0
}

/** The same of a secret (`isPrivate`): who else can read it, has it. */
export function readPrivateText(path: string): string {
  const stats = guarded(path, () => statSync(path))
  if (!isPrivate(stats)) {
    const octal = (stats.mode & 0o777).toString(8).padStart(4, '0')
    throw new Fault('config', `${path}: may be read by others (mode ${octal}); expected mode 0600`)
  }
  return readText(path)
}

/** The 32 bytes of a key's seed, which its owner alone may read. */
export function readSeed(path: string): Uint8Array {
  const text = readPrivateText(path).trim()
  const seed = fromHex(text, 32)
  if (seed !== undefined) return seed
  const what = text.length === 64 ? ', not all of them hex digits' : ''
  throw new Fault('config', `${path}: expected a seed of 64 hex digits, got ${text.length} characters${what}`)
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    throw new Fault('config', `${path}: cannot be read: ${messageOf(error)}`, { cause: error })
  }
}
