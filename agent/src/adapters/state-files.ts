import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { Fault, messageOf, PRIVATE_MODE, syncFolder, writeFileAtomic } from '@wattfleet/protocol'
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
        writeFileAtomic(path, text, PRIVATE_MODE)
      })
    },
    remove(name) {
      const path = join(folder, name)
      guarded(path, () => {
        if (!existsSync(path)) return
        rmSync(path)
        syncFolder(folder)
      })
    },
  }
}
