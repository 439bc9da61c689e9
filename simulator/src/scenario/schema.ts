import { z } from 'zod'
import { controlConfig, houseSpec } from '../config.ts'
import { faultSpec } from '../faults/spec.ts'

/*
 * What a file of `wattfleet-simulate` says: lines, the devices on them, what their values are, and what goes wrong.
 */

/** More devices than this are a load test; a line holds 247 (Modbus over Serial Line 1.02, 2.2). */
const MOST_DEVICES = 2_000
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

export const scenarioSchema = z.strictObject({
  /** Seeds the houses and what is left to chance in faults. */
  seed: z.int().min(0).max(0xffff_ffff).default(1),
  /** Seconds of the houses' time for each second. */
  speed: z.number().positive().max(10_000).default(1),
  utcOffsetS: z.int().min(-50_400).max(50_400).default(0),
  /** Where the counters of the houses are kept; without it every start is a first one. */
  stateDir: z.string().min(1).optional(),
  control: controlConfig.optional(),
  houses: z.array(houseSpec).max(1_000).default([]),
  lines: z.record(name, line).refine((lines) => Object.keys(lines).length > 0, 'expected a line'),
  devices: z.array(device).min(1).max(MOST_DEVICES),
  faults: z.array(faultSpec).default([]),
})

export type Scenario = z.infer<typeof scenarioSchema>
export type ScenarioInput = z.input<typeof scenarioSchema>
export type LineSpec = Scenario['lines'][string]
export type DeviceSpec = Scenario['devices'][number]
