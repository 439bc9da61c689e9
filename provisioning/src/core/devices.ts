import {
  type GrantedDevice,
  type GrantedDevices,
  INVERTER_MODELS,
  METER_MODELS,
  PUSHING_METERS,
} from '@wattfleet/protocol'
import { DEVICE_ADDRESS_FORM, parseDeviceAddress } from './device-address.ts'
import { nearest } from './nearest.ts'

/** What a manifest says of the devices of a house; where it says nothing, nothing is made up. */
export interface ManifestDevices {
  /** Ids of models, such as `eastron-sdm630`. */
  readonly meter?: string | undefined
  readonly inverter?: string | undefined
  /** Where they are, as `parseDeviceAddress` reads it. */
  readonly meterAddress?: string | undefined
  readonly inverterAddress?: string | undefined
  /** Modbus unit ids. */
  readonly meterUnit?: number | undefined
  readonly inverterUnit?: number | undefined
}

export const DEVICE_COLUMNS = [
  ...(['meter', 'meterAddress', 'meterUnit'] as const),
  ...(['inverter', 'inverterAddress', 'inverterUnit'] as const),
] as const

const MODELS = { meter: METER_MODELS, inverter: INVERTER_MODELS } as const

/** Why this model is none; undefined where a gateway can read it as such a device. */
export function modelMistake(device: keyof typeof MODELS, model: string): string | undefined {
  const known = MODELS[device]
  if (known.includes(model)) return undefined
  const meant = nearest(model, known)
  const help = meant === undefined ? 'wattfleet-devices models lists them' : `did you mean ${meant}?`
  return `no ${device} has the model ${JSON.stringify(model)}: ${help}`
}

/** What was expected in place of this address; undefined where the model, if one is said, can be there. */
export function addressMistake(address: string, model: string | undefined): string | undefined {
  const place = parseDeviceAddress(address)
  if (place === undefined) return DEVICE_ADDRESS_FORM
  if (model === undefined || !PUSHING_METERS.includes(model) || place.serial !== undefined) return undefined
  return `expected the serial line on which ${model} is heard, such as /dev/ttyUSB0`
}

/** Only what a manifest said of the devices. */
export function saidOf(site: ManifestDevices): ManifestDevices {
  return Object.fromEntries(
    DEVICE_COLUMNS.flatMap((column) => (site[column] === undefined ? [] : [[column, site[column]]])),
  )
}

/** The same as a gateway is granted it: a model without an address is told too, so that only the address is missing there. */
export function devicesOf(site: ManifestDevices): { readonly devices?: GrantedDevices } {
  const meter = deviceOf(site.meter, site.meterAddress, site.meterUnit)
  const inverter = deviceOf(site.inverter, site.inverterAddress, site.inverterUnit)
  if (meter === undefined && inverter === undefined) return {}
  return { devices: { ...(meter !== undefined && { meter }), ...(inverter !== undefined && { inverter }) } }
}

function deviceOf(
  model: string | undefined,
  address: string | undefined,
  unit: number | undefined,
): GrantedDevice | undefined {
  if (model === undefined) return undefined
  const place = address === undefined ? undefined : parseDeviceAddress(address)
  return { model, ...place, ...(unit !== undefined && { unit }) }
}
