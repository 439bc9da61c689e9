import { STATUS_CODES } from 'node:http'
import { Fault } from '@wattfleet/protocol'
import type { z } from 'zod'
import type { Problem } from './schemas/service.ts'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** An answer that says what is wrong, thrown by whoever sees it and written by the server as RFC 9457. */
export class Refusal extends Error {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
  constructor(
    status: number,
    detail: string,
    more: { errors?: Problem['errors']; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.name = 'Refusal'
    this.headers = more.headers ?? {}
    this.problem = problemOf(status, detail, more.errors)
  }
}

export function problemOf(status: number, detail?: string, errors?: Problem['errors']): Problem {
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? 'Error',
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(errors === undefined ? {} : { errors }),
  }
}

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
  throw new Refusal(400, 'The query has parameters that are wrong.', { errors })
}

function unknownParameter(known: readonly string[]): string {
  return known.length === 0
    ? 'unknown: this route takes no parameters'
    : `unknown: this route takes ${known.join(', ')}`
}

/** What an error becomes on the wire; details of what broke inside stay inside. */
export function problemOfError(error: unknown): Problem {
  if (error instanceof Refusal) return error.problem
  if (error instanceof Fault && error.code === 'store') {
    return problemOf(503, 'The store cannot be read at the moment.')
  }
  const status = statusOf(error)
  if (status === 503) return problemOf(503, 'The answer was not ready in time.')
  if (status >= 400 && status < 500 && error instanceof Error) return problemOf(status, error.message)
  return problemOf(500, 'Something broke inside the hub; its log says what.')
}

function statusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' ? status : 500
}
