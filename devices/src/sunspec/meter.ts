import type { Clock } from '@wattfleet/protocol'
import { decodeNumber, decodeText } from '../core/decode.ts'
import type { Block } from '../core/image.ts'
import { type Point, type PointTable, wordsOf } from '../core/points.ts'
import {
  clockAt,
  counterStepWh,
  counterWh,
  good,
  mapMeasured,
  measured,
  nothingRead,
  splitPower,
} from '../core/readings.ts'
import type { Measured, Meter, MeterOptions, RegisterReader } from '../ports.ts'
import { isWhole, type Layout, locatedReader } from './located.ts'
import { layOut, type ModelAt } from './model.ts'
import { knownSunSpec } from './models.ts'

/** Meters with one, split and three phases, in star and delta: integers with scale factors, and floats. */
const METERS = [201, 202, 203, 204, 211, 212, 213, 214]
const WANTED = ['W', 'TotWhExp', 'TotWhImp'] as const
/** They lie between the power and its scale factor, or beside it: reading them costs nothing. */
const PHASES = ['WphA', 'WphB', 'WphC'] as const

/**
 * The models leave open which direction of the power is positive. Most makers count what is drawn; SolarEdge, whose
 * meters serve its inverters' feed-in limit, counts what is fed in (Technical Note SunSpec Logging in SolarEdge Inverters).
 */
const EXPORT_POSITIVE = ['SolarEdge']

interface MeterLayout extends Layout {
  readonly meter: ModelAt
  readonly table: PointTable
  readonly isExportPositive: boolean
}

export interface SunSpecMeterOptions extends MeterOptions {
  /** Which of several meters behind one device, in the order of its models; from 1. */
  readonly which?: number
  /** Which direction of the power is positive, where the maker's custom does not hold. */
  readonly positive?: 'import' | 'export'
}

/**
 * The model's points, where a counter of 0 is a counter of 0: these are mandatory, so the mark of an accumulator that is
 * not there does not apply, and a house that never fed in has one.
 */
function tableOf({ id, length }: ModelAt): PointTable {
  const table = layOut(knownSunSpec(id), length, () => undefined)
  const counters = (['TotWhExp', 'TotWhImp'] as const).flatMap((name) => {
    const { notAvailable: _, ...point } = table[name] ?? {}
    return table[name] === undefined ? [] : [[name, point as Point] as const]
  })
  return { ...table, ...Object.fromEntries(counters) }
}

/** The registers of the wanted points and of their scale factors, in one run. */
function runOf(table: PointTable, base: number) {
  const names = WANTED.flatMap((name) => [name, table[name]?.scaleFactor ?? name])
  const points = names.flatMap((name) => table[name] ?? [])
  const at = Math.min(...points.map((point) => point.at))
  const end = Math.max(...points.map((point) => point.at + wordsOf(point)))
  return { at: base + at, count: end - at }
}

/** The step of a counter: what one count is worth by its scale factor now, or a float's. */
function stepOf(
  { table, meter }: MeterLayout,
  name: 'TotWhImp' | 'TotWhExp',
  energy: Measured,
  blocks: readonly Block[],
) {
  const { as = 'u32', scaleFactor } = table[name] ?? {}
  const factor = scaleFactor === undefined ? undefined : decodeNumber(table, scaleFactor, blocks, meter.at)
  const scale = factor?.ok ? 10 ** factor.value : 1
  return energy.quality === 'missing' ? 1 : counterStepWh({ as, scale, unit: 'Wh' }, energy.value)
}

/** A SunSpec meter at the grid connection: models 201 to 204 or 211 to 214. */
export function sunSpecMeter(
  reader: RegisterReader,
  unitId: number,
  clock: Clock,
  { which = 1, positive, phases = false }: SunSpecMeterOptions = {},
): Meter {
  /** Who made it, by the common model before the meter's own: a meter behind an inverter has one of its own. */
  const makerOf = async (models: readonly ModelAt[], meter: ModelAt, signal: AbortSignal): Promise<string> => {
    const common = models.filter(({ id, at }) => id === 1 && at < meter.at).at(-1)
    if (common === undefined) return ''
    const table = layOut(knownSunSpec(1), common.length, () => undefined)
    const { at = 0, words = 1 } = table.Mn ?? {}
    const place = { at: common.at + at, count: words }
    const registers = await reader.readRegisters({ unitId, kind: 'holding', ...place }, signal)
    const maker = decodeText(table, 'Mn', [{ at: place.at, registers }], common.at)
    return maker.ok ? maker.value : ''
  }
  const read = locatedReader<MeterLayout>(reader, unitId, clock, async (models, signal) => {
    const meter = models.filter((model) => METERS.includes(model.id) && isWhole(model))[which - 1]
    if (meter === undefined) return undefined
    const table = tableOf(meter)
    const custom = positive ?? (EXPORT_POSITIVE.includes(await makerOf(models, meter, signal)) ? 'export' : 'import')
    return { models: [meter], spans: [runOf(table, meter.at)], meter, table, isExportPositive: custom === 'export' }
  })
  return {
    async read(signal) {
      const found = await read(signal)
      if (!found.ok) return nothingRead(found.reason, clock)
      const { layout, answers } = found
      const value = (name: string) => measured(layout.table, name, answers, layout.meter.at)
      const drawnW = (name: string) =>
        mapMeasured(value(name), (w, readMs) => good(layout.isExportPositive ? 0 - w : w, readMs))
      const importEnergyWh = counterWh(value('TotWhImp'), 'Wh')
      const exportEnergyWh = counterWh(value('TotWhExp'), 'Wh')
      return {
        atMs: clockAt(clock, importEnergyWh.readMs),
        ...{ importEnergyWh, exportEnergyWh },
        stepWh: Math.max(
          stepOf(layout, 'TotWhImp', importEnergyWh, answers.blocks),
          stepOf(layout, 'TotWhExp', exportEnergyWh, answers.blocks),
        ),
        ...splitPower(drawnW('W')),
        ...(phases && { phasesW: PHASES.map(drawnW) }),
      }
    },
  }
}
