import type { Clock } from '@wattfleet/protocol'
import { counterWh, splitPower } from './core/readings.ts'
import { SDM630 } from './models/sdm630.ts'
import { readPoints } from './point-reader.ts'
import type { Meter, RegisterReader } from './ports.ts'

/** An Eastron SDM630 at a grid connection. Power and both counters come from one request, so they belong together. */
export function sdm630Meter(connection: RegisterReader, unitId: number, clock: Clock): Meter {
  return {
    async read(signal) {
      const names = ['totalPower', 'importEnergy', 'exportEnergy'] as const
      const points = await readPoints(connection, unitId, SDM630, names, clock, signal)
      return {
        atMs: points.totalPower.atMs,
        importEnergyWh: counterWh(points.importEnergy, 'kWh'),
        exportEnergyWh: counterWh(points.exportEnergy, 'kWh'),
        ...splitPower(points.totalPower),
      }
    },
  }
}
