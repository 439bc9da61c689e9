import { execFile } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { toHex } from '@wattfleet/protocol'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Asked } from '../src/commands/command.ts'
import { rolloutCommands } from '../src/commands/rollout.ts'
import type { Office } from '../src/office.ts'
import { readRollout } from '../src/rollout-desk.ts'
import { keepUtilityKey } from '../src/utility-key.ts'
import { gatewayKeys, type TestOffice, temporaryFolder, testOffice } from './fixtures/office.ts'

const CLI = join(import.meta.dirname, '../src/cli.ts')
let office: TestOffice
let files: ReturnType<typeof temporaryFolder>
let config: string
beforeEach(async () => {
  files = temporaryFolder()
  office = await testOffice(3, { utilityKey: toHex(keepUtilityKey(files.path).publicKey) })
  for (const n of [0, 1]) {
    await office.post(await (await gatewayKeys(`pi-${n + 1}`)).request(office.claim(n).claim))
  }
  config = write('utility.json', {
    ...{ stateDir: office.dir, claimsDir: office.claims.claimsDir, hubKey: 'ab'.repeat(32), operatorSeedPath: '/none' },
  })
})
afterEach(async () => {
  await office.close()
  files.remove()
})

function write(name: string, value: unknown): string {
  const path = join(files.path, name)
  writeFileSync(path, JSON.stringify(value))
  return path
}

async function cli(...args: string[]) {
  const flags = ['--disable-warning=ExperimentalWarning', CLI, '--config', config]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...args])
  return JSON.parse(stdout)
}

describe('the command line for groups and roll-outs', () => {
  it('tags, previews, creates, shows, stops, resumes and takes back', async () => {
    expect(await cli('tag', 'pi-1', 'north')).toEqual({ serial: 'pi-1', tags: ['north'] })
    expect(await cli('tag', 'pi-2', 'north')).toEqual({ serial: 'pi-2', tags: ['north'] })
    expect(await cli('untag', 'pi-2', 'north', '--reason', 'moved')).toEqual({ serial: 'pi-2', tags: [] })
    expect(await cli('tag', 'list')).toEqual({ north: ['pi-1'] })

    const file = write('slow.json', { settings: { pollS: 60 } })
    const preview = await cli('rollout', 'create', file, '--dry-run')
    const { stages: _, leftOut: __, ...told } = preview
    expect(told).toEqual({
      ...{ kind: 'config', settings: { pollS: 60 } },
      ...{ trialS: 300, soakS: 600, deadlineS: 86_400, thresholdPercent: 5 },
    })
    expect(preview.stages.map((one: string[]) => one.length)).toEqual([1, 1])
    expect(preview.leftOut).toEqual([{ serial: 'pi-3', reason: 'it is expected' }])
    expect(await cli('rollout', 'list')).toEqual([])

    const chosen = ['--tag', 'north', '--state', 'active', '--community', '1', '--soak', '5', '--stages', '100%']
    expect(await cli('rollout', 'create', file, ...chosen, '--reason', 'less to send')).toMatchObject({
      ...{ id: 1, state: 'running', soakS: 5, deadlineS: 86_400, thresholdPercent: 5, leftOut: [] },
      stages: [{ waiting: 1, sent: 0, good: 0, failed: 0 }],
    })
    expect(await cli('rollout', 'stop', '1', '--reason', 'too early')).toMatchObject({
      ...{ state: 'stopped', reason: 'too early' },
    })
    expect(await cli('rollout', 'resume', '1')).toMatchObject({ state: 'running' })
    expect(await cli('rollout', 'show', '1')).toMatchObject({
      targets: [{ serial: 'pi-1', stage: 1, state: 'waiting' }],
    })
    await expect(cli('rollout', 'rollback', '1')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no gateway was told anything'),
    })
    expect(await cli('rollout', 'abort', '1')).toMatchObject({ state: 'aborted' })
    const entries: { event: string; detail: object }[] = await cli('audit', 'list')
    expect(entries.filter(({ event }) => /^(un)?tag|^rollout/.test(event))).toMatchObject([
      { event: 'tag', detail: { tag: 'north' } },
      { event: 'tag', detail: { tag: 'north' } },
      { event: 'untag', detail: { tag: 'north', reason: 'moved' } },
      { event: 'rollout create', detail: { rollout: 1, kind: 'config', reason: 'less to send', gateways: 1 } },
      { event: 'rollout stopped', detail: { rollout: 1, reason: 'too early' } },
      { event: 'rollout resume', detail: { rollout: 1 } },
      { event: 'rollout aborted', detail: { rollout: 1 } },
    ])
    expect(await cli('audit', 'verify')).toMatchObject({ ok: true })
  }, 120_000)

  it.each([
    [['--stages', '50%'], /--stages: expected/],
    [['--state', 'asleep', '--tag', 'north'], /--state: expected one of/],
    [['--tag', 'nobody'], /^no gateway fits, of 3: tag nobody\n$/],
    [['--state', 'expected'], /^no gateway that fits can be told anything: of 1, 1: it is expected \(pi-3\)\n$/],
  ])('refuses %o, and exits with 2', async (options, expected) => {
    const path = write('file.json', { restart: true })
    await expect(cli('rollout', 'create', path, ...options)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(expected),
    })
  })
})

describe('what is asked for', () => {
  const asked = (options: Asked['options']) =>
    rolloutCommands['rollout create']?.run({
      ...{ config: {} as Asked['config'], office: () => Promise.resolve({ store: office.store } as Office) },
      ...{
        arguments: [write('file.json', { restart: true })],
        options,
        look: () => office.store,
        nowMs: 0,
        signal: new AbortController().signal,
      },
    })

  it.each([
    [{ tag: ['North'] }, /expected a tag/],
    [{ community: 'x' }, /--community: expected/],
    [{ soak: '-1' }, /--soak: expected a whole number from 0/],
    [{ deadline: '1.5' }, /--deadline: expected a whole number from 1/],
    [{ trial: '3601' }, /--trial: expected a whole number from 1 to 3600/],
    [{ threshold: '101' }, /--threshold: expected a whole number from 0 to 100/],
  ])('is refused with its name: %o', async (options, expected) => {
    await expect(asked(options)).rejects.toThrow(expected)
  })

  it.each([
    [{ settings: { stateDir: '/' } }, /settings\.stateDir: expected one of meter/],
    [{ settings: [] }, /settings: expected an object/],
    [{}, /expected one of settings, release or restart/],
    [{ settings: {}, restart: true }, /expected one of settings, release or restart/],
    [{ release: { version: '1', sha256: '', size: 1, url: '' } }, /release: version: expected/],
    [{ restart: false }, /restart: expected true/],
    [{ other: 1 }, /other/],
  ])('in the file %o is refused with its path', (file, expected) => {
    expect(() => readRollout(write('file.json', file))).toThrow(expected)
  })
})
