import { encodeImage, lengthOf, shippedModel } from '@wattfleet/devices'
import type { Flows, HouseState } from '../core/house.ts'
import type { Registers } from './modbus-server.ts'

/** Nominal values of a European low-voltage grid (IEC 60038): the street has no network model. */
const VOLTAGE_V = 230
const FREQUENCY_HZ = 50

/** The grid meter of a house as an SDM630 shows it; import counts as positive, the load is spread evenly over the phases. */
export function meterRegisters(state: HouseState, flows: Flows): Registers {
  const totalPower = flows.importW - flows.exportW
  const phase = totalPower / 3
  const current = Math.abs(phase) / VOLTAGE_V
  const values = {
    voltageL1: VOLTAGE_V,
    voltageL2: VOLTAGE_V,
    voltageL3: VOLTAGE_V,
    currentL1: current,
    currentL2: current,
    currentL3: current,
    powerL1: phase,
    powerL2: phase,
    powerL3: phase,
    totalPower,
    frequency: FREQUENCY_HZ,
    importEnergy: state.importWh / 1000,
    exportEnergy: state.exportWh / 1000,
  }
  const { kind, points } = shippedModel('eastron-sdm630')
  return { kind, at: 0, words: encodeImage(points, values, lengthOf(points)) }
}
