import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PRIVATE_MODE, PUBLIC_MODE, writeFileAtomic } from '../src/files.ts'
import { run } from './support/bytes.ts'

const CHILD = join(import.meta.dirname, 'support/file-child.ts')
const NODE_FLAGS = ['--disable-warning=ExperimentalWarning']
const BLOCK_BYTES = 300_000

describe('writeFileAtomic', () => {
  let folder: string
  let path: string
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'wattfleet-files-'))
    path = join(folder, 'state.json')
  })
  afterEach(() => {
    rmSync(folder, { recursive: true })
  })
  const modeOf = (file: string) => statSync(file).mode & 0o777
  const text = () => readFileSync(path, 'utf8')

  it.each([
    { name: 'text', content: 'gültig\n', bytes: Buffer.from('gültig\n', 'utf8') },
    { name: 'bytes', content: run(0, 256), bytes: Buffer.from(run(0, 256)) },
    { name: 'a part of a buffer', content: run(0, 256).subarray(5, 9), bytes: Buffer.from([5, 6, 7, 8]) },
    { name: 'nothing', content: '', bytes: Buffer.alloc(0) },
    { name: 'much', content: 'x'.repeat(3_000_000), bytes: Buffer.alloc(3_000_000, 'x') },
  ])('writes $name whole and leaves nothing else', ({ content, bytes }) => {
    writeFileAtomic(path, content)
    expect(readFileSync(path).equals(bytes)).toBe(true)
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  it('replaces what was there, longer or shorter', () => {
    for (const content of ['a long first content', 'short', 'a longer third content, again']) {
      writeFileAtomic(path, content)
      expect(text()).toBe(content)
    }
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  it('gives a secret to its owner only, also where the file was open to all', () => {
    writeFileAtomic(path, 'public')
    expect(modeOf(path) & 0o400).toBe(0o400)
    chmodSync(path, 0o644)
    writeFileAtomic(path, 'secret', PRIVATE_MODE)
    expect(modeOf(path)).toBe(0o600)
  })

  it('gives a secret to its owner only where a crash left a draft that is open to all', () => {
    const left = `${path}.draft`
    writeFileSync(left, 'half of someth')
    chmodSync(left, 0o644)
    writeFileAtomic(path, 'secret', PRIVATE_MODE)
    expect([text(), modeOf(path)]).toEqual(['secret', 0o600])
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  it.each([
    { name: 'the folder does not exist', at: () => join(folder, 'none', 'state.json'), code: 'ENOENT' },
    { name: 'the name is a folder’s', at: () => mkdirSync(path) ?? path, code: 'EISDIR' },
  ])('throws and leaves nothing where $name', ({ at, code }) => {
    const target = at()
    const before = readdirSync(folder)
    expect(() => writeFileAtomic(target, 'x')).toThrow(expect.objectContaining({ code }))
    expect(readdirSync(folder)).toEqual(before)
  })

  it('shows the new content only after what has to happen first', () => {
    writeFileAtomic(path, 'old')
    let seen = ''
    writeFileAtomic(path, 'new', PUBLIC_MODE, () => {
      seen = text()
    })
    expect([seen, text()]).toEqual(['old', 'new'])
  })

  it('keeps the old content, and no draft, when what has to happen first fails', () => {
    writeFileAtomic(path, 'old')
    const fails = () => {
      throw new Error('the audit log is full')
    }
    expect(() => writeFileAtomic(path, 'new', PRIVATE_MODE, fails)).toThrow('the audit log is full')
    expect(text()).toBe('old')
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  it('keeps the old content whole where there is room for a part of the new only', () => {
    writeFileAtomic(path, 'old')
    // a limit on the size of files, like a disk that is nearly full, ends a write early before it fails
    const command = 'ulimit -f 64 && exec "$0" "$@"'
    const args = ['-c', command, process.execPath, ...NODE_FLAGS, CHILD, path, 'once', String(BLOCK_BYTES)]
    expect(execFileSync('sh', args, { encoding: 'utf8' })).toBe('EFBIG')
    expect(text()).toBe('old')
    expect(readdirSync(folder)).toEqual(['state.json'])
  })

  it('is never seen half-written, and is whole after kill -9', async () => {
    writeFileAtomic(path, 'A'.repeat(BLOCK_BYTES))
    const child = spawn(process.execPath, [...NODE_FLAGS, CHILD, path, 'forever'], { stdio: 'ignore' })
    const gone = once(child, 'exit')
    try {
      const seen = new Set<string>()
      while (seen.size < 12) {
        const content = text()
        seen.add(content.charAt(0))
        if (content !== content.charAt(0).repeat(BLOCK_BYTES))
          expect.fail(`${content.length} bytes of a half-written file`)
        await turn()
        if (child.exitCode !== null) expect.fail('the writer ended')
      }
    } finally {
      child.kill('SIGKILL')
    }
    expect((await gone)[1]).toBe('SIGKILL')
    expect(text()).toBe(text().charAt(0).repeat(BLOCK_BYTES))
  })
})
