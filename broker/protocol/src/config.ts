import { Fault, messageOf } from './fault.ts'
import { readText } from './read.ts'

/** The part of the Standard Schema interface (standardschema.dev, version 1) that reading a configuration needs; zod implements it. */
export interface ConfigSchema<T> {
  readonly '~standard': {
    validate(value: unknown): SchemaResult<T> | Promise<SchemaResult<T>>
  }
}

interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

type SchemaResult<T> = { readonly value: T; readonly issues?: undefined } | { readonly issues: readonly SchemaIssue[] }

function pathOf(issue: SchemaIssue): string {
  const keys = (issue.path ?? []).map((part) => (typeof part === 'object' ? part.key : part))
  return keys.length === 0 ? '(the whole file)' : keys.map(String).join('.')
}

/** A value checked against its schema. Throws Fault `config` with one line per mistake: source, path, what was expected. */
export function checkConfig<T>(value: unknown, schema: ConfigSchema<T>, source: string): T {
  const result = schema['~standard'].validate(value)
  if (result instanceof Promise) throw new Fault('internal', 'configuration schemas are synchronous')
  if (result.issues === undefined) return result.value
  throw new Fault('config', result.issues.map((issue) => `${source}: ${pathOf(issue)}: ${issue.message}`).join('\n'))
}

/** Reads a JSON configuration. Throws Fault `config` naming file, path and expectation. */
export function readConfig<T>(path: string, schema: ConfigSchema<T>): T {
  const text = readText(path)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new Fault('config', `${path}: is not JSON: ${messageOf(error)}`, { cause: error })
  }
  return checkConfig(value, schema, path)
}
