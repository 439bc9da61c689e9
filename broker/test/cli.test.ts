import { execFile } from 'node:child_process'
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'

/** What the command says. */
type EngineAnswer = { files: string[]; unreadable: string[]; next: string[] }

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
    ['emqx', ['acl.conf', 'banned.csv', 'emqx.conf']],
  ])('writes what %s reads, with absolute paths', async (engine, files) => {
    const out = join(dir, 'out')
    const { code, out: said } = await run('config', engine, '--config', config(), '--out', 'out')
    expect(code).toBe(0)
    const answer = JSON.parse(said) as EngineAnswer & { engine: string }
    expect(answer.engine).toBe(engine)
    expect([...answer.files].sort()).toEqual(files.map((name) => join(out, name)))
    expect(answer.next.length).toBeGreaterThan(1)
    expect(readdirSync(out).sort()).toEqual(files)
    const all = files.map((name) => readFileSync(join(out, name), 'utf8')).join('\n')
    expect(all).toContain(join(dir, 'ca.pem'))
    expect(all).toContain(out)
  })

  it('says what the engine’s own user cannot read, and how it can', async () => {
    const path = config()
    for (const name of ['ca.pem', 'b.pem']) chmodSync(write(name, 'x'), 0o644)
    chmodSync(write('b.key', 'x'), 0o600)
    chmodSync(dir, 0o755)
    const answer = async () =>
      JSON.parse((await run('config', 'mosquitto', '--config', path, '--out', 'out')).out) as EngineAnswer
    const before = await answer()
    expect(before.unreadable).toEqual([`${join(dir, 'b.key')}: its owner may read it, and the engine may not`])
    expect(before.next[0]).toContain(`ca server <name> ${dir} --host <name or address> --group mosquitto`)
    expect(before.next[1]).toContain('no --crl was given')
    chmodSync(join(dir, 'b.key'), 0o644)
    const after = await answer()
    expect(after.unreadable).toEqual([])
    expect(after.next[0]).toContain('no --crl was given')
    chmodSync(dir, 0o700)
    expect((await answer()).unreadable).toContain(
      `${join(dir, 'ca.pem')}: its owner may enter ${dir}, and the engine may not`,
    )
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
      'a list of revoked certificates that is not there',
      () => ['config', 'mosquitto', '--config', config(), '--crl', 'none.crl'],
      /none\.crl: expected the list of --crl there/,
    ],
    [
      'a list of revoked certificates that is none',
      () => ['config', 'mosquitto', '--config', config(), '--crl', write('x.crl', '')],
      /x\.crl: expected a list of revoked certificates, PEM/,
    ],
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
