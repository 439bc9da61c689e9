import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { Fault, messageOf } from '@wattfleet/protocol'
import type { StateFiles } from '../ports.ts'

/** The files of one folder, which is made if need be, for the owner alone. */
export function stateFiles(folder: string): StateFiles {
  const guarded = <T>(path: string, work: () => T): T => {
    try {
      return work()
    } catch (error) {
      throw new Fault('store', `${path}: ${messageOf(error)}`, { cause: error })
    }
  }
  return {
    read(name) {
      const path = join(folder, name)
      return guarded(path, () => (existsSync(path) ? readFileSync(path, 'utf8') : undefined))
    },
    write(name, text) {
      const path = join(folder, name)
      guarded(path, () => {
        mkdirSync(folder, { recursive: true, mode: 0o700 })
        writeAtomically(path, text)
      })
    },
  }
}

/** Written beside, synced, renamed over, and the folder synced: a power cut leaves the old file or the new one. */
function writeAtomically(path: string, text: string): void {
  const beside = `${path}.new`
  withFile(beside, 'w', (file) => {
    writeSync(file, text)
    fsyncSync(file)
  })
  renameSync(beside, path)
  withFile(dirname(path), 'r', fsyncSync)
}

function withFile(path: string, flags: string, work: (file: number) => void): void {
  const file = openSync(path, flags, 0o600)
  try {
    work(file)
  } finally {
    closeSync(file)
  }
}
