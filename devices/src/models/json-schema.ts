import { z } from 'zod'
import { modelSchema } from './schema.ts'
import { sunSpecSchema } from './sunspec-schema.ts'

/** What the files in schema/ hold: made from the schemas that the program itself reads models by. */
export const JSON_SCHEMAS: Readonly<Record<string, object>> = {
  'device-model.schema.json': z.toJSONSchema(modelSchema, { io: 'input' }),
  'sunspec-model.schema.json': z.toJSONSchema(sunSpecSchema, { io: 'input' }),
}

export const schemaText = (schema: object): string => `${JSON.stringify(schema, undefined, 2)}\n`
