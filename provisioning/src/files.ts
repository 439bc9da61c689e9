import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'

/** Owner only: what is written here is a key or a secret. */
export const PRIVATE_MODE = 0o600
export const PUBLIC_MODE = 0o644

/** Writes a file so that after a crash there is either the former one or the whole new one. */
export function writeDurably(
  path: string,
  text: string,
  mode: number,
  beforeVisible: () => void = () => undefined,
): void {
  const draft = `${path}.draft`
  const file = openSync(draft, 'w', mode)
  try {
    writeSync(file, text)
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
