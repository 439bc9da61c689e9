import {
  type ConfigMessage,
  commandBody,
  configBody,
  Fault,
  type ManualClock,
  manualClock,
  type Release,
  sealDown,
  signingKeyFromSeed,
  signRelease,
} from '@wattfleet/protocol'
import { type AgentConfig, agentConfigSchema } from '../../src/config.ts'
import type { StateFiles, Updates } from '../../src/ports.ts'
import { createRemote } from '../../src/remote.ts'
import { remoteFile } from '../../src/remote-state.ts'
import { memoryLog } from './fixtures.ts'

export const UTILITY = signingKeyFromSeed(new Uint8Array(32).fill(5))
export const OWN = 'aa'.repeat(32)
export const NOW_MS = 1_800_000_000_000
/** The file of a gateway whose installer has written nothing of its devices. */
export const BARE = agentConfigSchema.parse({ stateDir: '/s', claimPath: '/c', pollS: 10 })
export const FILE = agentConfigSchema.parse({ stateDir: '/s', claimPath: '/c', meter: { port: 502 }, pollS: 10 })
export const RELEASE: Release = { version: '2.0.0', sha256: 'cd'.repeat(32), size: 9, url: 'https://dl.example/a.tgz' }

const HEAD = { gateway: OWN, epoch: 1, counter: 1, expiresAt: NOW_MS / 1000 + 3_600 }

export function sealedConfig(changes: Partial<ConfigMessage> = {}, key = UTILITY): Uint8Array {
  return sealDown(configBody({ ...HEAD, settings: { pollS: 20 }, trialS: 60, ...changes }), key)
}

export function sealedCommand(
  name: 'restart' | 'update',
  changes: object = {},
  key = UTILITY,
  signer = key,
): Uint8Array {
  const command = name === 'restart' ? { name } : { name, release: signRelease(RELEASE, signer) }
  return sealDown(commandBody({ ...HEAD, ...changes, command }), key)
}

/** Files in memory that survive a `boot`, and can be full. */
export function memoryFiles(): StateFiles & { isFull: boolean; readonly texts: Map<string, string> } {
  const texts = new Map<string, string>()
  const files = {
    ...{ isFull: false, texts, read: (name: string) => texts.get(name) },
    write(name: string, text: string) {
      if (files.isFull) throw new Fault('store', 'disk full')
      texts.set(name, text)
    },
    remove: (name: string) => void texts.delete(name),
  }
  return files
}

/** A gateway's remote control on a clock that the test moves; `boot` again on the same files is another process. */
export function boot(
  files: StateFiles,
  options: {
    updates?: Partial<Updates>
    utilityKey?: () => Uint8Array | undefined
    epoch?: number
    file?: AgentConfig
    granted?: () => unknown
    clock?: ManualClock
  } = {},
) {
  const { clock = manualClock(NOW_MS) } = options
  const ends: string[] = []
  let told = 0
  let goodMs: number | undefined = NOW_MS
  let isGood = true
  const meter = {
    set isGood(value: boolean) {
      goodMs = clock.nowMs()
      isGood = value
    },
    /** A gateway that has just been started has asked nothing yet, and one whose meter was never read knows that. */
    set goodMs(value: number | undefined) {
      ;[goodMs, isGood] = [value, false]
    },
  }
  const nothing: Updates = { fetch: async () => {}, request() {}, result: () => undefined }
  const remote = createRemote(
    {
      ...{
        file: options.file ?? FILE,
        version: '1.0.0',
        clock,
        steady: clock,
        transport: clock,
        random: () => 0,
        log: memoryLog(),
      },
      granted: options.granted ?? (() => undefined),
      store: remoteFile(files, OWN, options.epoch ?? 1),
      utilityKey: options.utilityKey ?? (() => UTILITY.publicKey),
      updates: { ...nothing, ...options.updates },
    },
    (why) => void ends.push(why),
  )
  const view = {
    meterGoodMs: () => (isGood ? clock.nowMs() : goodMs),
    askMeter: async () => {},
    tell: () => void told++,
  }
  return {
    ...{ remote, clock, ends, meter, told: () => told },
    /** The loops of one round, as the gateway runs them. */
    round() {
      const controller = new AbortController()
      const running = remote.run(view, controller.signal)
      return async () => {
        controller.abort()
        await running
      }
    },
    async advance(ms: number) {
      for (let left = ms; left > 0; left -= 1_000) await clock.advance(Math.min(left, 1_000))
    },
  }
}
