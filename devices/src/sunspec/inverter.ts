import type { Clock } from '@wattfleet/protocol'
import { decodeNumber } from '../core/decode.ts'
import { missingReasonOf } from '../core/faults.ts'
import { type Block, wordsAt } from '../core/image.ts'
import { MOST_REGISTERS, type Span } from '../core/plan.ts'
import { lengthOf, type PointTable } from '../core/points.ts'
import { counterWh, good, mapMeasured, measured, missing } from '../core/readings.ts'
import { readSpans, type Source } from '../point-reader.ts'
import {
  INVERTER_STATES,
  type Inverter,
  type InverterReading,
  type Measured,
  type MissingReason,
  type RegisterReader,
} from '../ports.ts'
import { layOut, type ModelAt } from './model.ts'
import { sunSpecModel } from './models.ts'
import { decodeInputs, type Inputs, inputsOf } from './mppt.ts'
import { walkModels } from './walk.ts'

/** Inverters with one, split and three phases: integers with scale factors, and floats. */
const INVERTERS = [101, 102, 103, 111, 112, 113]

/** The models of one device that a reading needs. */
interface Layout {
  readonly inverter: ModelAt
  readonly table: PointTable
  readonly mppt: ModelAt | undefined
  readonly inputs: Inputs | undefined
}

/**
 * A SunSpec inverter: models 101 to 103 or 111 to 113, and 160 where it has one. Where its models are is found at the
 * first reading and again when they are no longer there (a device may come back with other firmware).
 */
export function sunSpecInverter(connection: RegisterReader, unitId: number, clock: Clock): Inverter {
  let known: Layout | undefined
  const limits = { maxRegisters: MOST_REGISTERS, holes: 'rejected' } as const
  const source: Source = { reader: connection, unitId, kind: 'holding', ...limits, cuts: new Set() }
  return {
    async read(signal) {
      try {
        known ??= layoutOf(await walkModels(connection, unitId, signal))
      } catch (error) {
        return nothingRead(missingReasonOf(error), clock.nowMs())
      }
      if (known === undefined) return nothingRead('unsupported', clock.nowMs())
      const { blocks, unread } = await readSpans(source, spansOf(known), signal)
      const atMs = clock.nowMs()
      const found = known
      const there = stillThere(found, blocks)
      if (unread === 'exception' || !there) known = undefined
      if (!there) return nothingRead('malformed', atMs)
      return readingOf(found, blocks, unread, atMs)
    },
  }
}

/** Undefined where the device lists no inverter model of the published length. */
function layoutOf(models: readonly ModelAt[]): Layout | undefined {
  const isWhole = ({ id, length }: ModelAt) => length + 2 >= (sunSpecModel(id)?.length ?? Number.POSITIVE_INFINITY)
  const inverter = models.find((model) => INVERTERS.includes(model.id) && isWhole(model))
  const model = inverter && sunSpecModel(inverter.id)
  if (inverter === undefined || model === undefined) return undefined
  const mppt = models.find((one) => one.id === 160 && isWhole(one))
  const table = layOut(model, inverter.length, () => undefined)
  return { inverter, table, mppt, inputs: mppt && inputsOf(mppt) }
}

/** A model's values and their scale factors always come from one answer. */
function spansOf({ inverter, table, inputs }: Layout): Span[] {
  const spans = [{ at: inverter.at, count: lengthOf(table) }]
  if (inputs !== undefined) spans.push({ at: inputs.at, count: inputs.words })
  return spans
}

/** Whether the blocks begin with the ids and lengths that the walk found. What was not read is not contradicted. */
function stillThere({ inverter, mppt }: Layout, blocks: readonly Block[]): boolean {
  return [inverter, mppt].every((model) => {
    const words = model && wordsAt(blocks, model.at, 2)
    return model === undefined || words === undefined || (words[0] === model.id && words[1] === model.length)
  })
}

function readingOf(
  { inverter, table, inputs }: Layout,
  blocks: readonly Block[],
  unread: MissingReason | undefined,
  atMs: number,
): InverterReading {
  const value = (name: string): Measured => measured(decodeNumber(table, name, blocks, inverter.at), atMs, unread)
  return {
    atMs,
    acPowerW: value('W'),
    lifetimeEnergyWh: counterWh(value('WH'), 'Wh'),
    dcPowerW: value('DCW'),
    state: mapMeasured(value('St'), (code) => {
      const state = INVERTER_STATES[code - 1]
      return state === undefined ? missing('implausible', atMs) : good(state, atMs)
    }),
    dcInputs: inputs === undefined ? [] : decodeInputs(inputs, blocks, atMs, unread),
  }
}

function nothingRead(reason: MissingReason, atMs: number): InverterReading {
  const nothing = missing(reason, atMs)
  return {
    atMs,
    acPowerW: nothing,
    lifetimeEnergyWh: nothing,
    dcPowerW: nothing,
    state: nothing,
    dcInputs: [],
  }
}
