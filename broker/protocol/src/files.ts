import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

/** Modes of files: for their owner alone (keys, secrets), and for everybody to read. */
export const PRIVATE_MODE = 0o600
export const PUBLIC_MODE = 0o644

/**
 * Replaces a file whole and durably: after a power cut it holds the old content or the new. `beforeVisible` runs when the
 * new content is on the disk and nobody can see it yet; what it throws leaves the old file. Throws the system's error where
 * the disk is full or the place cannot be written; then nothing of the new content stays. `draft` is where it is made: a
 * file that several processes write wants one for each.
 */
export function writeFileAtomic(
  path: string,
  content: string | Uint8Array,
  mode = PUBLIC_MODE,
  beforeVisible: () => void = () => undefined,
  draft = `${path}.draft`,
): void {
  rmSync(draft, { force: true }) // what a crash left would keep its own mode
  const file = openSync(draft, 'wx', mode)
  try {
    try {
      writeFileSync(file, content) // not writeSync: a disk that is nearly full takes a part and reports no error
      fsyncSync(file)
    } finally {
      closeSync(file)
    }
    beforeVisible()
    renameSync(draft, path)
  } catch (error) {
    rmSync(draft, { force: true })
    throw error
  }
  syncFolder(dirname(path)) // the rename itself
}

/** Makes durable which names a folder has. */
export function syncFolder(path: string): void {
  const folder = openSync(path, 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
