import type { Clock } from '@wattfleet/protocol'
import { decodeNumber } from '../core/decode.ts'
import type { Block } from '../core/image.ts'
import { lengthOf, type PointTable } from '../core/points.ts'
import { counterWh, good, mapMeasured, measured, missing } from '../core/readings.ts'
import {
  INVERTER_STATES,
  type Inverter,
  type InverterReading,
  type Measured,
  type MissingReason,
  type RegisterReader,
} from '../ports.ts'
import { isWhole, type Layout, locatedReader } from './located.ts'
import { layOut, type ModelAt } from './model.ts'
import { knownSunSpec } from './models.ts'
import { decodeInputs, type Inputs, inputsOf } from './mppt.ts'

/** Inverters with one, split and three phases: integers with scale factors, and floats. */
const INVERTERS = [101, 102, 103, 111, 112, 113]

/** The models of one device that a reading needs. */
interface InverterLayout extends Layout {
  readonly inverter: ModelAt
  readonly table: PointTable
  readonly inputs: Inputs | undefined
}

/** A SunSpec inverter: models 101 to 103 or 111 to 113, and 160 where it has one. */
export function sunSpecInverter(connection: RegisterReader, unitId: number, clock: Clock): Inverter {
  const read = locatedReader<InverterLayout>(connection, unitId, layoutOf)
  return {
    async read(signal) {
      const found = await read(signal)
      const atMs = clock.nowMs()
      return found.ok ? readingOf(found.layout, found.blocks, found.unread, atMs) : nothingRead(found.reason, atMs)
    },
  }
}

/**
 * Undefined where the device lists no inverter model of the published length. A model's values and their scale factors
 * always come from one answer.
 */
function layoutOf(models: readonly ModelAt[]): InverterLayout | undefined {
  const inverter = models.find((model) => INVERTERS.includes(model.id) && isWhole(model))
  if (inverter === undefined) return undefined
  const mppt = models.find((one) => one.id === 160 && isWhole(one))
  const inputs = mppt && inputsOf(mppt)
  const table = layOut(knownSunSpec(inverter.id), inverter.length, () => undefined)
  return {
    models: [inverter, ...(mppt === undefined ? [] : [mppt])],
    spans: [
      { at: inverter.at, count: lengthOf(table) },
      ...(inputs === undefined ? [] : [{ at: inputs.at, count: inputs.words }]),
    ],
    ...{ inverter, table, inputs },
  }
}

function readingOf(
  { inverter, table, inputs }: InverterLayout,
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
