import { z } from 'zod'
import { SUNSPEC_TYPES, type SunSpecGroup, type SunSpecModel, type SunSpecType } from '../sunspec/model.ts'

/* What the file of a SunSpec model may say; schema/sunspec-model.schema.json is made from it. */

const types = Object.keys(SUNSPEC_TYPES) as [SunSpecType, ...SunSpecType[]]

const pointSchema = z.strictObject({
  at: z.int().min(0).max(0xffff).describe('Registers from the model’s id, or from the start of its group'),
  type: z.enum(types),
  words: z.int().min(1).max(125).optional().describe('Registers of a string'),
  unit: z.string().min(1).optional(),
  sf: z
    .union([z.string().min(1), z.int().min(-10).max(10)])
    .optional()
    .describe('The point that holds the power of ten, or the power'),
  symbols: z.record(z.string().regex(/^\d+$/, 'expected a code, or a bit'), z.string().min(1)).optional(),
  writable: z.boolean().optional(),
})

const group = {
  name: z.string().min(1),
  count: z
    .union([z.string().min(1), z.int().min(0)])
    .optional()
    .describe('Without it once; 0: as often as the model’s length has room for'),
  length: z.int().min(0).max(0xffff),
  points: z.record(z.string().min(1), pointSchema),
}
const groupSchema: z.ZodType<SunSpecGroup> = z.strictObject({
  ...group,
  groups: z.lazy(() => z.array(groupSchema)).optional(),
})

export const sunSpecSchema = z
  .strictObject({
    $schema: z.string().optional(),
    id: z.int().min(1).max(0xfffe),
    label: z.string().min(1),
    ...group,
    groups: z.array(groupSchema).optional(),
  })
  .describe('A model of the SunSpec Alliance')

/** Reads a SunSpec model from what its file holds. Throws RangeError with everything that is wrong in it. */
export function parseSunSpec(raw: unknown): SunSpecModel {
  const parsed = sunSpecSchema.safeParse(raw)
  if (!parsed.success) {
    throw new RangeError(parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; '))
  }
  const { $schema: _, ...model } = parsed.data
  return model
}
