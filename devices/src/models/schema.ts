import { z } from 'zod'
import {
  DEVICE_CATEGORIES,
  type DeviceModel,
  POSITIVE_DIRECTIONS,
  type Point,
  REGISTER_TYPES,
  wordsOf,
} from '../core/points.ts'
import { controlFaults, controlsFrom, controlsSchema } from './controls-schema.ts'

/*
 * What a device model's file may say. The JSON Schema beside the files (schema/device-model.schema.json) is made from
 * this one, so that an editor says the same as the program.
 */

const hexOf = (digits: number) => new RegExp(`^0x[0-9a-fA-F]{1,${digits}}$`)

/** A register's address as on the wire: a number, or hex as makers print it. */
const address = z
  .union([z.int().min(0).max(0xffff), z.string().regex(hexOf(4), 'expected a number, or hex such as "0x0034"')])
  .describe('First register, counted from 0 as on the wire: 40001 in 1-based documents is 0 here')
const bits = z
  .union([z.int().min(0), z.string().regex(hexOf(16), 'expected a whole number, or hex such as "0x8000"')])
  .describe('Raw bits, all registers of the point together')

const text = z.string().min(1)

export const pointSchema = z.strictObject({
  at: address,
  as: z.enum(REGISTER_TYPES).describe('How the registers hold the value'),
  words: z.int().min(1).max(125).optional().describe('Registers of a string'),
  kind: z.enum(['input', 'holding']).optional().describe('Where it is not the model’s'),
  wordOrder: z.enum(['first', 'last']).optional().describe('Which register holds the most significant bits'),
  bytesSwapped: z.boolean().optional().describe('The low byte of each register comes first'),
  scale: z.number().positive().optional().describe('What one count is worth in the unit'),
  unit: text.optional(),
  obis: z
    .string()
    .regex(/^\d{1,2}\.\d{1,2}\.\d{1,2}$/, 'expected a code C.D.E of IEC 62056-6-1, such as "1.8.0"')
    .optional(),
  positive: z.enum(POSITIVE_DIRECTIONS).optional().describe('Which direction of a signed power is positive'),
  scaleFactor: text.optional().describe('The point that holds the power of ten'),
  notAvailable: z.array(bits).min(1).optional().describe('Bits that mean: no value'),
  states: z.record(z.string().regex(/^\d+$/, 'expected a code'), text).optional(),
  bits: z.record(z.string().regex(/^\d{1,2}$/, 'expected a bit, 0 the least'), text).optional(),
  least: z.number().optional(),
  most: z.number().optional(),
})

export const modelSchema = z
  .strictObject({
    $schema: z.string().optional(),
    maker: text,
    name: text,
    category: z.enum(DEVICE_CATEGORIES),
    sources: z.array(text).min(1).describe('Public documents and packages that the registers are from'),
    notes: z.array(text).optional().describe('What an installer should know'),
    kind: z.enum(['input', 'holding']).describe('Function 4, or function 3'),
    unitId: z.int().min(0).max(255).describe('As the device leaves the factory'),
    serial: z
      .strictObject({
        baudRate: z.int().positive(),
        parity: z.enum(['none', 'even', 'odd']),
        stopBits: z.union([z.literal(1), z.literal(2)]),
      })
      .optional(),
    maxRegisters: z.int().min(1).max(125),
    holes: z.enum(['readable', 'rejected']),
    marks: z
      .array(z.strictObject({ point: text, oneOf: z.array(z.union([z.number(), z.string()])).min(1) }))
      .describe('Registers that tell this model from others'),
    points: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9]*$/, 'expected a name in letters and digits'), pointSchema),
    controls: controlsSchema.optional(),
  })
  .describe('A Modbus device: where its registers are and what they mean')

type RawPoint = z.infer<typeof pointSchema>

/** A point as the decoder wants it. Absent fields stay absent. */
export function pointFrom({ at, notAvailable, ...rest }: RawPoint): Point {
  const point = { ...rest, at: Number(at), ...(notAvailable && { notAvailable: notAvailable.map(BigInt) }) }
  return Object.fromEntries(Object.entries(point).filter(([, value]) => value !== undefined)) as unknown as Point
}

/** What is wrong with one point by itself, beyond its fields. */
function faultOf(name: string, point: Point, points: Readonly<Record<string, Point>>): string | undefined {
  const isText = point.as === 'string'
  const isFloat = point.as === 'f32' || point.as === 'f64'
  if (isText !== (point.words !== undefined)) return isText ? 'a string needs "words"' : '"words" is for strings'
  if (point.at + wordsOf(point) > 0x1_0000) return 'ends beyond register 65535'
  if (point.wordOrder !== undefined && wordsOf(point) === 1) return 'one register has no word order'
  if (isText && (point.scale ?? point.scaleFactor ?? point.states ?? point.bits) !== undefined) {
    return 'a string has neither scale nor states nor bits'
  }
  if (isFloat && (point.states ?? point.bits) !== undefined) return 'a float has neither states nor bits'
  if (point.notAvailable?.some((bits) => bits >> BigInt(16 * wordsOf(point)) !== 0n)) {
    return `"notAvailable" has more bits than ${wordsOf(point)} registers`
  }
  if (Object.keys(point.bits ?? {}).some((bit) => Number(bit) >= 16 * wordsOf(point))) return 'has no such bit'
  if (point.least !== undefined && point.most !== undefined && point.least > point.most)
    return '"least" is above "most"'
  const { scaleFactor } = point
  if (scaleFactor === undefined) return undefined
  if (points[scaleFactor] === undefined) return `there is no point "${scaleFactor}" for its scale factor`
  return scaleFactor === name || points[scaleFactor]?.scaleFactor !== undefined
    ? 'a scale factor has none itself'
    : undefined
}

/** Two points on one register mean that one of them is wrong; the same registers under two names are one point too many. */
function overlaps(points: readonly (readonly [string, Point])[]): string[] {
  const sorted = [...points].sort(([, a], [, b]) => a.at - b.at)
  const found: string[] = []
  const reach = new Map<Point['kind'], { readonly name: string; readonly end: number }>()
  for (const [name, point] of sorted) {
    const before = reach.get(point.kind)
    const end = point.at + wordsOf(point)
    if (before !== undefined && point.at < before.end) {
      found.push(`points.${name}: register ${point.at} is already part of "${before.name}"`)
    }
    if (before === undefined || end > before.end) reach.set(point.kind, { name, end })
  }
  return found
}

/** A model, or everything that is wrong with what should be one: the path and what was expected there. */
export type ParsedModel =
  | { readonly ok: true; readonly model: DeviceModel }
  | { readonly ok: false; readonly faults: readonly string[] }

/** Reads a model from what its file holds. `id` is the file's name without its ending. */
export function parseModel(id: string, raw: unknown): ParsedModel {
  const parsed = modelSchema.safeParse(raw)
  if (!parsed.success) {
    return {
      ok: false,
      faults: parsed.error.issues.map(({ path, message }) => `${path.join('.') || '(file)'}: ${message}`),
    }
  }
  const { $schema: _, notes, serial, controls: rawControls, ...rest } = parsed.data
  const entries = Object.entries(rest.points).map(([name, point]) => [name, pointFrom(point)] as const)
  const points = Object.fromEntries(entries)
  const faults = entries.flatMap(([name, point]) => {
    const fault = faultOf(name, point, points)
    const tooLong = wordsOf(point) > rest.maxRegisters ? `is longer than a request of ${rest.maxRegisters}` : undefined
    return [fault ?? tooLong].flatMap((text) => (text === undefined ? [] : [`points.${name}: ${text}`]))
  })
  faults.push(...overlaps(entries))
  for (const { point } of rest.marks)
    if (points[point] === undefined) faults.push(`marks: there is no point "${point}"`)
  const controls = rawControls && controlsFrom(rawControls)
  faults.push(...controlFaults({ kind: rest.kind, marks: rest.marks, points, ...(controls && { controls }) }))
  if (faults.length > 0) return { ok: false, faults }
  const optional = { ...(notes && { notes }), ...(serial && { serial }), ...(controls && { controls }) }
  return { ok: true, model: { id, ...rest, points, ...optional } }
}
