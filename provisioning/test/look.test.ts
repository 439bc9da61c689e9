import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { readConfig } from '@wattfleet/protocol'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { COMMANDS } from '../src/commands/all.ts'
import { readCommandLine } from '../src/commands/command-line.ts'
import { progressOn } from '../src/commands/progress.ts'
import { provisioningConfig } from '../src/config.ts'
import { lookInto } from '../src/office.ts'
import { manifestOf, temporaryFolder } from './fixtures/office.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')

let dir: ReturnType<typeof temporaryFolder>
beforeEach(() => {
  dir = temporaryFolder()
  const at = (name: string) => join(dir.path, name)
  const paths = { stateDir: at('state'), claimsDir: at('claims'), operatorSeedPath: at('operator.seed') }
  writeFileSync(at('utility.json'), JSON.stringify({ ...paths, hubKey: 'ab'.repeat(32) }))
  writeFileSync(at('manifest.csv'), manifestOf(3))
})
afterEach(() => dir.remove())

async function cli(...args: string[]) {
  const flags = ['--disable-warning=ExperimentalWarning', CLI, '--config', join(dir.path, 'utility.json')]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...args], { cwd: dir.path })
  return JSON.parse(stdout)
}

/** Every file with its content and mode, and when it was last written. */
function everything(): Record<string, string> {
  const isFile = (name: string) => statSync(join(dir.path, name)).isFile()
  const files = readdirSync(dir.path, { recursive: true, encoding: 'utf8' }).filter(isFile).sort()
  return Object.fromEntries(
    files.map((name) => {
      const path = join(dir.path, name)
      const { mode, mtimeMs } = statSync(path)
      const hash = createHash('sha256').update(readFileSync(path)).digest('hex')
      return [name, `${mode} ${mtimeMs} ${hash}`]
    }),
  )
}

describe('what only looks', () => {
  it('makes nothing where nothing is', async () => {
    const before = everything()
    expect(await cli('import', 'manifest.csv', '--dry-run')).toEqual({ added: 3, known: 0 })
    expect(await cli('list')).toEqual([])
    expect(await cli('audit', 'list')).toEqual([])
    await expect(cli('show', 'pi-1')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/no gateway has the serial/),
    })
    writeFileSync(join(dir.path, 'bad.csv'), 'serial,house hold\n')
    await expect(cli('import', 'bad.csv', '--dry-run')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/did you mean/),
    })
    const { 'bad.csv': _, ...after } = everything()
    expect(after).toEqual(before)
    expect(existsSync(join(dir.path, 'state'))).toBe(false)
  })

  it('names the serials that labels are asked for and no gateway has, and prints none', async () => {
    await cli('import', 'manifest.csv')
    await expect(
      cli('labels', 'x.pdf', '--serial', 'foo', '--serial', 'pi-1', '--serial', 'bar'),
    ).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/no gateway has the serial foo, bar$/m) })
    expect(existsSync(join(dir.path, 'x.pdf'))).toBe(false)
    expect(await cli('labels', 'x.pdf', '--serial', 'pi-2', '--state', 'active')).toEqual({
      ...{ labels: 0, pages: 0, without: [{ serial: 'pi-2', reason: 'it is expected, not active: --state chooses' }] },
    })
    expect(await cli('labels', 'x.pdf', '--serial', 'pi-2')).toEqual({ labels: 1, pages: 1, without: [] })
  })

  it.each([
    ...['list', 'overview', 'search', 'tag list', 'rollout list', 'token list', 'reset list', 'labels x.pdf'],
    ...['ca show', 'audit list', 'audit head', 'audit verify', 'import manifest.csv --dry-run'],
  ])('%s asks for nothing to be opened that would be made', async (line) => {
    const at = (name: string) => join(dir.path, name)
    const before = everything()
    const read = readCommandLine(['--config', at('utility.json'), ...line.split(' ')], COMMANDS)
    if ('help' in read || read.config === undefined) throw new Error('is no command')
    const config = readConfig(read.config, provisioningConfig)
    const store = lookInto(config)
    const office = () => Promise.reject(new Error('it changes something'))
    const files = read.arguments.map(at)
    try {
      const { signal } = new AbortController()
      const { fault } = await read.command.run({
        ...read,
        arguments: files,
        config,
        office,
        look: () => store,
        nowMs: 0,
        signal,
      })
      expect(fault).toBeUndefined()
    } finally {
      store.close()
    }
    expect(everything()).toEqual(before)
    expect(existsSync(at('state'))).toBe(false)
  })

  it('changes nothing where everything is', async () => {
    await cli('import', 'manifest.csv')
    writeFileSync(join(dir.path, 'more.csv'), manifestOf(5))
    const before = everything()
    expect(await cli('import', 'more.csv', '--dry-run')).toEqual({ added: 2, known: 3 })
    expect(await cli('list')).toHaveLength(3)
    expect(await cli('show', 'pi-2')).toMatchObject({ household: 'House 2' })
    expect(await cli('audit', 'verify')).toEqual({ ok: true, entries: 3 })
    expect(everything()).toEqual(before)
  })

  it('says so where the store is of an older version, and leaves it', async () => {
    await cli('import', 'manifest.csv')
    const db = new Database(join(dir.path, 'state/provisioning.db'))
    db.pragma('user_version = 1')
    db.close()
    const before = everything()
    await expect(cli('list')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/the store is of version 1, this program of/),
    })
    expect(everything()).toEqual(before)
  })
})

describe('progress', () => {
  function on(isTTY: boolean) {
    let text = ''
    const time = { nowMs: 0 }
    const stream = {
      isTTY,
      write(chunk: string) {
        text += chunk
        return true
      },
    }
    const tell = progressOn(stream, 'gateways', () => time.nowMs)
    return { tell, time, text: () => text }
  }

  it('is one line on a terminal', () => {
    const { tell, text } = on(true)
    for (const done of [0, 1, 2]) tell(done, 2)
    expect(text()).toBe('\rgateways: 0 of 2\x1b[K\rgateways: 1 of 2\x1b[K\rgateways: 2 of 2\x1b[K\n')
  })

  it('is a line every two seconds elsewhere, and nothing where there is nothing to do', () => {
    const { tell, text, time } = on(false)
    for (let done = 0; done <= 50; done++) {
      tell(done, 50)
      time.nowMs += 100
    }
    tell(0, 0)
    expect(text()).toBe('gateways: 20 of 50\ngateways: 40 of 50\n')
  })
})
