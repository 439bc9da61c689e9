import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeMessage, toHex } from '@wattfleet/protocol'
import { afterAll, expect, it } from 'vitest'
import { openSqliteOutbox } from '../../src/adapters/sqlite-outbox.ts'
import { signer, testSeal } from '../support/fixtures.ts'

const ROUNDS = 6
const folder = mkdtempSync(join(tmpdir(), 'outbox-kill-'))
const path = join(folder, 'outbox.sqlite')
const writer = join(import.meta.dirname, '../support/outbox-writer.ts')
afterAll(() => rmSync(folder, { recursive: true }))

/** Runs the writer, kills it without warning after `lines` lines, and gives what it had said. */
function runAndKill(lines: number): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', writer, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let text = ''
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString('utf8')
      if (text.split('\n').length > lines) child.kill('SIGKILL')
    })
    child.on('error', reject)
    // the last line may be cut: what follows the last line break was not said
    child.on('close', (code, signal) =>
      signal === 'SIGKILL' ? resolve(text.split('\n').slice(0, -1)) : reject(new Error(`writer ended with ${code}`)),
    )
  })
}

it('loses nothing it said was durable and never gives a sequence to other bytes, whenever it is killed', async () => {
  const said = new Map<number, string>()
  const done = new Set<string>()
  let notices = 0
  for (let round = 0; round < ROUNDS; round++) {
    // another number of lines each round, so that the kill meets the writer at different points
    for (const line of await runAndKill(3 + round * 17)) {
      const [what, a = '', b = ''] = line.split(' ')
      if (what === 'put') {
        expect(said.get(Number(a)) ?? b).toBe(b)
        said.set(Number(a), b)
      }
      if (what === 'done') done.add(a)
      if (what === 'notice') notices = Math.max(notices, Number(a))
    }
    const outbox = openSqliteOutbox(path, testSeal(), signer())
    const pending = outbox.pending(1_000_000)
    const hashes = new Map(pending.map((message) => [message.sequence, message.hash]))
    for (const [sequence, hash] of said) {
      if (!done.has(hash) && hashes.has(sequence)) expect(hashes.get(sequence)).toBe(hash)
      // a receipt may have been stored in the very moment before it could be said: then the oldest ones are gone
      if (!hashes.has(sequence)) expect(sequence).toBeLessThan(pending[0]?.sequence ?? Number.POSITIVE_INFINITY)
    }
    // every notice and its trade are stored together or not at all
    expect(outbox.lastNotice()).toBeGreaterThanOrEqual(notices)
    expect(outbox.orders(0)[0]?.tradedWh).toBe(outbox.lastNotice())
    outbox.close()
  }
  expect(said.size).toBeGreaterThan(20)
  expect(unbrokenChain()).toBe(true)
})

/** Whether each energy message names the hash of the one before, among those still kept. */
function unbrokenChain(): boolean {
  const outbox = openSqliteOutbox(path, testSeal(), signer())
  const energies = outbox.pending(1_000_000).filter((message) => message.kind === 'energy')
  outbox.close()
  return energies.every((message, i) => {
    const decoded = decodeMessage(message.signed.bytes)
    return i === 0 || (decoded?.type === 'energy' && toHex(decoded.value.previous) === energies[i - 1]?.hash)
  })
}
