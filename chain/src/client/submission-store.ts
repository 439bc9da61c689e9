import { readFileSync, rmSync } from 'node:fs'
import { writeFileAtomic } from '@wattfleet/protocol'

/** An extrinsic that was signed and may be anywhere between here and a finalized block. */
export interface Pending {
  /** The signed extrinsic, hex with 0x. */
  readonly bytes: string
  readonly hash: string
  readonly nonce: number
  /** The finalized block before which it cannot be included. */
  readonly after: number
  /** The last block that may include it: the end of its era. */
  readonly until: number
}

/** Where one account keeps its extrinsic under way, before it is sent. */
export interface SubmissionStore {
  load(): Pending | undefined
  save(pending: Pending): void
  clear(): void
}

export function fileSubmissionStore(path: string): SubmissionStore {
  return {
    load() {
      try {
        return JSON.parse(readFileSync(path, 'utf8')) as Pending
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
        throw error
      }
    },
    save: (pending) => writeFileAtomic(path, JSON.stringify(pending)),
    clear: () => rmSync(path, { force: true }),
  }
}
