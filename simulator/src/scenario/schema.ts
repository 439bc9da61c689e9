import { z } from 'zod'
import { controlConfig } from '../config.ts'
import { faultSpec } from '../faults/spec.ts'
import { houseSpec } from '../house-config.ts'
import { temperatureConfig } from '../weather-config.ts'
import { fleetConfig, fleetLines, unitsAt } from './fleet.ts'

/*
 * What a file of `wattfleet-simulate` says: lines, the devices on them, what their values are, and what goes wrong.
 */

/** More than these are a fleet; a line holds 247 devices (Modbus over Serial Line 1.02, 2.2). */
const MOST_DEVICES = 2_000
const MOST_HOUSES = 1_000
/** An expression is a line of text. */
const LONGEST_EXPRESSION = 1_000

const name = z.string().regex(/^[\w.-]{1,64}$/, 'expected letters, digits, "_", "-" and "."')
const port = z.int().min(0).max(65_535).describe('0: any free one')
const host = z.string().min(1).default('127.0.0.1')
const word = z.int().min(0).max(0xffff)

const line = z.discriminatedUnion('transport', [
  z.strictObject({
    transport: z.literal('modbus-tcp'),
    ...{ host, port },
    absent: z
      .enum(['exception', 'silence'])
      .default('exception')
      .describe('What a unit that is not there gets: exception 11, as from a gateway, or nothing'),
  }),
  z.strictObject({
    transport: z.literal('rtu-tcp'),
    ...{ host, port },
    baudRate: z.int().min(300).max(4_000_000).optional().describe('Of the line behind it; without it nothing is paced'),
    parity: z.enum(['none', 'even', 'odd']).default('none'),
    stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
  }),
  z.strictObject({
    transport: z.literal('rtu-serial'),
    path: z.string().min(1).describe('A serial port, or an end of a pair of pseudo-terminals'),
    baudRate: z.int().min(300).max(4_000_000).default(9_600),
    parity: z.enum(['none', 'even', 'odd']).default('none'),
    stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
    paced: z.boolean().default(true).describe('Take the time of the line; a real serial port takes it itself'),
  }),
])

/** A number, an expression, or the text of a string point. */
const value = z.union([z.number(), z.string().max(LONGEST_EXPRESSION)])

const KINDS = ['model', 'modelFile', 'points', 'sunspec', 'inverterOf'] as const

const device = z
  .strictObject({
    name,
    line: name,
    unit: z.int().min(0).max(255).default(1),
    // what it is: one of these
    model: z.string().optional().describe('The id of a device model that is shipped'),
    modelFile: z.string().optional().describe('A device model of yours, beside this file'),
    points: z.record(z.string(), z.unknown()).optional().describe('Points as in a device model'),
    sunspec: z
      .strictObject({
        base: z.union([z.literal(40_000), z.literal(0), z.literal(50_000)]).default(40_000),
        models: z.record(
          z.string().regex(/^\d{1,5}$/, 'expected the id of a SunSpec model'),
          z.strictObject({ parts: z.int().min(0).max(100).optional().describe('Of its repeating group') }),
        ),
      })
      .optional(),
    inverterOf: name.optional().describe('The inverter of this house, as SunSpec models 1, 103 and 160'),
    // of points
    kind: z.enum(['input', 'holding']).optional(),
    holes: z.enum(['readable', 'rejected']).optional(),
    // what it shows and does
    house: name.optional().describe('Its grid meter is this; expressions know its flows'),
    values: z.record(z.string(), value).default({}),
    writable: z
      .array(z.union([z.string(), z.strictObject({ at: word, count: z.int().min(1).max(0x1_0000) })]))
      .optional()
      .describe('Holding points, or registers, that may be written'),
    maxRegisters: z.int().min(1).max(125).optional(),
    turnaroundMs: z.number().min(0).max(10_000).default(0),
  })
  .refine((one) => KINDS.filter((kind) => one[kind] !== undefined).length === 1, {
    message: `expected one of ${KINDS.join(', ')}`,
  })
  .refine((one) => one.points !== undefined || (one.kind ?? one.holes) === undefined, {
    path: ['kind'],
    message: '"kind" and "holes" are for "points": a model says its own',
  })

const written = z
  .strictObject({
    /** Seeds the houses and what is left to chance in faults. */
    seed: z.int().min(0).max(0xffff_ffff).default(1),
    /** Seconds of the houses' time for each second. */
    speed: z.number().positive().max(10_000).default(1),
    utcOffsetS: z.int().min(-50_400).max(50_400).default(0),
    weather: z
      .string()
      .min(1)
      .optional()
      .describe('sunny-day, winter-day, or a file of measured weather beside this one'),
    temperature: temperatureConfig.optional(),
    /** Where the counters of the houses are kept; without it every start is a first one. */
    stateDir: z.string().min(1).optional(),
    control: controlConfig.optional(),
    houses: z.array(houseSpec).max(MOST_HOUSES).default([]),
    fleet: fleetConfig.optional().describe('Houses, lines and devices that are drawn from the seed'),
    lines: z.record(name, line).default({}),
    devices: z.array(device).max(MOST_DEVICES).default([]),
    faults: z.array(faultSpec).default([]),
  })
  .refine((one) => one.fleet !== undefined || Object.keys(one.lines).length > 0, {
    path: ['lines'],
    message: 'expected a line',
  })
  .refine((one) => one.fleet !== undefined || one.devices.length > 0, {
    path: ['devices'],
    message: 'expected a device, or a fleet',
  })
  .refine(({ fleet }) => fleet === undefined || fleet.port + fleet.count / fleet.housesPerLine <= 0xffff, {
    path: ['fleet', 'port'],
    message: 'expected all lines of the fleet below port 65536',
  })

type Written = z.infer<typeof written>

/** The file with its fleet written down house by house, beside what it has of its own. */
function withFleet(file: Written): Written {
  const { fleet, seed } = file
  if (fleet === undefined) return file
  const drawn = fleetLines(fleet, seed)
  const devices = drawn.flatMap((one) =>
    one.houses.flatMap((house, place): DeviceSpec[] => {
      const common = { line: one.name, values: {}, turnaroundMs: 0 }
      const { meter, inverter } = unitsAt(place)
      const grid = { ...common, name: `${house.name}-meter`, unit: meter, model: fleet.model, house: house.name }
      if (house.pv === undefined) return [grid]
      return [grid, { ...common, name: `${house.name}-inverter`, unit: inverter, inverterOf: house.name }]
    }),
  )
  const lines = drawn.map(({ name, host, port }) => {
    return [name, { transport: 'modbus-tcp', host, port, absent: 'exception' }] as const
  })
  return {
    ...file,
    houses: [...file.houses, ...drawn.flatMap(({ houses }) => houses)],
    lines: { ...Object.fromEntries(lines), ...file.lines },
    devices: [...devices, ...file.devices],
  }
}

export const scenarioSchema = written.transform(withFleet)

export type Scenario = Written
export type ScenarioInput = z.input<typeof scenarioSchema>
export type LineSpec = Scenario['lines'][string]
export type DeviceSpec = Scenario['devices'][number]
