import type { Clock } from '@wattfleet/protocol'
import { lengthOf, type PointTable, pointOf, wordsOf } from '../core/points.ts'
import { type Answers, clockAt, counterWh, good, mapMeasured, measured, missing } from '../core/readings.ts'
import {
  INVERTER_STATES,
  type Inverter,
  type InverterReading,
  type MissingReason,
  type RegisterReader,
} from '../ports.ts'
import { isWhole, type Layout, locatedReader } from './located.ts'
import { layOut, type ModelAt } from './model.ts'
import { knownSunSpec } from './models.ts'
import { decodeInputs, type Inputs, inputsOf } from './mppt.ts'

/** Inverters with one, split and three phases: integers with scale factors, and floats. */
const INVERTERS = [101, 102, 103, 111, 112, 113]
/** What a distributed energy resource gives, the only such model of an inverter made for IEEE 1547-2018 alone. */
const DER = 701

/** What a model calls the values of a reading. */
interface Names {
  readonly energy: string
  readonly state: string
  /** The code of the first state. */
  readonly firstState: number
  /** Whether the power at the DC side is in the model of the inputs, as in 714, which goes with 701. */
  readonly isDcApart: boolean
}
const CLASSIC: Names = { energy: 'WH', state: 'St', firstState: 1, isDcApart: false }
const OF_DER: Names = { energy: 'TotWhInj', state: 'InvSt', firstState: 0, isDcApart: true }

/** The models of one device that a reading needs. */
interface InverterLayout extends Layout {
  readonly inverter: ModelAt
  readonly table: PointTable
  readonly names: Names
  readonly inputs: Inputs | undefined
}

/** A SunSpec inverter: models 101 to 103 or 111 to 113 with 160 where it has one, else 701 with 714. */
export function sunSpecInverter(connection: RegisterReader, unitId: number, clock: Clock): Inverter {
  const read = locatedReader<InverterLayout>(connection, unitId, clock, layoutOf)
  return {
    async read(signal) {
      const found = await read(signal)
      return found.ok ? readingOf(found.layout, found.answers, clock) : nothingRead(found.reason, clock)
    },
  }
}

/** Undefined where the device lists no inverter model of the published length. */
function layoutOf(models: readonly ModelAt[]): InverterLayout | undefined {
  const whole = models.filter(isWhole)
  const inverter = whole.find(({ id }) => INVERTERS.includes(id)) ?? whole.find(({ id }) => id === DER)
  if (inverter === undefined) return undefined
  const names = inverter.id === DER ? OF_DER : CLASSIC
  const list = whole.find(({ id }) => id === (inverter.id === DER ? 714 : 160))
  const inputs = list && inputsOf(list)
  const table = layOut(knownSunSpec(inverter.id), inverter.length, () => undefined)
  return {
    models: [inverter, ...(list === undefined ? [] : [list])],
    spans: [{ at: inverter.at, count: neededOf(table, names) }, ...(inputs?.spans ?? [])],
    factors: inputs?.factors ?? [],
    ...{ inverter, table, names, inputs },
  }
}

/**
 * Registers from the model's id on that hold the values and their scale factors, so that these come from one answer: 121 of
 * 701, whose factors stand at its end, before a long text. Of the others all: they are short.
 */
function neededOf(table: PointTable, { energy, state, isDcApart }: Names): number {
  if (!isDcApart) return lengthOf(table)
  const ends = ['W', energy, state].map((name) => {
    const point = pointOf(table, name)
    const last = point.scaleFactor === undefined ? point : pointOf(table, point.scaleFactor)
    return last.at + wordsOf(last)
  })
  return Math.max(...ends)
}

function readingOf(
  { inverter, table, names, inputs }: InverterLayout,
  answers: Answers,
  clock: Clock,
): InverterReading {
  const { doneMs } = answers
  const value = (name: string) => measured(table, name, answers, inverter.at)
  const inputsPower = () =>
    inputs ? measured(inputs.table, 'DCW', answers, inputs.at) : missing('unsupported', doneMs)
  const acPowerW = value('W')
  return {
    atMs: clockAt(clock, acPowerW.readMs),
    acPowerW,
    lifetimeEnergyWh: counterWh(value(names.energy), 'Wh'),
    dcPowerW: names.isDcApart ? inputsPower() : value('DCW'),
    state: mapMeasured(value(names.state), (code, readMs) => {
      const state = INVERTER_STATES[code - names.firstState]
      return state === undefined ? missing('implausible', readMs) : good(state, readMs)
    }),
    dcInputs: inputs === undefined ? [] : decodeInputs(inputs, answers),
  }
}

function nothingRead(reason: MissingReason, clock: Clock): InverterReading {
  const nothing = missing(reason, clock.steadyMs())
  return {
    atMs: clock.nowMs(),
    acPowerW: nothing,
    lifetimeEnergyWh: nothing,
    dcPowerW: nothing,
    state: nothing,
    dcInputs: [],
  }
}
