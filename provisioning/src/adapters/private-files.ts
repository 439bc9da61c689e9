import {
  closeSync,
  fsync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { Fault, messageOf, PRIVATE_MODE } from '@wattfleet/protocol'

export interface PrivateFile {
  readonly path: string
  readonly content: string
}

/** Two that write at a time must not take each other's drafts. */
let batches = 0
const DRAFT = /\.(\d+)-\d+\.draft$/

/** Removes the drafts of processes that are gone. */
export function clearDrafts(folder: string): void {
  if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  for (const name of readdirSync(folder)) {
    const [, pid] = DRAFT.exec(name) ?? []
    if (pid !== undefined && !isAlive(Number(pid))) rmSync(join(folder, name), { force: true })
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/**
 * `writeFileAtomic` for many files of one folder, which is made if need be, for their owner alone: the disk is waited for together, which takes a
 * fifth of the time of one after the other. `beforeVisible` runs when all contents are on the disk and none can be seen;
 * what it throws leaves the old files. A process that is killed after it leaves some files new and some old. Throws Fault
 * `store` where the place cannot be written; then nothing of the new contents stays.
 */
export async function writeFilesAtomic(files: readonly PrivateFile[], beforeVisible: () => void): Promise<void> {
  const [first] = files
  if (first === undefined) return beforeVisible()
  const folder = dirname(first.path)
  let drafts = 0
  const batch = batches++
  const draftOf = ({ path }: PrivateFile) => `${path}.${process.pid}-${batch}.draft`
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    const open: number[] = []
    try {
      for (const file of files) {
        const descriptor = openSync(draftOf(file), 'wx', PRIVATE_MODE)
        open.push(descriptor)
        drafts++
        writeFileSync(descriptor, file.content)
      }
      await Promise.all(open.map((descriptor) => promisify(fsync)(descriptor)))
    } finally {
      for (const descriptor of open) closeSync(descriptor)
    }
    beforeVisible()
    for (const file of files) renameSync(draftOf(file), file.path)
  } catch (error) {
    for (const file of files.slice(0, drafts)) rmSync(draftOf(file), { force: true })
    if (error instanceof Fault) throw error
    throw new Fault('store', `${folder}: ${messageOf(error)}`, { cause: error })
  }
  const opened = openSync(folder, 'r')
  try {
    fsyncSync(opened) // the renames themselves
  } finally {
    closeSync(opened)
  }
}
