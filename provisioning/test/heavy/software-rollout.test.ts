import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:https'
import type { AddressInfo } from 'node:net'
import { basename, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { issueServerCertificate } from '../../src/authority/identities.ts'
import { temporaryFolder } from '../fixtures/office.ts'
import { testFleet } from '../fixtures/real-fleet.ts'
import { updatedGateway } from '../fixtures/updated-gateway.ts'

/*
 * Software from the project's own package script to the gateway that runs it, and back: the archive, the server, the
 * command line, the service's roll-outs, the broker, the agent's update job, the updater and the agents are what they are
 * in a house. Only the supervisor stands for systemd.
 */

const ROOT = resolve(import.meta.dirname, '../../..')
const CLI = join(ROOT, 'provisioning/src/cli.ts')
const ARCH = process.arch === 'arm64' ? 'arm64' : 'amd64'
const HOUSES = [0, 1]
const PATIENCE = { timeout: 120_000, interval: 100 }
const run = promisify(execFile)

let dir: ReturnType<typeof temporaryFolder>
let fleet: Awaited<ReturnType<typeof testFleet>>
let stopService: () => Promise<void>
let downloads: Server
let gateways: ReturnType<typeof updatedGateway>[] = []
beforeEach(async () => {
  dir = temporaryFolder()
  fleet = await testFleet(HOUSES.length)
  stopService = fleet.startService()
  downloads = await serve()
}, 60_000)
afterEach(async () => {
  await Promise.all(gateways.map((gateway) => gateway.close()))
  gateways = []
  await stopService()
  downloads.closeAllConnections()
  await new Promise((closed) => downloads.close(closed))
  await fleet.close()
  dir.remove()
})

/** Where releases lie, under a certificate of the utility's own authority. */
async function serve(): Promise<Server> {
  const identity = await issueServerCertificate(fleet.office.authority, { commonName: 'downloads' })
  const server = createServer({ cert: identity.certificatePem, key: identity.privateKeyPem }, (request, response) => {
    response.end(readFileSync(join(dir.path, basename(request.url ?? ''))))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const urlOf = (name = '') => `https://127.0.0.1:${(downloads.address() as AddressInfo).port}/${name}`

/** What `npm run package:agent` makes of these sources under this version. */
async function packed(version: string) {
  const args = ['--release', '--fast', '--arch', ARCH, '--version', version, '--url', urlOf(), '--out', dir.path]
  const { stdout } = await run('npm', ['run', '--silent', 'package:agent', '--', ...args], { cwd: ROOT })
  const archive = stdout.trim()
  return { archive, version, file: archive.replace('.tgz', '.json') }
}

/** The same release, but its agent ends at once. */
function broken(good: { archive: string }, version: string): string {
  const folder = join(dir.path, 'broken')
  mkdirSync(folder)
  execFileSync('tar', ['--extract', '--gzip', '--file', good.archive, '--directory', folder])
  writeFileSync(join(folder, 'app/agent/main.js'), 'process.exit(1)\n')
  const name = `broken_${version}.tgz`
  const gzip = ['--use-compress-program', 'gzip -1']
  execFileSync('tar', ['--create', ...gzip, '--file', join(dir.path, name), '--directory', folder, '.'])
  rmSync(folder, { recursive: true })
  const bytes = readFileSync(join(dir.path, name))
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const file = join(dir.path, 'broken.json')
  writeFileSync(file, JSON.stringify({ release: { version, sha256, size: bytes.length, url: urlOf(name) } }))
  return file
}

/** The command line, in a process of its own, on the store that the service works on. */
async function cli(...args: string[]) {
  const { office } = fleet
  const config = fleet.write('utility.json', {
    ...{ stateDir: office.dir, claimsDir: office.claims.claimsDir, hubKey: 'ab'.repeat(32), operatorSeedPath: '/none' },
  })
  const flags = ['--disable-warning=ExperimentalWarning', CLI, '--config', config]
  return JSON.parse((await run(process.execPath, [...flags, ...args])).stdout)
}

const rollOut = (file: string) =>
  cli('rollout', 'create', file, '--stages', '1,100%', '--threshold', '0', '--soak', '1')
const shows = (id: number) => cli('rollout', 'show', String(id))
const said = () => [...fleet.said.slice(-10), ...gateways.map((gateway) => gateway.said())].join('\n')
const versions = () => fleet.office.store.statuses.all().map(({ version, meter }) => [version, meter])

describe('software that is rolled out', () => {
  it('runs on every gateway where it is well, and is gone again after the first one where it is not', async () => {
    const [first, next] = [await packed('1.0.0'), await packed('1.1.0')]
    gateways = HOUSES.map((n) => {
      const stateDir = join(fleet.folder, `agent-${n}`)
      const agent = { config: fleet.agentConfig(n), stateDir, env: fleet.agentEnv }
      return updatedGateway(join(dir.path, `gateway-${n}`), first, agent)
    })
    for (const gateway of gateways) gateway.start()
    await vi.waitFor(() => expect(versions(), said()).toEqual(Array(2).fill(['1.0.0', 'good'])), PATIENCE)

    const good = await rollOut(next.file)
    expect(good).toMatchObject({ kind: 'software', state: 'running' })
    await vi.waitFor(async () => expect(await shows(good.id), said()).toMatchObject({ state: 'done' }), PATIENCE)
    expect((await shows(good.id)).targets.map((one: { state: string }) => one.state)).toEqual(['good', 'good'])
    expect(versions()).toEqual(Array(2).fill(['1.1.0', 'good']))
    for (const gateway of gateways) {
      expect([gateway.current(), gateway.started()]).toEqual(['1.1.0', ['1.0.0', '1.1.0']])
      gateway.allow(5)
    }

    const bad = await rollOut(broken(next, '1.2.0'))
    await vi.waitFor(async () => expect(await shows(bad.id), said()).toMatchObject({ state: 'stopped' }), PATIENCE)
    const { targets, reason } = await shows(bad.id)
    expect(reason).toBe('1 of the 1 gateways of stage 1 failed')
    expect(targets).toMatchObject([
      { state: 'failed', reason: 'rolled-back: it was not up within 5 s' },
      { state: 'waiting' },
    ])
    // whoever had tried it has what it had, and is well; the other one was never told
    const started = gateways.map((gateway) => gateway.started())
    expect(started).toEqual(
      expect.arrayContaining([
        ['1.0.0', '1.1.0', '1.2.0', '1.1.0'],
        ['1.0.0', '1.1.0'],
      ]),
    )
    await vi.waitFor(() => expect(versions(), said()).toEqual(Array(2).fill(['1.1.0', 'good'])), PATIENCE)
    expect(gateways.map((gateway) => gateway.current())).toEqual(['1.1.0', '1.1.0'])
    expect(fleet.office.store.audit.verify()).toMatchObject({ ok: true })
  }, 400_000)
})
