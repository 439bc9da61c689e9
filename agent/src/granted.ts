import { checkConfig, type DeviceSource, type DeviceSources, Fault, messageOf, reasonOf } from '@wattfleet/protocol'
import { type AgentConfig, DEVICES, devicesSchema } from './config.ts'
import type { Settings } from './core/remote.ts'

/** Serial lines are here, and nothing else that a path can lead to. */
const SERIAL_PATH = /^\/dev\/[A-Za-z0-9_/:.-]{1,100}$/
/** Opens a port on this gateway for others: whoever stands before it decides that, in its file. */
export const FOR_THE_FILE = ['share'] as const
const SOURCE = 'grant'

type Device = (typeof DEVICES)[number]

/** Whether a path that came from afar is a serial line. */
export function isSerialPath(path: string): boolean {
  return SERIAL_PATH.test(path) && !path.includes('..')
}

/**
 * What the grant says of devices that the file does not name: what the installer wrote on the spot is the truth, whole. It is
 * laid under the settings where it is good as it is, or where they say more about the device; `mistakes` is what is wrong with
 * the rest, each with its path. Nothing is made up: where a model or an address is missing, the device is not there.
 */
export function grantedUnder(
  file: AgentConfig,
  granted: unknown,
  settings: Settings,
): { readonly devices: Readonly<Partial<Record<Device, unknown>>>; readonly mistakes: readonly string[] } {
  if (granted === undefined) return { devices: {}, mistakes: [] }
  if (!isObject(granted)) return { devices: {}, mistakes: [`${SOURCE}: devices: expected an object`] }
  const devices: Partial<Record<Device, unknown>> = {}
  const mistakes: string[] = []
  for (const device of DEVICES) {
    const said = granted[device]
    if (file[device] !== undefined || said === undefined || settings[device] === null) continue
    const wrong = mistakeIn(device, said)
    const isPatched = isObject(settings[device]) && isObject(said) && !opensPorts(said)
    if (wrong === undefined || isPatched) devices[device] = said
    else mistakes.push(wrong)
  }
  return { devices, mistakes }
}

/** Whose word counts for each device, for whoever watches the fleet. */
export function sourcesOf(file: AgentConfig, granted: unknown, settings: Settings): DeviceSources {
  const { devices, mistakes } = grantedUnder(file, granted, settings)
  const of = (device: Device): DeviceSource => {
    if (settings[device] === null) return 'none'
    if (settings[device] !== undefined) return 'afar'
    if (file[device] !== undefined) return 'file'
    return devices[device] === undefined ? 'none' : 'grant'
  }
  const sources = { meter: of('meter'), inverter: of('inverter') }
  const noMeter = 'meter: expected one in the file, the grant or a configuration from afar'
  const said = sources.meter === 'none' && mistakes.length === 0 ? [noMeter] : mistakes
  return said.length === 0 ? sources : { ...sources, reason: reasonOf(said.join('; ')) }
}

function mistakeIn(device: Device, said: unknown): string | undefined {
  if (isObject(said) && opensPorts(said)) {
    return `${SOURCE}: ${device}.${FOR_THE_FILE.join(', ')}: cannot be set from afar`
  }
  // the file's default for a model would be a guess here, and another meter's registers look like figures too
  if (isObject(said) && said.model === undefined) return `${SOURCE}: ${device}.model: expected the id of a model`
  try {
    const checked = checkConfig({ [device]: said }, devicesSchema, SOURCE)
    const path = checked[device]?.serial?.path
    const isLine = path === undefined || isSerialPath(path)
    return isLine ? undefined : `${SOURCE}: ${device}.serial.path: expected a serial line below /dev`
  } catch (error) {
    if (error instanceof Fault && error.code === 'config') return messageOf(error)
    throw error
  }
}

function opensPorts(said: Readonly<Record<string, unknown>>): boolean {
  return FOR_THE_FILE.some((name) => name in said)
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
