import { type ChildProcess, execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import Database from 'better-sqlite3'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { freePorts } from '../../test-support/ports.ts'
import type { AuditEntry } from '../src/core/audit.ts'
import { filesIn, manifestOf, post, temporaryFolder } from './fixtures/office.ts'

const MAIN = join(import.meta.dirname, '../src/main.ts')
const CLI = join(import.meta.dirname, '../src/cli.ts')

// each starts several processes, on a machine that may be busy
vi.setConfig({ testTimeout: 120_000 })

let dir: ReturnType<typeof temporaryFolder>
let child: ChildProcess | undefined
beforeEach(() => {
  dir = temporaryFolder()
})
afterEach(() => {
  child?.kill('SIGKILL')
  dir.remove()
})

function write(name: string, text: string): string {
  const path = join(dir.path, name)
  writeFileSync(path, text, { mode: 0o600 })
  return path
}

async function configOf(overrides: object = {}): Promise<{ path: string; port: number }> {
  const [port = 0, nobody = 0] = await freePorts(2)
  const config = {
    ...{ port, stateDir: join(dir.path, 'state'), claimsDir: join(dir.path, 'claims'), hubKey: 'ab'.repeat(32) },
    chainEndpoints: [`ws://127.0.0.1:${nobody}`], // the chain is away
    operatorSeedPath: write('operator.seed', '07'.repeat(32)),
    ...overrides,
  }
  return { path: write('provisioning.json', JSON.stringify(config)), port }
}

function start(path: string) {
  const running = fork(MAIN, ['--config', path], { silent: true, execArgv: ['--disable-warning=ExperimentalWarning'] })
  child = running
  let errors = ''
  running.stderr?.on('data', (chunk) => {
    errors += chunk
  })
  return { running, errors: () => errors }
}

async function cli(path: string, ...args: string[]) {
  const flags = ['--disable-warning=ExperimentalWarning', CLI, '--config', path]
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, ...args])
  return JSON.parse(stdout)
}

describe('the service as a program', () => {
  it('serves while the chain is away, with the claims of its manifest written, and stops when asked', async () => {
    const [apiPort = 0] = await freePorts(1)
    const api = { port: apiPort }
    const { path, port } = await configOf({ manifestPath: write('manifest.csv', manifestOf(6)), api })
    const { running } = start(path)
    await once(running, 'message')
    const caPem = readFileSync(join(dir.path, 'state/ca/ca.pem'), 'utf8')
    expect((await post(port, caPem, '', 'GET', '/healthz')).status).toBe(200)
    expect((await post(apiPort, caPem, '', 'GET', '/v1/fleet')).status).toBe(401)
    expect(filesIn(join(dir.path, 'claims'))).toHaveLength(6)
    const exit = once(running, 'exit')
    const from = performance.now()
    running.kill('SIGTERM')
    expect((await exit)[0]).toBe(0)
    expect(performance.now() - from).toBeLessThan(2_000)
  })

  it('refuses to start with a bad manifest or configuration, and names every mistake', async () => {
    const manifestPath = write('manifest.csv', `${manifestOf(1)}\nb,b,,xx,1,1,1\nc,c,,yy,1,1,1\n`)
    const first = start((await configOf({ manifestPath })).path)
    expect((await once(first.running, 'exit'))[0]).toBe(2)
    expect(first.errors()).toMatch(/manifest\.csv:3: member: .*\n.*manifest\.csv:4: member: /)

    const second = start((await configOf({ hubKey: 'short', brokerUrl: 'mqtt://plain' })).path)
    expect((await once(second.running, 'exit'))[0]).toBe(2)
    expect(second.errors()).toMatch(/provisioning\.json: hubKey: /)
    expect(second.errors()).toMatch(/provisioning\.json: brokerUrl: expected mqtts/)
  })

  it('does not start with a hook whose secret anybody could guess', async () => {
    const hook = { url: 'http://127.0.0.1:1/', secretPath: write('hook.secret', 'hunter2\n') }
    const { running, errors } = start((await configOf({ hook })).path)
    expect((await once(running, 'exit'))[0]).toBe(2)
    expect(errors()).toMatch(/hook\.secret: expected a secret of at least 32 characters, got 7\n/)
  })

  it('ends with a seed that is none, and keeps no connection for it', async () => {
    const { running, errors } = start((await configOf({ operatorSeedPath: write('bad.seed', 'xyz') })).path)
    expect((await once(running, 'exit'))[0]).toBe(2)
    expect(errors()).toMatch(/bad\.seed: expected a seed of 64 hex digits, got 3 characters\n/)
  })
})

describe('the command line', () => {
  it('imports, lists and issues claims again', async () => {
    const { path } = await configOf()
    const manifest = write('manifest.csv', manifestOf(2))
    const summary = await cli(path, 'import', manifest)
    expect(summary).toMatchObject({ added: 2, known: 0, claims: [expect.any(String), expect.any(String)] })
    const [first] = await cli(path, 'list')
    expect(first).toMatchObject({ serial: 'pi-1', household: 'House 1', onChain: false, state: 'expected' })
    const before = readFileSync(summary.claims[0], 'utf8')
    expect(await cli(path, 'reissue', first.site)).toEqual({ claim: summary.claims[0] })
    expect(readFileSync(summary.claims[0], 'utf8')).not.toBe(before)
  })

  it('shows who did what, and whether the log of it is whole', async () => {
    const { path } = await configOf()
    await cli(path, 'import', write('manifest.csv', manifestOf(2)))
    const entries: AuditEntry[] = await cli(path, 'audit', 'list')
    expect(entries.map(({ actor, event }) => `${actor} ${event}`)).toEqual([
      ...[`operator/${userInfo().username} imported`, `operator/${userInfo().username} imported`],
    ])
    expect(entries[1]).toMatchObject({ number: 2, at: expect.stringMatching(/^20\d\d-.*Z$/), hash: expect.any(String) })
    const { number, hash } = await cli(path, 'audit', 'head')
    const anchor = ['--anchor', `${number}:${hash}`]
    expect(await cli(path, 'audit', 'verify', ...anchor)).toEqual({ ok: true, entries: 2 })
    const db = new Database(join(dir.path, 'state/provisioning.db'))
    db.exec('DELETE FROM audit_log WHERE number = 1')
    db.close()
    await expect(cli(path, 'audit', 'verify', ...anchor)).rejects.toMatchObject({
      code: 1,
      stdout: expect.stringContaining('entry 1 is missing'),
      stderr: 'the audit log is not whole\n',
    })
    await expect(cli(path, 'audit', 'verify', '--anchor', '7')).rejects.toMatchObject({ code: 2 })
  })

  it('shows the fleet, and does to many what it has shown', async () => {
    const { path } = await configOf()
    await cli(path, 'import', write('manifest.csv', manifestOf(3)))
    expect(await cli(path, 'overview')).toMatchObject({ gateways: 3, states: { expected: 3 }, well: 0 })
    const found = await cli(path, 'search', '--text', 'house 2')
    expect(found).toMatchObject([{ serial: 'pi-2', household: 'House 2', concerns: [] }])
    await cli(path, 'tag', 'pi-3', 'north')
    expect(await cli(path, 'search', '--tag', 'north')).toMatchObject([{ serial: 'pi-3', tags: ['north'] }])
    const plan = await cli(path, 'bulk', 'retire', '--text', 'pi-')
    expect(plan.will).toHaveLength(3)
    await cli(path, 'retire', 'pi-3', '--reason', 'broken')
    expect(filesIn(join(dir.path, 'claims'))).toEqual(['pi-1.claim.json', 'pi-2.claim.json'])
    const stale = ['bulk', 'retire', '--text', 'pi-', '--digest', plan.digest]
    await expect(cli(path, ...stale)).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('not what was shown'),
    })
    const { digest } = await cli(path, 'bulk', 'retire', '--text', 'pi-')
    expect(await cli(path, 'bulk', 'retire', '--text', 'pi-', '--digest', digest)).toMatchObject({
      done: ['pi-1', 'pi-2'],
    })
    expect(filesIn(join(dir.path, 'claims'))).toEqual([])
    const { life, market } = await cli(path, 'story', 'pi-3')
    expect(life.at(-1)).toMatchObject({
      actor: expect.stringMatching(/^operator\/./),
      event: 'retire',
      detail: { reason: 'broken' },
    })
    expect(market.unavailable).toMatch('hubApiUrl')
    // eleven programs, one after the other, on a machine that may be busy
  }, 120_000)

  it('lets callers in, and not any more', async () => {
    const { path } = await configOf()
    const { token } = await cli(path, 'token', 'create', 'noc', '--role', 'viewer')
    expect(token).toMatch(/^wftoken_/)
    expect(await cli(path, 'token', 'list')).toMatchObject([{ name: 'noc', role: 'viewer', isRevoked: false }])
    expect(await cli(path, 'token', 'revoke', 'noc')).toMatchObject({ isRevoked: true })
    await expect(cli(path, 'token', 'create', 'noc', '--role', 'king')).rejects.toMatchObject({ code: 2 })
  })

  it('moves a gateway to another household, and forgets the one that is retired', async () => {
    const { path } = await configOf()
    await cli(path, 'import', write('manifest.csv', manifestOf(1)))
    const [{ site }] = await cli(path, 'list')
    const home = ['--household', 'House 9', '--member', 'e'.repeat(64), '--capImportWh', '5000']
    const { from, to, claim } = await cli(path, 'transfer', 'pi-1', ...home, '--reason', 'moved')
    expect([from, to]).toMatchObject([
      { site, household: 'House 1', state: 'retired' },
      { serial: 'pi-1', household: 'House 9', state: 'expected' },
    ])
    expect(JSON.parse(readFileSync(claim, 'utf8')).claim).toMatch(/^[0-9a-f]{64}$/)
    await expect(cli(path, 'transfer', 'pi-1', '--household', 'x')).rejects.toMatchObject({
      ...{ code: 2, stderr: expect.stringContaining('transfer: member: expected 64 hex digits') },
    })
    expect(await cli(path, 'forget', site)).toMatchObject({ site, household: '', state: 'retired' })
    await expect(cli(path, 'forget', 'pi-1')).rejects.toMatchObject({ code: 1 })
    expect(await cli(path, 'reset', 'list')).toEqual([])
  })

  it('explains itself when it is asked for something else', async () => {
    const { path } = await configOf()
    await expect(cli(path, 'destroy')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringMatching(
        /^there is no command destroy\nusage: [\s\S]*\nall commands: wattfleet-fleet --help\n$/,
      ),
    })
    await expect(cli(path, 'reissue', '00'.repeat(16))).rejects.toMatchObject({ code: 1 })
  })
})
