/**
 * The names under which models list what the rest of the project asks for, whatever the device calls it. A model may have
 * more points; those with these names mean this, in one of these units.
 */
export interface Quantity {
  readonly units: readonly string[]
  /** Code of IEC 62056-6-1 (medium electricity), where it has one. */
  readonly obis?: string
}

const energy = ['Wh', 'kWh', 'MWh']
const power = ['W', 'kW']
const each = <T extends string>(names: readonly T[], units: readonly string[], obis: readonly string[] = []) =>
  Object.fromEntries(names.map((name, i) => [name, { units, ...(obis[i] && { obis: obis[i] }) }])) as Record<
    T,
    Quantity
  >

export const QUANTITIES = {
  // the grid connection: import is drawn from the grid, export fed into it
  ...each(['importEnergy', 'exportEnergy'], energy, ['1.8.0', '2.8.0']),
  ...each(['importEnergyL1', 'importEnergyL2', 'importEnergyL3'], energy, ['21.8.0', '41.8.0', '61.8.0']),
  ...each(['exportEnergyL1', 'exportEnergyL2', 'exportEnergyL3'], energy, ['22.8.0', '42.8.0', '62.8.0']),
  // signed, see `positive`; or the two directions apart
  ...each(['totalPower', 'importPower', 'exportPower'], power, ['16.7.0', '1.7.0', '2.7.0']),
  ...each(['powerL1', 'powerL2', 'powerL3'], power, ['36.7.0', '56.7.0', '76.7.0']),
  ...each(['voltageL1', 'voltageL2', 'voltageL3'], ['V'], ['32.7.0', '52.7.0', '72.7.0']),
  ...each(['voltageL1L2', 'voltageL2L3', 'voltageL3L1'], ['V']),
  ...each(['currentL1', 'currentL2', 'currentL3', 'currentN'], ['A'], ['31.7.0', '51.7.0', '71.7.0', '91.7.0']),
  ...each(['frequency'], ['Hz'], ['14.7.0']),
  ...each(
    ['powerFactor', 'powerFactorL1', 'powerFactorL2', 'powerFactorL3'],
    ['1'],
    ['13.7.0', '33.7.0', '53.7.0', '73.7.0'],
  ),
  ...each(
    ['apparentPower', 'apparentPowerL1', 'apparentPowerL2', 'apparentPowerL3'],
    ['VA', 'kVA'],
    ['9.7.0', '29.7.0', '49.7.0', '69.7.0'],
  ),
  ...each(['reactivePower', 'reactivePowerL1', 'reactivePowerL2', 'reactivePowerL3'], ['var', 'kvar']),
  // an inverter: what it gives at its alternating current side
  ...each(['acPower', 'dcPower', 'dcPower1', 'dcPower2', 'dcPower3', 'dcPower4', 'ratedPower'], power),
  ...each(['lifetimeEnergy', 'dayEnergy'], energy),
  ...each(['dcVoltage1', 'dcVoltage2', 'dcVoltage3', 'dcVoltage4', 'batteryVoltage'], ['V']),
  ...each(['dcCurrent1', 'dcCurrent2', 'dcCurrent3', 'dcCurrent4', 'batteryCurrent'], ['A']),
  ...each(['temperature', 'batteryTemperature'], ['°C']),
  // a battery
  ...each(['batteryPower'], power),
  ...each(['batteryCharge', 'batteryHealth'], ['%']),
  ...each(['batteryChargedEnergy', 'batteryDischargedEnergy', 'batteryCapacity'], energy),
} as const satisfies Readonly<Record<string, Quantity>>

export type QuantityName = keyof typeof QUANTITIES
