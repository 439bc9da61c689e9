import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

const CLI = join(import.meta.dirname, '../src/cli.ts')

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wattfleet-broker-cli-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

function write(name: string, text: string): string {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}

const config = () => write('broker.json', JSON.stringify({ caPath: 'ca.pem', certPath: 'b.pem', keyPath: 'b.key' }))

function run(...args: string[]): Promise<{ code: number; out: string; errors: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', CLI, ...args],
      { cwd: dir },
      (error, out, errors) => {
        resolve({ code: Number(error?.code ?? 0), out, errors })
      },
    )
  })
}

describe('wattfleet-broker config', () => {
  it.each([
    ['mosquitto', ['acl', 'mosquitto.conf']],
    ['rabbitmq', ['definitions.json', 'enabled_plugins', 'rabbitmq.conf']],
    ['emqx', ['acl.conf', 'emqx.conf']],
  ])('writes what %s reads, with absolute paths', async (engine, files) => {
    const out = join(dir, 'out')
    expect(await run('config', engine, '--config', config(), '--out', 'out')).toMatchObject({ code: 0, out: '' })
    expect(readdirSync(out).sort()).toEqual(files)
    const all = files.map((name) => readFileSync(join(out, name), 'utf8')).join('\n')
    expect(all).toContain(join(dir, 'ca.pem'))
    expect(all).toContain(out)
  })

  it('prints for the engine’s own folder where none is given', async () => {
    const { code, out } = await run('config', 'mosquitto', '--config', config(), '--hub', 'hub-1', '--hub', 'hub-2')
    expect(code).toBe(0)
    expect(out).toContain('acl_file /etc/mosquitto/acl')
    expect(out).toMatch(/user hub-1\n[\s\S]*user hub-2\n/)
    expect(out).not.toContain('user hub\n')
  })

  it.each<[string, () => string[], RegExp]>([
    [
      'no engine',
      () => ['config', '--config', config()],
      /^expected config and one of mosquitto, rabbitmq, emqx\nusage: .*\nall options: .*\n$/,
    ],
    ['an engine that is none', () => ['config', 'toString', '--config', config()], /one of mosquitto/],
    ['no configuration', () => ['config', 'emqx'], /^expected --config <broker.json>\nusage: .*\n.*--help\n$/],
    [
      'an option that is none',
      () => ['config', 'emqx', '--colour', 'red'],
      /^Unknown option '--colour'\nusage: .*\n.*--help\n$/,
    ],
    [
      'a faulty configuration',
      () => ['config', 'emqx', '--config', write('x.json', '{"port": "many"}')],
      /x\.json: port: /,
    ],
    ['a hub with a foreign name', () => ['config', 'emqx', '--config', config(), '--hub', 'x'], /--hub: .*got x/],
    [
      'a list of gateways that is none',
      () => ['config', 'rabbitmq', '--config', config(), '--gateways', write('g', 'hub\n')],
      /g: line 1: expected a gateway's name/,
    ],
  ])('refuses %s', async (_name, args, message) => {
    const { code, errors } = await run(...args())
    expect(code).toBe(2)
    expect(errors).toMatch(message)
  })
})
