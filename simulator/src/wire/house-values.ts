import type { DeviceModel, Point, PointValues } from '@wattfleet/devices'
import type { HouseNow } from '../houses.ts'

/** Nominal values of a European low-voltage grid (IEC 60038): a house has no network model. */
const VOLTAGE_V = 230
const FREQUENCY_HZ = 50
const PHASES = 3

/** What a figure in W, Wh, VA, V or such is in a point's unit. */
function inUnit(value: number, { unit }: Point): number {
  const prefix = unit?.[0]
  // a unit of one letter, such as V, has no prefix; "m" of mA is none that energies have
  if (unit === undefined || unit.length < 2) return value
  return prefix === 'k' ? value / 1_000 : prefix === 'M' ? value / 1_000_000 : value
}

/** A signed power as the point counts it. */
function signed(importW: number, point: Point): number {
  const isNegative = point.positive === 'export'
  return inUnit(isNegative ? -importW : importW, point)
}

/** Every figure of a grid connection under the names of the device models; powers count import as positive. */
function figuresOf({ state, flows }: HouseNow): Readonly<Record<string, number>> {
  const power = flows.importW - flows.exportW
  const phase = power / PHASES
  const current = Math.abs(phase) / VOLTAGE_V
  const each = (name: string, value: number) => ({ [`${name}L1`]: value, [`${name}L2`]: value, [`${name}L3`]: value })
  return {
    ...each('voltage', VOLTAGE_V),
    ...each('current', current),
    ...each('power', phase),
    ...each('apparentPower', Math.abs(phase)),
    ...each('reactivePower', 0),
    ...each('powerFactor', 1),
    ...each('importEnergy', state.importWh / PHASES),
    ...each('exportEnergy', state.exportWh / PHASES),
    voltageL1L2: VOLTAGE_V * Math.sqrt(PHASES),
    voltageL2L3: VOLTAGE_V * Math.sqrt(PHASES),
    voltageL3L1: VOLTAGE_V * Math.sqrt(PHASES),
    currentN: 0,
    totalPower: power,
    importPower: flows.importW,
    exportPower: flows.exportW,
    apparentPower: Math.abs(power),
    reactivePower: 0,
    powerFactor: 1,
    frequency: FREQUENCY_HZ,
    importEnergy: state.importWh,
    exportEnergy: state.exportWh,
  }
}

const SIGNED = ['totalPower', 'powerL1', 'powerL2', 'powerL3']

/** What the grid meter of a house shows, whatever its model; the load is spread evenly over the phases. */
export function houseValues(model: Pick<DeviceModel, 'points'>, now: HouseNow): PointValues {
  const figures = figuresOf(now)
  return Object.fromEntries(
    Object.entries(model.points).flatMap(([name, point]) => {
      const value = figures[name]
      if (value === undefined) return []
      return [[name, SIGNED.includes(name) ? signed(value, point) : inUnit(value, point)] as const]
    }),
  )
}
