import { z } from 'zod'
import packageFile from '../../package.json' with { type: 'json' }
import { type Answer, COMMON_PROBLEMS, COMPONENTS, OPERATIONS, type Operation } from './operations.ts'

/** The API as an OpenAPI 3.1 document. */
export function openApiDocument(): Record<string, unknown> {
  const paths = Object.entries(OPERATIONS).map(([id, operation]) => [
    operation.path,
    { get: operationOf(id, operation) },
  ])
  return {
    openapi: '3.1.0',
    info: {
      title: 'Wattfleet hub',
      version: packageFile.version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      description:
        'What the hub knows of the exchange, read only. Energies in Wh, rates in micro-currency per kWh, money in ' +
        'nano-currency as decimal text, times in UTC Unix seconds, ids in lower-case hex. Unknown parameters are refused.',
    },
    servers: [{ url: '/' }],
    security: [],
    paths: Object.fromEntries(paths),
    components: { schemas: componentSchemas() },
  }
}

function operationOf(id: string, operation: Operation): Record<string, unknown> {
  const statuses = new Set(operation.answers.map((answer) => answer.status))
  const answers = [...operation.answers, ...COMMON_PROBLEMS.filter((answer) => !statuses.has(answer.status))]
  return {
    operationId: id,
    summary: operation.summary,
    description: operation.description,
    parameters: parametersOf(operation.query),
    responses: Object.fromEntries(answers.map((answer) => [String(answer.status), responseOf(answer)])),
  }
}

function responseOf(answer: Answer): Record<string, unknown> {
  const schema =
    answer.schema !== undefined
      ? { $ref: refTo(answer.schema) }
      : { type: answer.type === 'application/json' ? 'object' : 'string' }
  return { description: answer.description, content: { [answer.type]: { schema } } }
}

/** Each query parameter with its own schema; what the text becomes, for that is what its limits speak of. */
function parametersOf(query: z.ZodType): Record<string, unknown>[] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'output' })
  return Object.entries(properties).map(([name, property]) => {
    const { description, ...schema } = property as { description?: string }
    return { name, in: 'query', required: false, description, schema }
  })
}

function componentSchemas(): Record<string, unknown> {
  const registry = z.registry<{ id: string }>()
  for (const [id, schema] of Object.entries(COMPONENTS)) registry.add(schema, { id })
  const { schemas } = z.toJSONSchema(registry, { uri: refTo, override: describeNullable })
  const bare = Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [
    id,
    { description: COMPONENTS[id as keyof typeof COMPONENTS].meta()?.description, ...schema },
  ])
  return Object.fromEntries(bare)
}

/** What may be null is described as what it is when it is not. */
function describeNullable({
  zodSchema,
  jsonSchema,
}: Parameters<NonNullable<z.core.ToJSONSchemaParams['override']>>[0]): void {
  const { def } = zodSchema._zod
  if (def.type !== 'nullable' || jsonSchema.description !== undefined) return
  const description = z.globalRegistry.get(def.innerType)?.description
  if (description !== undefined) jsonSchema.description = description
}

function refTo(id: string): string {
  return `#/components/schemas/${id}`
}
