import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Fault } from '@wattfleet/protocol'

const LOCK = 'street.pid'

/** Whether a street runs as this process. A process id may have gone to another program since: where that can be seen, it is looked at. */
function runs(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('street/src/main.ts')
  } catch {
    return true
  }
}

function ownerOf(path: string): number | undefined {
  try {
    return Number(readFileSync(path, 'utf8')) || undefined
  } catch {
    return undefined
  }
}

/** Takes a folder for one street. Throws Fault `config` while another runs in it. Yields what gives it back. */
export function lockFolder(stateDir: string): () => void {
  const path = join(stateDir, LOCK)
  const owner = ownerOf(path)
  if (owner !== undefined && owner !== process.pid && runs(owner)) {
    throw new Fault(
      'config',
      `${stateDir} belongs to a street that runs (process ${owner}): stop it, or take another --state-dir`,
    )
  }
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  writeFileSync(path, String(process.pid))
  return () => rmSync(path, { force: true })
}
