import { execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type SignedRelease, signRelease, toHex } from '@wattfleet/protocol'
import { UTILITY } from './remote.ts'

/** How an agent of a release behaves once it is started. */
export type Manner = 'well' | 'silent' | 'dies' | 'never-starts'

/** What stands for the agent: it says that it is well as the real one does, or does not. */
function agentOf(version: string, manner: Manner): string {
  if (manner === 'never-starts') return 'process.exit(1)'
  const says = `writeFileSync(join(process.argv[2], 'health.json'), JSON.stringify({ version: '${version}', pid: process.pid }))`
  return [
    "import { writeFileSync } from 'node:fs'",
    "import { join } from 'node:path'",
    manner === 'silent' ? '' : says,
    manner === 'dies' ? 'setTimeout(() => process.exit(1), 50)' : 'setInterval(() => {}, 1000)',
  ].join('\n')
}

/** What stands for the supervisor: ends the agent that runs, and starts what `current` names now. */
const SUPERVISOR = `
import { spawn } from 'node:child_process'
import { appendFileSync, existsSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
const [root, stateDir, pidPath] = process.argv.slice(2)
if (existsSync(pidPath)) try { process.kill(Number(readFileSync(pidPath, 'utf8')), 'SIGKILL') } catch {}
const child = spawn(process.execPath, [root + '/current/agent.mjs', stateDir], { detached: true, stdio: 'ignore' })
writeFileSync(pidPath, String(child.pid))
appendFileSync(root + '/started', readlinkSync(root + '/current') + '\\n')
child.unref()
`

/** A gateway's folders with version 1.0.0 in force, and an updater that is run as a process. */
export function testGateway() {
  const dir = mkdtempSync(join(tmpdir(), 'wattfleet-update-'))
  const [root, stateDir, pidPath] = [join(dir, 'opt'), join(dir, 'state'), join(dir, 'agent.pid')]
  const supervisor = join(dir, 'supervisor.mjs')
  for (const folder of [join(root, 'releases/1.0.0'), join(stateDir, 'updates')]) mkdirSync(folder, { recursive: true })
  writeFileSync(supervisor, SUPERVISOR)
  writeFileSync(join(root, 'releases/1.0.0/agent.mjs'), agentOf('1.0.0', 'well'))
  symlinkSync('releases/1.0.0', join(root, 'current'))
  writeFileSync(join(stateDir, 'grant.json'), JSON.stringify({ utilityKey: toHex(UTILITY.publicKey) }))
  const config = {
    ...{ root, stateDir, restart: [process.execPath, supervisor, root, stateDir, pidPath] },
    ...{ deadlineS: 60, steadyS: 2, logLevel: 'silent' },
  }
  const configPath = join(dir, 'update.json')
  const configure = (changes: object) => writeFileSync(configPath, JSON.stringify({ ...config, ...changes }))
  configure({})
  const main = join(import.meta.dirname, '../../src/update.ts')
  const text = (path: string) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)
  return {
    ...{ root, stateDir, configure },
    /** Puts an archive where the agent puts it, and asks for it. */
    ask(version: string, manner: Manner, changes: Partial<SignedRelease> = {}, key = UTILITY, mode = 0o644): void {
      const folder = join(dir, 'build', version)
      mkdirSync(folder, { recursive: true })
      writeFileSync(join(folder, 'agent.mjs'), agentOf(version, manner))
      chmodSync(join(folder, 'agent.mjs'), mode)
      const archive = execFileSync('tar', ['--create', '--gzip', '--directory', folder, '.'])
      const sha256 = createHash('sha256').update(archive).digest('hex')
      const release = signRelease({ version, sha256, size: archive.length, url: 'https://dl.example/a.tgz' }, key)
      writeFileSync(join(stateDir, 'updates', `${sha256}.tgz`), archive)
      writeFileSync(
        join(stateDir, 'updates/request.json'),
        JSON.stringify({ counter: 7, release: { ...release, ...changes } }),
      )
    },
    /** Runs the updater; its exit code, or the signal it was ended with after `killWhen` came true. */
    run(killWhen?: () => boolean): Promise<number | string | null> {
      const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', main, '--config', configPath])
      const look = setInterval(() => killWhen?.() && child.kill('SIGKILL'), 10)
      return new Promise((resolve) => {
        child.once('exit', (code, signal) => {
          clearInterval(look)
          resolve(signal ?? code)
        })
      })
    },
    result: () => JSON.parse(text(join(stateDir, 'updates/result.json')) ?? 'null'),
    /** What the supervisor has started, in turn. */
    started: () => (text(join(root, 'started')) ?? '').trim().split('\n').filter(Boolean),
    health: () => JSON.parse(text(join(stateDir, 'health.json')) ?? 'null'),
    close() {
      try {
        process.kill(Number(text(pidPath)), 'SIGKILL')
      } catch {
        // it has ended by itself
      }
      rmSync(dir, { recursive: true })
    },
  }
}
