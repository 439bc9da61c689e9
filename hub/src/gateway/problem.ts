import { Fault, httpStatusOf, Refusal } from '@wattfleet/protocol'
import type { z } from 'zod'

/** A query checked against what its operation takes. Throws Refusal 400 with one entry for each parameter that is wrong. */
export function readQuery<Q extends z.ZodType>(
  operation: { readonly query: Q; readonly parameters: readonly string[] },
  query: unknown,
): z.output<Q> {
  const result = operation.query.safeParse(query)
  if (result.success) return result.data
  const errors = result.error.issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ parameter: key, detail: unknownParameter(operation.parameters) }))
      : [{ parameter: issue.path.map(String).join('.'), detail: issue.message }],
  )
  throw new Refusal(400, 'The query has parameters that are wrong.', { members: { errors } })
}

function unknownParameter(known: readonly string[]): string {
  return known.length === 0
    ? 'unknown: this route takes no parameters'
    : `unknown: this route takes ${known.join(', ')}`
}

/** What an error becomes on the wire; details of what broke inside stay inside. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof Fault && error.code === 'store') {
    return new Refusal(503, 'The store cannot be read at the moment.')
  }
  const status = httpStatusOf(error)
  if (status === 503) return new Refusal(503, 'The answer was not ready in time.')
  if (status >= 400 && status < 500 && error instanceof Error) return new Refusal(status, error.message)
  return new Refusal(500, 'Something broke inside the hub; its log says what.')
}
