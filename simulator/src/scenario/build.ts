import { resolve } from 'node:path'
import { type DeviceModel, type PointValues, parseModel, readModel, shippedModel } from '@wattfleet/devices'
import { Fault, messageOf } from '@wattfleet/protocol'
import { flowsOf, type HouseSpec } from '../core/house.ts'
import { firstState } from '../core/street.ts'
import { assertHeatable, loadWorld } from '../data.ts'
import { misfitOf } from '../faults/check.ts'
import type { HouseNow } from '../houses.ts'
import { type Part, partsOf, pointsOf, registersOf, type WireDevice, type Writable } from '../wire/device.ts'
import { houseValues } from '../wire/house-values.ts'
import { inverterDevice } from '../wire/inverter-registers.ts'
import { sunSpecParts, sunSpecValues } from '../wire/sunspec-device.ts'
import { type Expression, type Names, parseExpression } from './expression.ts'
import type { DeviceSpec, LineSpec, Scenario } from './schema.ts'

/** What the values of devices are taken from. */
export interface Surroundings {
  /** Throws RangeError for a house that is not there. */
  readonly house: (name: string) => HouseNow
  /** Of the houses, milliseconds. */
  readonly nowMs: () => number
  readonly startedMs: number
}

export interface BuiltDevice {
  readonly line: string
  readonly device: WireDevice
}

/** What a device is before its values are known: its parts, and the values that need no telling. */
interface Kind {
  readonly parts: readonly Part[]
  readonly maxRegisters?: number
  readonly own: () => PointValues
}

const TIME_NAMES = ['timeS', 'clockS', 'sinceS']

/** The names that expressions of a house know, with their values: its flows (W) and counters (Wh). */
function houseNames({ state, flows }: HouseNow): Names {
  return { ...state, ...flows, throttled: flows.throttled ? 1 : 0 }
}

type Houses = ReadonlyMap<string, HouseNow>

/** The houses before anything has flowed: for looking at what values come to. Throws Fault `config` for weather that is none. */
function firstMoments(scenario: Scenario, folder: string): Houses {
  const { seed, utcOffsetS, weather, temperature, houses } = scenario
  const world = loadWorld(seed, utcOffsetS, { weather, temperature, folder })
  assertHeatable(world, houses)
  const nothing = { baseW: 0, heatPumpW: 0, carW: 0 }
  const first = (spec: HouseSpec): HouseNow => ({
    ...{ spec, state: firstState(world, spec) },
    flows: flowsOf(spec, 0, nothing, 0, 1),
  })
  return new Map(houses.map((spec) => [spec.name, first(spec)]))
}

function housesOf(scenario: Scenario, source: string, folder: string): Houses {
  try {
    return firstMoments(scenario, folder)
  } catch (error) {
    if (!(error instanceof Fault)) throw error
    throw new Fault('config', `${source}: ${messageOf(error)}`, { cause: error })
  }
}

function ownModel(spec: DeviceSpec): DeviceModel {
  const { name, unit, kind = 'holding', holes = 'readable', maxRegisters = 125, points = {} } = spec
  const parsed = parseModel(name, {
    ...{ maker: 'here', name, category: 'grid-meter', sources: ['here'], marks: [] },
    ...{ kind, holes, maxRegisters, points, unitId: unit },
  })
  if (!parsed.ok) throw new Fault('config', parsed.faults.join('; '))
  return parsed.model
}

function kindOf(spec: DeviceSpec, houses: Houses, folder: string, around: Surroundings): Kind {
  const { model, modelFile, sunspec, inverterOf } = spec
  if (inverterOf !== undefined) {
    const house = houses.get(inverterOf)?.spec
    if (house?.pv === undefined) throw new Fault('config', `there is no house "${inverterOf}" with photovoltaics`)
    const { parts, values } = inverterDevice(spec.name, spec.unit, house, () => around.house(inverterOf))
    return { parts, own: () => values(0) }
  }
  if (sunspec !== undefined) {
    const fixed = sunSpecValues(sunspec.models)
    return { parts: sunSpecParts(sunspec.models, sunspec.base), own: () => fixed }
  }
  const found =
    model !== undefined
      ? shippedModel(model)
      : modelFile !== undefined
        ? readModel(resolve(folder, modelFile))
        : ownModel(spec)
  const { house } = spec
  const own = house === undefined ? () => ({}) : () => houseValues(found, around.house(house))
  return { parts: partsOf(found), maxRegisters: found.maxRegisters, own }
}

/** The values that the file gives, ready to be taken at any moment. */
function given(
  spec: DeviceSpec,
  kind: Kind,
): { readonly fixed: PointValues; readonly computed: [string, Expression][] } {
  const points = pointsOf(kind)
  const house = spec.house ?? spec.inverterOf
  const known = [...TIME_NAMES, ...(house === undefined ? [] : HOUSE_NAMES)]
  const fixed: Record<string, number | string> = {}
  const computed: [string, Expression][] = []
  for (const [name, value] of Object.entries(spec.values)) {
    const placed = points.get(name)
    if (placed === undefined) throw new Fault('config', `values: there is no point "${name}"`)
    if (placed.point.as === 'string') fixed[name] = String(value)
    else if (typeof value === 'number') fixed[name] = value
    else computed.push([name, parseExpression(value, known)])
  }
  return { fixed, computed }
}

function writableOf(spec: DeviceSpec, kind: Kind): Writable[] {
  const points = pointsOf(kind)
  return (spec.writable ?? []).map((one) => {
    if (typeof one !== 'string') return one
    const placed = points.get(one)
    if (placed?.kind !== 'holding') throw new Fault('config', `writable: there is no holding point "${one}"`)
    return { at: placed.at, count: placed.words }
  })
}

function deviceOf(spec: DeviceSpec, houses: Houses, folder: string, around: Surroundings): WireDevice {
  const house = spec.house ?? spec.inverterOf
  if (house !== undefined && !houses.has(house)) {
    throw new Fault('config', `there is no house "${house}"`)
  }
  const kind = kindOf(spec, houses, folder, around)
  const { fixed, computed } = given(spec, kind)
  const maxRegisters = spec.maxRegisters ?? kind.maxRegisters
  return {
    ...{ name: spec.name, unitId: spec.unit, parts: kind.parts, turnaroundMs: spec.turnaroundMs },
    ...(maxRegisters !== undefined && { maxRegisters }),
    writable: writableOf(spec, kind),
    values: (clockMs) => {
      if (computed.length === 0) return { ...kind.own(), ...fixed }
      const nowMs = around.nowMs()
      const time = { timeS: nowMs / 1000, clockS: clockMs / 1000, sinceS: (nowMs - around.startedMs) / 1000 }
      const names: Names = { ...time, ...(house !== undefined && houseNames(around.house(house))) }
      const results = Object.fromEntries(computed.map(([name, expression]) => [name, expression(names)] as const))
      return { ...kind.own(), ...fixed, ...results }
    },
  }
}

const HOUSE_NAMES = [
  ...[
    'loadW',
    'baseW',
    'heatPumpW',
    'carW',
    'pvW',
    'chargeW',
    'dischargeW',
    'inverterW',
    'lossW',
    'importW',
    'exportW',
  ],
  ...['importWh', 'exportWh', 'inverterWh', 'pvWh', 'chargedWh', 'dischargedWh', 'storedWh'],
  ...['loadWh', 'heatPumpWh', 'carWh', 'lossWh', 'carMissingWh', 'indoorC', 'isHeating', 'throttled'],
]

/** What cannot be together: two of one name, or two units of one line. */
function clashes({ devices, lines, houses }: Scenario): string[] {
  const found: string[] = []
  const names = new Set<string>()
  const known = new Set<string>()
  for (const [i, house] of houses.entries()) {
    if (known.has(house.name)) found.push(`houses.${i}.name: there is another "${house.name}"`)
    known.add(house.name)
  }
  const units = new Set<string>()
  for (const [i, { name, line, unit }] of devices.entries()) {
    if (lines[line] === undefined) found.push(`devices.${i}.line: there is no line "${line}"`)
    else if (lines[line].transport !== 'modbus-tcp' && (unit < 1 || unit > 247)) {
      found.push(`devices.${i}.unit: a serial line has units 1 to 247`)
    }
    if (names.has(name)) found.push(`devices.${i}.name: there is another "${name}"`)
    if (units.has(`${line} ${unit}`)) found.push(`devices.${i}.unit: ${line} has another unit ${unit}`)
    names.add(name)
    units.add(`${line} ${unit}`)
  }
  return found
}

function faultsThatMisfit({ faults, lines }: Scenario, built: readonly BuiltDevice[]): string[] {
  return faults.flatMap((spec, i) => {
    const of = built.find(({ device }) => device.name === spec.device)
    const line: LineSpec | undefined = of && lines[of.line]
    const target = of && line && { carrier: line.transport, points: pointsOf(of.device) }
    const misfit = misfitOf(spec, target)
    return misfit === undefined ? [] : [`faults.${i}.${misfit.path}: ${misfit.message}`]
  })
}

/**
 * The devices of a file, with everything in it held against everything else: models, points, expressions, faults, and
 * whether the first values fit their registers. Throws Fault `config` with one line for each mistake.
 *
 * @param source the file, for messages; paths in it count from its folder
 */
export function buildDevices(scenario: Scenario, source: string, folder: string, around: Surroundings): BuiltDevice[] {
  const mistakes = clashes(scenario)
  const built: BuiltDevice[] = []
  const houses = housesOf(scenario, source, folder)
  const first: Surroundings = {
    ...around,
    house: (name) => {
      const now = houses.get(name)
      if (now === undefined) throw new RangeError(`there is no house ${name}`)
      return now
    },
  }
  for (const [i, spec] of scenario.devices.entries()) {
    try {
      const trial = deviceOf(spec, houses, folder, first)
      registersOf(trial.parts, trial.values(around.nowMs()))
      built.push({ line: spec.line, device: deviceOf(spec, houses, folder, around) })
    } catch (error) {
      mistakes.push(`devices.${i} (${spec.name}): ${messageOf(error)}`)
    }
  }
  // a device that could not be built is not missing from the faults too
  if (mistakes.length === 0) mistakes.push(...faultsThatMisfit(scenario, built))
  if (mistakes.length > 0) throw new Fault('config', mistakes.map((one) => `${source}: ${one}`).join('\n'))
  return built
}
