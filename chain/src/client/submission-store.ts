import { readFileSync } from 'node:fs'
import { Fault, messageOf, writeFileAtomic } from '@wattfleet/protocol'

/** An extrinsic that was signed and may be anywhere between here and a finalized block. */
export interface Pending {
  /** The signed extrinsic, hex with 0x. */
  readonly bytes: string
  readonly nonce: number
  /** The runtime's version that it was signed for. */
  readonly specVersion: number
  /** The finalized block after which it was signed: it is in none up to there. */
  readonly after: number
  /** The last block that may include it: the end of its era. */
  readonly until: number
  /** The same call under the same nonce, signed before: at most one of all these enters. */
  readonly earlier: readonly string[]
}

/** What an account has under way. */
export interface Submissions {
  /** The chain that all of this is of: its id, hex. */
  readonly chain?: string
  readonly pending?: Pending
  /** A finalized block at which its extrinsics so far had ended: a node that is behind it does not know its nonce. */
  readonly endedBy: number
}

/** Where one account keeps what it has under way, before it is sent. */
export interface SubmissionStore {
  load(): Submissions
  save(submissions: Submissions): void
}

const NOTHING: Submissions = { endedBy: 0 }

/**
 * Throws Fault `store` where the file cannot be read or written, retryable where a disk may be emptied; what is in it then is
 * what was there before.
 */
export function fileSubmissionStore(path: string): SubmissionStore {
  return {
    load() {
      try {
        return JSON.parse(readFileSync(path, 'utf8')) as Submissions
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return NOTHING
        throw new Fault('store', `${path}: ${messageOf(error)}`, { cause: error })
      }
    },
    save(submissions) {
      try {
        writeFileAtomic(path, JSON.stringify(submissions))
      } catch (error) {
        throw new Fault('store', `${path}: ${messageOf(error)}`, { retryable: true, cause: error })
      }
    },
  }
}
