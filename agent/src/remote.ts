import {
  type Clock,
  type DirectiveType,
  Fault,
  messageOf,
  openDown,
  parseCommandMessage,
  parseConfigMessage,
  reasonOf,
} from '@wattfleet/protocol'
import type { AgentConfig } from './config.ts'
import {
  atStart,
  dropKept,
  endTrial,
  inForce,
  type RemoteState,
  rollBack,
  type Settings,
  takeCommand,
  takeConfig,
} from './core/remote.ts'
import { sourcesOf } from './granted.ts'
import type { Log, Remote, RemoteView, Updates } from './ports.ts'
import { effectiveConfig } from './remote-config.ts'
import type { RemoteFile } from './remote-state.ts'
import { survivingStore } from './surviving-store.ts'
import { createUpdater } from './update-job.ts'

/** A meter that was read in this time can be read: one reading that fails says nothing. */
const RECENT_MS = 3_600_000
/** For the last reading of a trial: one answer may take a minute (`timeoutMs`), and a scale factor is asked besides. */
const LAST_READING_MS = 120_000
/** Before a store that failed is tried again. */
const RETRY_MS = 1_000

export interface RemoteParts {
  /** The gateway's own file, which settings are laid upon. */
  readonly file: AgentConfig
  /** What the grant in force says of the devices, as it came. */
  readonly granted: () => unknown
  readonly store: RemoteFile
  /** What signs configurations and commands, as the grant in force says; undefined where it names none: then none is taken. */
  readonly utilityKey: () => Uint8Array | undefined
  /** Of this software. */
  readonly version: string
  /** What expiry is told by. */
  readonly clock: Clock
  readonly steady: Clock
  /** Real time that nobody steps. */
  readonly transport: Clock
  readonly random: () => number
  readonly updates: Updates
  readonly log: Log
}

export interface RemoteControl extends Remote {
  /** The configuration in force. */
  config(): AgentConfig
  /** The gateway could not be run. Whether that ended a trial, so that running it again is worth it. */
  failed(error: unknown): boolean
}

/**
 * What the utility tells this gateway, kept durably before anything comes of it. `onEnd`: the loops are to end, and to
 * begin again with what is in force then (`config`), or with the process (`restart`). Throws Fault `store` where what was
 * kept cannot be read.
 */
export function createRemote(parts: RemoteParts, onEnd: (why: 'config' | 'restart') => void): RemoteControl {
  const { file, granted, store, clock, steady, transport, log } = parts
  let state = store.load()
  let view: RemoteView = { meterGoodMs: () => undefined, askMeter: async () => {}, tell: () => undefined }
  const updater = createUpdater(parts, () => state, set)

  function set(next: RemoteState): void {
    if (next === state) return
    store.save(next)
    state = next
    view.tell()
  }

  /** The settings in force upon file and grant; without those that no longer fit them. */
  function config(): AgentConfig {
    for (;;) {
      const settings = inForce(state)?.settings
      if (settings === undefined) return effectiveConfig(file, {}, granted())
      try {
        return effectiveConfig(file, settings, granted())
      } catch (error) {
        if (!(error instanceof Fault && error.code === 'config')) throw error
        log.error({ error: messageOf(error) }, 'the settings from afar do not fit the file: they are dropped')
        const reason = reasonOf(`it does not fit the gateway's file: ${messageOf(error)}`)
        set(state.trial === undefined ? dropKept(state, reason) : rollBack(state, reason))
      }
    }
  }

  /** What waited at the broker comes before the first reading does: then the meter is given the benefit of the doubt. */
  function couldBeRead(): boolean {
    const goodMs = view.meterGoodMs()
    return goodMs === undefined || steady.nowMs() - goodMs <= RECENT_MS
  }

  function hear(kind: DirectiveType, payload: Uint8Array): void {
    const said = readDirective(kind, payload, parts.utilityKey())
    if (said === undefined) {
      log.warn({ kind, bytes: payload.length }, 'not from the utility, or unreadable')
      return
    }
    const before = state
    const nowS = Math.floor(clock.nowMs() / 1000)
    try {
      if ('settings' in said) set(takeConfig(state, said, nowS, couldBeRead(), (it) => mistakeIn(file, it, granted())))
      else set(takeCommand(state, said, nowS))
    } catch (error) {
      // it is sent again: a gateway that did not keep it did not take it
      if (!(error instanceof Fault && error.code === 'store')) throw error
      log.error({ error: messageOf(error) }, 'what the utility said could not be kept')
      return
    }
    const { trial, job, lastConfig, lastCommand } = state
    log.info({ kind, counter: said.counter, isNew: state !== before, lastConfig, lastCommand }, 'the utility said')
    if (trial !== before.trial) onEnd('config')
    if (job === before.job) view.tell()
    else if (job?.command.name === 'restart') onEnd('restart')
    else updater.wake()
  }

  /** Has the meter read, and waits for it; a loop that hangs with this configuration holds up no judgement. */
  async function readOnce(signal: AbortSignal): Promise<void> {
    const over = new AbortController()
    void view.askMeter().then(() => over.abort())
    await transport.until(transport.nowMs() + LAST_READING_MS, AbortSignal.any([signal, over.signal]))
  }

  /** Says at the end of a trial whether the configuration is kept. */
  async function tryOut(signal: AbortSignal): Promise<void> {
    const { trial } = state
    if (trial === undefined) return
    // one reading that fails is no silent meter: half of the trial without any is
    const [halfMs, endMs] = [500, 1_000].map((ms) => steady.nowMs() + trial.trialS * ms) as [number, number]
    const isGood = () => (view.meterGoodMs() ?? Number.NEGATIVE_INFINITY) >= halfMs
    // what is tried may have the meter asked more seldom than a trial lasts: the half that is judged holds readings all the same
    await steady.until(halfMs, signal)
    if (!signal.aborted) void view.askMeter()
    await steady.until(endMs, signal)
    if (!signal.aborted && !isGood()) await readOnce(signal)
    while (!signal.aborted && state.trial === trial) {
      await survivingStore(log, () => set(endTrial(state, isGood())))
      if (state.trial === trial) await steady.until(steady.nowMs() + RETRY_MS, signal)
    }
    if (signal.aborted) return
    log.info({ ...state.lastConfig }, 'the trial of a configuration is over')
    if (state.kept?.counter !== trial.counter) onEnd('config')
  }

  set(atStart(state))
  return {
    config,
    hear,
    standing() {
      const { lastConfig, lastCommand } = state
      return {
        version: parts.version,
        config: inForce(state)?.counter ?? 0,
        devices: sourcesOf(file, granted(), inForce(state)?.settings ?? {}),
        ...(lastConfig !== undefined && { lastConfig }),
        ...(lastCommand !== undefined && { lastCommand }),
      }
    },
    async run(next, signal) {
      view = next
      await Promise.all([tryOut(signal), updater.run(signal)])
    },
    failed(error) {
      if (state.trial === undefined) return false
      log.error({ error: messageOf(error) }, 'the gateway does not run with the configuration that is tried')
      set(rollBack(state, reasonOf(messageOf(error))))
      return true
    },
  }
}

function readDirective(kind: DirectiveType, payload: Uint8Array, utilityKey: Uint8Array | undefined) {
  const body = utilityKey && openDown(payload, utilityKey)
  return body && (kind === 'config' ? parseConfigMessage(body) : parseCommandMessage(body))
}

function mistakeIn(file: AgentConfig, settings: Settings, granted: unknown): string | undefined {
  try {
    effectiveConfig(file, settings, granted)
    return undefined
  } catch (error) {
    return reasonOf(messageOf(error))
  }
}
