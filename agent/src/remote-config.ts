import { checkConfig, Fault, REMOTE_SETTINGS } from '@wattfleet/protocol'
import { type AgentConfig, agentConfigSchema, DEVICES } from './config.ts'
import { mergePatch } from './core/merge-patch.ts'
import type { Settings } from './core/remote.ts'
import { FOR_THE_FILE, grantedUnder, isSerialPath } from './granted.ts'

const SOURCE = 'settings'

/**
 * The configuration that the gateway's own file, below it what its grant says of devices, and upon it the utility's settings
 * make together, checked as the file is. Throws Fault `config` naming every mistake of the settings: also what may not come
 * from afar. What is wrong with the grant is left out.
 */
export function effectiveConfig(file: AgentConfig, settings: Settings, granted?: unknown): AgentConfig {
  const foreign = Object.keys(settings).filter((name) => !(REMOTE_SETTINGS as readonly string[]).includes(name))
  const local = DEVICES.flatMap((device) =>
    FOR_THE_FILE.filter((name) => name in Object(settings[device])).map((name) => `${device}.${name}`),
  )
  const kept = [...foreign, ...local].map((name) => `${SOURCE}: ${name}: cannot be set from afar`)
  if (settings.meter === null) kept.push(`${SOURCE}: meter: cannot be taken away`)
  if (kept.length > 0) throw new Fault('config', kept.join('\n'))
  const base = { ...file, ...grantedUnder(file, granted, settings).devices }
  const config = checkConfig(mergePatch(base, settings), agentConfigSchema, SOURCE)
  for (const device of DEVICES) {
    const path = config[device]?.serial?.path
    const isOwn = path === file[device]?.serial?.path
    if (path !== undefined && !isOwn && !isSerialPath(path)) {
      throw new Fault('config', `${SOURCE}: ${device}.serial.path: expected a serial line below /dev`)
    }
  }
  return config
}
