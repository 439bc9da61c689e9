import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Fault } from '../src/fault.ts'
import { isPrivate, readPrivateText, readSeed, readText } from '../src/read.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wattfleet-read-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

const HEX = '0a'.repeat(32)
const at = (name: string) => join(folder, name)
function write(name: string, text: string, mode = 0o600): string {
  writeFileSync(at(name), text)
  chmodSync(at(name), mode)
  return at(name)
}
function faultOf(read: () => unknown): Fault | undefined {
  try {
    read()
  } catch (error) {
    if (error instanceof Fault) return error
    throw error
  }
  return undefined
}

describe('a file that a configuration names', () => {
  it('is read whole', () => {
    expect(readText(write('a.pem', 'text\n', 0o644))).toBe('text\n')
    expect(readPrivateText(write('a.secret', 'text\n'))).toBe('text\n')
    expect(readSeed(write('a.seed', `${HEX}\n`))).toEqual(new Uint8Array(32).fill(10))
    expect(readSeed(write('b.seed', `0x${HEX.toUpperCase()}`, 0o400))).toEqual(new Uint8Array(32).fill(10))
  })

  const wrong: readonly [string, (path: string) => unknown, () => string, string][] = [
    ['is missing', readText, () => at('none'), 'cannot be read: ENOENT: no such file or directory'],
    ['is a folder', readText, () => mkdirSync(at('dir'), { recursive: true }) ?? at('dir'), 'cannot be read: EISDIR'],
    ['lies in no folder', readText, () => join(write('file', ''), 'x'), 'cannot be read: ENOTDIR: not a directory'],
    ['is missing', readPrivateText, () => at('none'), 'cannot be read: ENOENT: no such file or directory'],
    ['is missing', readSeed, () => at('none'), 'cannot be read: ENOENT: no such file or directory'],
    [
      'its group may change',
      readPrivateText,
      () => write('secret', 'x', 0o660),
      'may be read by others (mode 0660); expected mode 0600',
    ],
    [
      'everybody may read',
      readSeed,
      () => write('seed', HEX, 0o604),
      'may be read by others (mode 0604); expected mode 0600',
    ],
    ['is empty', readSeed, () => write('seed', '\n'), 'expected a seed of 64 hex digits, got 0 characters'],
    ['is too short', readSeed, () => write('seed', 'abc\n'), 'expected a seed of 64 hex digits, got 3 characters'],
    [
      'is no hex',
      readSeed,
      () => write('seed', 'x'.repeat(64)),
      'expected a seed of 64 hex digits, got 64 characters, not all of them hex digits',
    ],
  ]
  it.each(wrong)('that %s is refused by %o with its path and the reason', (_, read, make, reason) => {
    const path = make()
    const fault = faultOf(() => read(path))
    expect(fault?.code).toBe('config')
    expect(fault?.message.startsWith(`${path}: ${reason}`)).toBe(true)
  })

  // whoever is root may read everything
  it.skipIf(process.getuid?.() === 0)('that this process may not read is refused so', () => {
    const path = write('a.pem', 'text', 0o000)
    expect(faultOf(() => readText(path))?.message).toMatch(/cannot be read: EACCES: permission denied/)
  })

  it('never says what is in it', () => {
    const secret = `${HEX}ff`
    expect(faultOf(() => readSeed(write('seed', secret)))?.message).not.toContain(HEX.slice(0, 8))
  })
})

describe('a secret', () => {
  it.each([
    [0o600, 1_000, true],
    [0o400, 1_000, true],
    [0o640, 1_000, false],
    [0o604, 1_000, false],
    [0o640, 0, true],
    [0o440, 0, true],
    [0o660, 0, false],
    [0o644, 0, false],
  ])('of mode %o and user %d is one: %s', (mode, uid, is) => {
    expect(isPrivate({ mode: 0o100_000 | mode, uid })).toBe(is)
  })
})
