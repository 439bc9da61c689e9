import { checkConfig, Fault, REMOTE_SETTINGS } from '@wattfleet/protocol'
import { type AgentConfig, agentConfigSchema } from './config.ts'
import { mergePatch } from './core/merge-patch.ts'
import type { Settings } from './core/remote.ts'

/** Serial lines are here, and nothing else that a path can lead to. */
const SERIAL_PATH = /^\/dev\/[A-Za-z0-9_/:.-]{1,100}$/
/** Opens a port on this gateway for others: whoever stands before it decides that, in its file. */
const FOR_THE_FILE = ['share'] as const
const SOURCE = 'settings'

/**
 * The configuration that the gateway's own file and the utility's settings make together, checked as the file is. Throws
 * Fault `config` naming every mistake: also what may not come from afar.
 */
export function effectiveConfig(file: AgentConfig, settings: Settings): AgentConfig {
  const foreign = Object.keys(settings).filter((name) => !(REMOTE_SETTINGS as readonly string[]).includes(name))
  const local = (['meter', 'inverter'] as const).flatMap((device) =>
    FOR_THE_FILE.filter((name) => name in Object(settings[device])).map((name) => `${device}.${name}`),
  )
  const kept = [...foreign, ...local].map((name) => `${SOURCE}: ${name}: cannot be set from afar`)
  if (kept.length > 0) throw new Fault('config', kept.join('\n'))
  const config = checkConfig(mergePatch(file, settings), agentConfigSchema, SOURCE)
  for (const device of ['meter', 'inverter'] as const) {
    const path = config[device]?.serial?.path
    const isOwn = path === file[device]?.serial?.path
    if (path !== undefined && !isOwn && (!SERIAL_PATH.test(path) || path.includes('..'))) {
      throw new Fault('config', `${SOURCE}: ${device}.serial.path: expected a serial line below /dev`)
    }
  }
  return config
}
