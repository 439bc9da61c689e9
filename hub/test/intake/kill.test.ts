import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { sha256, toHex, toPayload } from '@wattfleet/protocol'
import { describe, expect, it } from 'vitest'
import { openInbox } from '../../src/adapters/inbox-sqlite.ts'
import { temporaryFolder } from '../support/inboxes.ts'
import { house, signedOrder } from '../support/street.ts'

const ada = house('ada')
/** A slot that is open by the wall's clock. */
const SLOT_NOW = (Math.floor(Date.now() / 900_000) + 8) * 900
const CHILD = join(import.meta.dirname, '../support/intake-child.ts')

/** Feeds intake in another process until it is killed in the middle; yields the hashes it receipted. */
async function feedAndKill(path: string, from: number, killAfterMs: number): Promise<string[]> {
  const child = fork(CHILD, [path], { execArgv: ['--disable-warning=ExperimentalWarning'] })
  await once(child, 'message')
  const receipted: string[] = []
  child.on('message', (hashes: string[]) => receipted.push(...hashes))
  const timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs)
  const gone = once(child, 'exit')
  for (let sequence = from; child.exitCode === null && child.signalCode === null && child.connected; sequence += 5) {
    const group = Array.from({ length: 5 }, (_, i) =>
      signedOrder(ada, { sequence: sequence + i, side: 'offer', energyWh: 1, slotStart: SLOT_NOW }),
    )
    const payloads = group.map((signed) => toHex(toPayload(signed)))
    const isSent = await new Promise<boolean>((resolve) => child.send(payloads, (error) => resolve(error === null)))
    // whoever is dead already fails each send at once, and its end would never be heard
    if (!isSent) break
  }
  const [, signal] = await gone
  clearTimeout(timer)
  expect(signal).toBe('SIGKILL')
  return receipted
}

describe('kill -9 of intake', () => {
  it('loses nothing that was receipted, at whatever moment', async () => {
    const path = join(temporaryFolder(), 'inbox.sqlite')
    const receipted: string[] = []
    for (const [round, killAfterMs] of [35, 80, 130, 61].entries()) {
      receipted.push(...(await feedAndKill(path, 1 + round * 1_000_000, killAfterMs)))
    }
    const inbox = openInbox(path)
    const stored = inbox.waiting(1_000_000, 0).map(({ signed }) => toHex(sha256(signed.bytes)))
    inbox.close()
    expect(receipted.length).toBeGreaterThan(20)
    expect(new Set(stored).size).toBe(stored.length)
    const known = new Set(stored)
    expect(receipted.filter((hash) => !known.has(hash))).toEqual([])
  })
})
