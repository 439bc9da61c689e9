import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { listedInFile, parseListed } from '../src/listed.ts'

const [one, two] = ['0a'.repeat(32), 'bc'.repeat(32)]
let folder: string
let path: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wattfleet-listed-'))
  path = join(folder, 'list.txt')
})
afterEach(() => rmSync(folder, { recursive: true }))

describe('a list of keys or fingerprints', () => {
  it('is one value a line, with comments, colons and either case', () => {
    const text = `# stopped\n\n${one} # house 1\r\n${two.toUpperCase().replace(/(..)(?!$)/g, '$1:')}\n`
    expect([...parseListed(text, 'a key')]).toEqual([one, two])
  })

  it.each([
    ['too short', 'ab'],
    ['no hex', 'x'.repeat(64)],
    ['two on a line', `${one} ${two}`],
  ])('names the line that is %s', (_, line) => {
    expect(() => parseListed(`# first\n${line}\n`, 'a key')).toThrow('line 2: expected a key in hex')
  })
})

describe('a list in a file', () => {
  const open = () => {
    const lines: string[] = []
    const say = (_: object, text: string) => void lines.push(text)
    return { lines, isListed: listedInFile({ path, what: 'a key', about: 'list', log: { info: say, error: say } }) }
  }

  it('is read again when it changes, and the last good one stays', () => {
    writeFileSync(path, `${one}\n`)
    const { isListed, lines } = open()
    const both = () => [isListed(one), isListed(two)]
    expect(both()).toEqual([true, false])
    writeFileSync(path, `${one}\n${two}\n`)
    expect(both()).toEqual([true, true])
    writeFileSync(path, 'none of them')
    expect(both()).toEqual([true, true])
    rmSync(path)
    expect(both()).toEqual([true, true])
    writeFileSync(path, '')
    expect(both()).toEqual([false, false])
    // what is asked for with every message is complained about once
    expect(lines).toEqual([
      'list read',
      'list unusable; the last good one stays',
      'list unusable; the last good one stays',
      'list read',
    ])
  })

  it('must be usable at the start', () => {
    expect(open).toThrow(`${path}: ENOENT`)
    writeFileSync(path, 'x')
    expect(open).toThrow(`${path}: line 1: expected a key in hex`)
  })
})
