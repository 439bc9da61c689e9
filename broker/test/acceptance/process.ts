import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, readdirSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { eventually } from '../fixtures/broker.ts'

/** Brokers give up root's rights or refuse them: as root, what a test starts runs as nobody. */
const NOBODY = 65_534
const asNobody = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {}

export type Environment = Readonly<Record<string, string>>

export interface Started {
  readonly child: ChildProcess
  /** What it has said, for whoever wants to know why it failed. */
  said(): string
  /** Sends a signal and resolves when the process is gone. */
  end(signal: NodeJS.Signals): Promise<void>
}

/** A folder and what lies in it, given to whoever runs what a test starts. */
export function handOver(folder: string): void {
  if (!('uid' in asNobody)) return
  chownSync(folder, NOBODY, NOBODY)
  for (const name of readdirSync(folder, { recursive: true })) chownSync(join(folder, String(name)), NOBODY, NOBODY)
}

export function startProcess(
  command: string,
  args: readonly string[],
  cwd: string,
  env: Environment = {},
  { asSelf = false } = {},
): Started {
  // a group of its own: what a wrapper script starts ends with it
  const child = spawn(command, args, {
    ...(asSelf ? {} : asNobody),
    cwd,
    env: { ...process.env, ...env },
    detached: true,
  })
  let text = ''
  const take = (chunk: Buffer) => {
    text = (text + chunk).slice(-20_000)
  }
  child.stdout.on('data', take)
  child.stderr.on('data', take)
  child.on('error', (error) => take(Buffer.from(error.message)))
  return {
    child,
    said: () => text,
    async end(signal) {
      if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return
      const { pid } = child
      const gone = once(child, 'exit')
      process.kill(signal === 'SIGKILL' ? -pid : pid, signal)
      await gone
      // a script ends before what it started has let go of its port
      await eventually(() => !isAlive(-pid), `the end of all of ${command}`, 20_000)
    },
  }
}

/** Whether this process, or by a negative number this group, is there. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Runs a command to its end as whoever runs the brokers. */
export function runCommand(command: string, args: readonly string[], cwd: string, env: Environment) {
  return promisify(execFile)(command, args, { ...asNobody, cwd, env: { ...process.env, ...env } })
}

/** Resolves when somebody listens there; rejects with what the process said when it is gone. */
export async function listening(port: number, started: Started, limitMs = 60_000): Promise<void> {
  const answers = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1')
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
      socket.once('connect', () => socket.destroy())
    })
  let up = false
  const look = async () => {
    while (!up && started.child.exitCode === null) up = await answers()
  }
  void look()
  await eventually(() => up || started.child.exitCode !== null, `a broker on port ${port}: ${started.said()}`, limitMs)
  if (!up) throw new Error(`the broker did not start:\n${started.said()}`)
}

/** Whether this program can be run. */
export function isInstalled(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).error === undefined
}
