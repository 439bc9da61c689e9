import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type ClockAnchor, EXIT, Fault } from '@wattfleet/protocol'

/** A part of the street that runs as its own process. */
export interface Part {
  readonly name: string
  /** Its main.ts. */
  readonly program: string
  /** Written to a file that the process reads. */
  readonly config: object
}

/** How long a part may take until it is up: several start at once on small machines. */
const READY_TIMEOUT_MS = 90_000
/** How long the parts may take to stop by themselves before they are killed. */
const STOP_TIMEOUT_MS = 3_500
/** Before a part that died is started again, and the longest this grows to. */
const RESTART_MS = 500
const RESTART_MAX_MS = 15_000
/** A part that ran this long had started well: the next restart is quick again. */
const STEADY_MS = 60_000
/** What is shown of a part's log when it does not start. */
const TAIL_LINES = 12

export interface Supervisor {
  /** Starts a part and resolves when it says that it is up. Throws Fault `config` or `internal` with the end of its log. */
  start(part: Part): Promise<void>
  pids(): ReadonlyMap<string, number>
  /** Asks all to stop, kills what does not. */
  stop(): Promise<void>
}

interface Running {
  readonly part: Part
  child: ChildProcess
  startedMs: number
  restarts: number
  timer?: NodeJS.Timeout
}

/** Starts parts, starts again those that die, and stops them all. */
export function createSupervisor(
  folders: { readonly configs: string; readonly logs: string },
  anchor: ClockAnchor,
  onEvent: (text: string) => void,
): Supervisor {
  const running = new Map<string, Running>()
  let stopping = false
  const logPath = (part: Part) => join(folders.logs, `${part.name}.log`)

  const launch = (part: Part): ChildProcess => {
    const configPath = join(folders.configs, `${part.name}.json`)
    writeFileSync(configPath, `${JSON.stringify(part.config, null, 2)}\n`, { mode: 0o600 })
    const log = openSync(logPath(part), 'a')
    const child = spawn(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', part.program, '--config', configPath],
      {
        stdio: ['ignore', log, log, 'ipc'],
        env: { ...process.env, WATTFLEET_CLOCK: JSON.stringify(anchor) },
        // its own process group: Ctrl-C reaches this process, which stops the parts in order
        detached: true,
      },
    )
    closeSync(log)
    return child
  }

  const watch = (one: Running) => {
    one.child.once('exit', (code, signal) => {
      if (stopping) return
      const steady = Date.now() - one.startedMs > STEADY_MS
      one.restarts = steady ? 0 : one.restarts + 1
      const waitMs = Math.min(RESTART_MS * 2 ** one.restarts, RESTART_MAX_MS)
      onEvent(`${one.part.name} ended (${signal ?? code}); starting it again in ${waitMs / 1000} s`)
      one.timer = setTimeout(() => {
        one.child = launch(one.part)
        one.startedMs = Date.now()
        watch(one)
      }, waitMs)
    })
  }

  return {
    async start(part) {
      const child = launch(part)
      const one: Running = { part, child, startedMs: Date.now(), restarts: 0 }
      running.set(part.name, one)
      await untilReady(part, child, logPath(part))
      if (child.exitCode === null && child.signalCode === null) watch(one)
    },
    pids: () => new Map([...running].flatMap(([name, { child }]) => (child.pid ? [[name, child.pid]] : []))),
    async stop() {
      stopping = true
      await Promise.all(
        [...running.values()].map(({ child, timer }) => {
          clearTimeout(timer)
          return stopOne(child)
        }),
      )
    },
  }
}

function untilReady(part: Part, child: ChildProcess, logPath: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (why: string, code: 'config' | 'internal' = 'internal') => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new Fault(code, `${part.name} ${why}. The end of ${logPath}:\n${tailOf(logPath)}`))
    }
    const timer = setTimeout(() => fail(`was not up after ${READY_TIMEOUT_MS / 1000} s`), READY_TIMEOUT_MS)
    child.once('error', (error) => fail(`cannot be started: ${error.message}`))
    child.once('exit', (code) => fail(`ended with code ${code}`, code === EXIT.config ? 'config' : 'internal'))
    child.on('message', (message) => {
      if (message !== 'ready') return
      clearTimeout(timer)
      child.removeAllListeners('exit')
      resolve()
    })
  })
}

function tailOf(path: string): string {
  return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n')
}

function stopOne(child: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) return resolve()
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
    child.kill('SIGTERM')
  })
}
