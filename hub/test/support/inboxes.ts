import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { decodeMessage, orderIdHex, type SignedMessage, sha256, toHex } from '@wattfleet/protocol'
import { afterEach } from 'vitest'
import { type MemoryInbox, memoryInbox } from '../../src/adapters/inbox-memory.ts'
import { openInbox } from '../../src/adapters/inbox-sqlite.ts'
import type { Candidate } from '../../src/ports.ts'
import { type House, SLOT } from './street.ts'

const cleanups: (() => void)[] = []

afterEach(() => {
  for (const clean of cleanups.splice(0).reverse()) clean()
})

/** Calls back after the test that is running now, last first. */
export function afterThis(clean: () => void): void {
  cleanups.push(clean)
}

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'wattfleet-hub-'))
  afterThis(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Every adapter of the inbox, made anew for each test. */
export const INBOXES: [string, () => MemoryInbox][] = [
  ['memory', memoryInbox],
  [
    'sqlite',
    () => {
      const inbox = openInbox(join(temporaryFolder(), 'inbox.sqlite'))
      afterThis(() => inbox.close())
      return inbox
    },
  ],
]

/** What intake would make of a signed message that it accepts. */
export function candidate(of: House, signed: SignedMessage, overrides: Partial<Candidate> = {}): Candidate {
  const message = decodeMessage(signed.bytes)
  if (message === undefined) throw new Error('not a message')
  return {
    id: orderIdHex(message.value),
    hash: toHex(sha256(signed.bytes)),
    message,
    signed,
    site: of.site,
    wire: of.wire,
    receivedMs: 0,
    entersUntilS: SLOT - 300,
    capWh: 5000,
    ...overrides,
  }
}
