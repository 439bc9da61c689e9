import { shippedModel } from '@wattfleet/devices'
import type { HouseNow } from '../houses.ts'
import { partsOf, type WireDevice } from './device.ts'
import { houseValues } from './house-values.ts'

/** The grid meter of a house as an SDM630. */
export function meterDevice(name: string, unitId: number, now: () => HouseNow): WireDevice {
  const model = shippedModel('eastron-sdm630')
  return { name, unitId, parts: partsOf(model), values: () => houseValues(model, now()) }
}
