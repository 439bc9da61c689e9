import assert from 'node:assert'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterAll, describe, it } from 'vitest'
import { openSessionJournal } from '../src/adapters/session-journal.ts'
import { sessionStore } from '../src/session-store.ts'

const RULES = {
  mayKeep: () => true,
  queueLimit: () => 10_000,
  onFull: () => undefined,
  isWindowed: () => false,
}
// it has no types
const abstractPersistence: (options: object) => void = createRequire(import.meta.url)('aedes-persistence/abstract.js')

const dir = mkdtempSync(join(tmpdir(), 'wattfleet-sessions-'))
afterAll(() => rmSync(dir, { recursive: true }))
let files = 0

/** What the suite uses of a test of node:test. */
type Body = (t: object) => Promise<void>
const test = (name: string, body: Body) =>
  it(name, () => body({ assert, plan: () => undefined, diagnostic: () => undefined }))

describe.each([
  ['in memory', () => sessionStore(RULES)],
  ['with a journal', () => sessionStore(RULES, openSessionJournal(join(dir, `${files++}`), pino({ level: 'silent' })))],
])('the suite of aedes-persistence, %s', (_name, persistence) => {
  abstractPersistence({ test, persistence, testAsync: true })
})
