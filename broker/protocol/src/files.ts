import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Modes of files: for their owner alone (keys, secrets), and for everybody to read. */
export const PRIVATE_MODE = 0o600
export const PUBLIC_MODE = 0o644

/**
 * Replaces a file whole and durably: after a power cut it holds the old content or the new. `beforeVisible` runs when the
 * new content is on the disk and nobody can see it yet; what it throws leaves the old file.
 */
export function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  mode = PUBLIC_MODE,
  beforeVisible: () => void = () => undefined,
): void {
  const draft = `${path}.draft`
  const file = openSync(draft, 'w', mode)
  try {
    writeSync(file, typeof content === 'string' ? Buffer.from(content) : content)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  beforeVisible()
  renameSync(draft, path)
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder) // the rename itself
  } finally {
    closeSync(folder)
  }
}
