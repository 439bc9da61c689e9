import { type Clock, Fault } from '@wattfleet/protocol'
import { type DeviceModel, type PointTable, pointOf, wordsOf } from './core/points.ts'
import { clockAt, counterStepWh, counterWh, good, mapMeasured, missing, splitPower, watts } from './core/readings.ts'
import { pointReader } from './point-reader.ts'
import type { Measured, Meter, MeterOptions, RegisterReader } from './ports.ts'

/** What a grid meter is asked for: both counters, and the power signed or in its two directions. */
const ASKED = ['totalPower', 'importPower', 'exportPower', 'importEnergy', 'exportEnergy'] as const
const PHASES = ['powerL1', 'powerL2', 'powerL3'] as const
type Asked = (typeof ASKED | typeof PHASES)[number]

/** The two directions of the power, whichever way the device shows it. */
function powersOf(points: PointTable, values: Partial<Record<Asked, Measured>>, none: Measured) {
  const { totalPower, importPower, exportPower } = values
  const inWatts = (name: Asked, value: Measured) => watts(value, pointOf(points, name).unit)
  if (importPower !== undefined && exportPower !== undefined) {
    return { importW: inWatts('importPower', importPower), exportW: inWatts('exportPower', exportPower) }
  }
  if (totalPower === undefined) return { importW: none, exportW: none }
  return splitPower(drawnW(points, 'totalPower', totalPower))
}

/** A power, W, drawn from the grid is positive. */
function drawnW(points: PointTable, name: Asked, value: Measured): Measured {
  const { unit, positive } = pointOf(points, name)
  return mapMeasured(watts(value, unit), (w, readMs) => good(positive === 'export' ? 0 - w : w, readMs))
}

/** Whether a device of this model counts what flows through a grid connection. */
export function canBeMeter({ points }: Pick<DeviceModel, 'points'>): boolean {
  return points.importEnergy !== undefined || points.exportEnergy !== undefined
}

/**
 * A meter at a grid connection, by its model. What the model does not have is missing as `unsupported`. Throws Fault
 * `config` for a model that shows neither counter: it is no grid meter.
 */
export function modelMeter(
  reader: RegisterReader,
  unitId: number,
  model: DeviceModel,
  clock: Clock,
  { phases = false }: MeterOptions = {},
): Meter {
  const { points, name } = model
  const asked = ASKED.filter((one) => points[one] !== undefined)
  if (!canBeMeter(model)) {
    throw new Fault('config', `${name} shows no energy of a grid connection: it cannot be its meter`)
  }
  const phasesAsked = phases && PHASES.every((name) => points[name] !== undefined) ? PHASES : []
  const reading = pointReader(reader, unitId, model, [...asked, ...phasesAsked], clock)
  const counter = (one: 'importEnergy' | 'exportEnergy', value: Measured) => counterWh(value, pointOf(points, one).unit)
  const stepOf = (one: 'importEnergy' | 'exportEnergy', value: Measured) =>
    value.quality === 'missing' ? 1 : counterStepWh(pointOf(points, one), value.value)
  return {
    async read(signal) {
      const values: Partial<Record<Asked, Measured>> = await reading.read(signal)
      const none = missing('unsupported', clock.steadyMs())
      const importEnergyWh = values.importEnergy ? counter('importEnergy', values.importEnergy) : none
      const exportEnergyWh = values.exportEnergy ? counter('exportEnergy', values.exportEnergy) : none
      return {
        atMs: clockAt(clock, (values.importEnergy ?? values.exportEnergy ?? none).readMs),
        ...{ importEnergyWh, exportEnergyWh },
        stepWh: Math.max(stepOf('importEnergy', importEnergyWh), stepOf('exportEnergy', exportEnergyWh)),
        ...powersOf(points, values, none),
        ...(phasesAsked.length > 0 && {
          phasesW: phasesAsked.map((name) => drawnW(points, name, values[name] ?? none)),
        }),
      }
    },
  }
}

/**
 * Where both counters of a model start again from zero, Wh: the width of their registers. Undefined where they are floats,
 * which do not, or where the two differ.
 */
export function rolloverWh({ points }: DeviceModel): number | undefined {
  const widths = (['importEnergy', 'exportEnergy'] as const).map((name) => {
    const point = points[name]
    if (point === undefined || !point.as.startsWith('u') || point.scaleFactor !== undefined) return undefined
    const counts = 2 ** (16 * wordsOf(point))
    const wh = counterWh({ quality: 'good', value: counts * (point.scale ?? 1), readMs: 0 }, point.unit)
    return wh.quality === 'missing' ? undefined : wh.value
  })
  return widths[0] === widths[1] ? widths[0] : undefined
}
