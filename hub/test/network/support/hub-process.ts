import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { z } from 'zod'
import type { NetworkCommunity } from '../../../../chain/test/network/support/community.ts'
import type { hubConfig } from '../../../src/config.ts'

type HubConfigInput = z.input<typeof hubConfig>

const MAIN = join(import.meta.dirname, '../../../src/main.ts')
const LOG_TAIL_LINES = 30

/** The hub's program with the roles that bring orders to the chain and follow it: a process of its own. */
export interface HubProcess {
  readonly stateDir: string
  /** Starts it on what is in its folder, and resolves when its roles serve. */
  start(): Promise<void>
  /** SIGKILL: it finishes nothing. */
  kill(): Promise<void>
  /** Asks it to stop. Rejects where it does not end well. */
  stop(): Promise<void>
  /** The end of what it said. */
  tail(): string
}

/** `more`: what its configuration has beyond that. */
export function hubProcess(
  folder: string,
  community: NetworkCommunity,
  endpoints: readonly string[],
  more: Partial<HubConfigInput> = {},
): HubProcess {
  const stateDir = join(folder, 'hub')
  mkdirSync(stateDir)
  const seed = (role: keyof NetworkCommunity['seeds']) => {
    const path = join(folder, `${role}.seed`)
    writeFileSync(path, community.seeds[role], { mode: 0o600 })
    return path
  }
  const nowhere = join(folder, 'not-used')
  const config = {
    roles: ['relay', 'orderbook'],
    community: community.rules.community,
    stateDir,
    chainEndpoints: endpoints,
    seeds: {
      relayer: seed('relayer'),
      matchingEngine: seed('matchingEngine'),
      settlementEngine: seed('settlementEngine'),
    },
    // of roles that do not run here
    ...{ brokerUrl: 'mqtts://127.0.0.1:1', caPath: nowhere, certPath: nowhere, keyPath: nowhere, hubSeedPath: nowhere },
    ...more,
  }
  const configPath = join(folder, 'hub.json')
  writeFileSync(configPath, JSON.stringify(config))
  const logPath = join(folder, 'hub.log')
  let child: ChildProcess | undefined

  const ended = async (signal: NodeJS.Signals): Promise<number | null> => {
    const running = child
    child = undefined
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return null
    const exit = once(running, 'exit')
    running.kill(signal)
    const [code] = (await exit) as [number | null]
    return code
  }
  const hub: HubProcess = {
    stateDir,
    async start() {
      const log = openSync(logPath, 'a')
      const execArgv = ['--disable-warning=ExperimentalWarning']
      child = fork(MAIN, ['--config', configPath], { execArgv, stdio: ['ignore', log, log, 'ipc'] })
      closeSync(log)
      const gone = once(child, 'exit').then(() => Promise.reject(new Error(`the hub did not start\n${hub.tail()}`)))
      await Promise.race([once(child, 'message'), gone])
      gone.catch(() => {})
    },
    async kill() {
      await ended('SIGKILL')
    },
    async stop() {
      const code = await ended('SIGTERM')
      if (code !== 0) throw new Error(`the hub ended with ${code}\n${hub.tail()}`)
    },
    tail: () => readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n'),
  }
  return hub
}
