import { execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Whether there is what makes them. */
export function hasPseudoTerminals(): boolean {
  try {
    execFileSync('socat', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/**
 * A serial line, as far as a computer without one has it: a pair of pseudo-terminals (socat). They do not pace bytes to a
 * baud rate.
 */
export async function pseudoTerminals(): Promise<{ readonly ends: readonly [string, string]; close(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-line-'))
  const ends = [join(folder, 'master'), join(folder, 'slave')] as const
  const child = spawn('socat', ['-d', '-d', ...ends.map((path) => `pty,raw,echo=0,link=${path}`)])
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject)
    child.stderr.on('data', (text: Buffer) => text.includes('starting data transfer loop') && resolve())
  })
  return {
    ends,
    async close() {
      child.kill()
      await gone
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
