import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Account, readOrMakeAccount } from '@wattfleet/chain'

/** A member's account, which signs for itself. */
export function member(): Account {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-member-'))
  try {
    return readOrMakeAccount(join(folder, 'seed'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
