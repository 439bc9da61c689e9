import { parseArgs } from 'node:util'
import { type Clock, type ClockAnchor, scaledClock, wallClock } from './clock.ts'
import { type ConfigSchema, readConfig } from './config.ts'
import { parseObject } from './down/envelope.ts'
import { Fault, messageOf } from './fault.ts'

/** Exit codes: 0 asked to stop, 1 a fault while running, 2 a configuration that cannot be used. */
export const EXIT = { ok: 0, fault: 1, config: 2 } as const

export interface Program<T> {
  readonly config: T
  readonly clock: Clock
  /** Aborted when the process is asked to stop. */
  readonly signal: AbortSignal
  /** Tells whoever started this process that it is up. */
  ready(): void
}

/**
 * Runs what a process is for. `body` resolves after its signal was aborted and everything is stopped, or when it is done.
 * SIGINT, SIGTERM and the loss of the parent that holds the IPC channel all mean stop. What it rejects with is said on
 * standard error and in the exit code: 2 for a Fault `config`, 1 for anything else.
 */
export async function runProcess(body: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController()
  const stop = () => controller.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  process.once('disconnect', stop)
  try {
    // where the parent was lost before this program listened, no event tells of it
    if (process.connected === false) stop()
    await body(controller.signal)
    process.exitCode = EXIT.ok
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`)
    if (!(error instanceof Fault)) process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`)
    process.exitCode = error instanceof Fault && error.code === 'config' ? EXIT.config : EXIT.fault
  } finally {
    if (process.connected) process.disconnect()
  }
}

/** Tells whoever started this process that it is up. A parent that goes in between is no fault: its going means stop. */
export function tellReady(): void {
  if (process.connected) process.send?.('ready', () => undefined)
}

/**
 * Runs one program: `main.ts --config <file.json>`. `body` starts everything, calls `ready`, and resolves after the
 * signal was aborted and everything is stopped. A faulty configuration is told with one line per mistake. `--help` says
 * what the program is and where a configuration is shown: `about`, some lines.
 */
export function runProgram<T>(
  schema: ConfigSchema<T>,
  about: string,
  body: (program: Program<T>) => Promise<void>,
): Promise<void> {
  return runProcess(async (signal) => {
    const path = configPath()
    if (path === undefined) {
      process.stdout.write(`${USAGE}\n\n${about}\n\n${EXITS}\n`)
      return
    }
    await body({ config: readConfig(path, schema), clock: clockFromEnvironment(), signal, ready: tellReady })
  })
}

const USAGE = 'usage: main.ts --config <file.json>'
const EXITS = 'Exit codes: 0 stopped when asked, 1 a fault while running, 2 a configuration that cannot be used.'

/** Undefined where help is asked for. */
function configPath(): string | undefined {
  const options = { config: { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const
  let asked: { config?: string; help?: boolean }
  try {
    asked = parseArgs({ options }).values
  } catch (error) {
    throw new Fault('config', `${USAGE}: ${messageOf(error)}`, { cause: error })
  }
  if (asked.help) return undefined
  if (asked.config === undefined) throw new Fault('config', USAGE)
  return asked.config
}

/** The street's clock where `WATTFLEET_CLOCK` carries an anchor, else the wall's. */
export function clockFromEnvironment(text = process.env.WATTFLEET_CLOCK): Clock {
  if (text === undefined) return wallClock()
  const anchor: Partial<ClockAnchor> | undefined = parseObject(text)
  const { monotonicMs, streetMs, rate } = anchor ?? {}
  if (![monotonicMs, streetMs, rate].every(Number.isFinite) || !(Number(rate) > 0)) {
    throw new Fault('config', `WATTFLEET_CLOCK: expected {"monotonicMs", "streetMs", "rate" > 0}, got ${text}`)
  }
  return scaledClock(anchor as ClockAnchor)
}

/** Resolves when the signal is aborted. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

/** What is awaited, unless the signal is aborted first: then the fault, and whatever comes of it is let go. */
export function unlessAborted<T>(awaited: Promise<T>, signal: AbortSignal, fault: () => Fault): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(fault())
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
    awaited.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
  })
}
