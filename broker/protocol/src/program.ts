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
 * Runs one program: `main.ts --config <file.json>`. `body` starts everything, calls `ready`, and resolves after the
 * signal was aborted and everything is stopped. SIGINT, SIGTERM and the loss of the parent that holds the IPC channel
 * all mean stop. A faulty configuration ends with exit code 2 and one line per mistake.
 */
export async function runProgram<T>(
  schema: ConfigSchema<T>,
  body: (program: Program<T>) => Promise<void>,
): Promise<void> {
  const controller = new AbortController()
  const stop = () => controller.abort()
  process.once('SIGINT', stop)
  process.once('SIGTERM', stop)
  process.once('disconnect', stop)
  try {
    // where the parent was lost before this program listened, no event tells of it
    if (process.connected === false) stop()
    const config = readConfig(configPath(), schema)
    await body({
      config,
      clock: clockFromEnvironment(),
      signal: controller.signal,
      // a parent that goes in between is no fault: its going has asked this program to stop
      ready: () => process.connected && process.send?.('ready', () => undefined),
    })
    process.exitCode = EXIT.ok
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`)
    if (!(error instanceof Fault)) process.stderr.write(`${error instanceof Error ? error.stack : ''}\n`)
    process.exitCode = error instanceof Fault && error.code === 'config' ? EXIT.config : EXIT.fault
  } finally {
    if (process.connected) process.disconnect()
  }
}

const USAGE = 'usage: main.ts --config <file.json>'

function configPath(): string {
  let path: string | undefined
  try {
    path = parseArgs({ options: { config: { type: 'string' } } }).values.config
  } catch (error) {
    throw new Fault('config', `${USAGE}: ${messageOf(error)}`, { cause: error })
  }
  if (path === undefined) throw new Fault('config', USAGE)
  return path
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
