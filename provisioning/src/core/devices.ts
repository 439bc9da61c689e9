import type { GrantedDevice, GrantedDevices } from '@wattfleet/protocol'
import { parseDeviceAddress } from './device-address.ts'

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
