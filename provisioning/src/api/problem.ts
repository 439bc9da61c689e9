import { STATUS_CODES } from 'node:http'
import { Fault } from '@wattfleet/protocol'
import { z } from 'zod'

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8'

/** RFC 9457, with a member of its own for what is wrong where. */
export const problem = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string().optional(),
    errors: z.array(z.object({ field: z.string(), detail: z.string() })).optional(),
    /** What a bulk action would do now, where that is not what was shown. */
    plan: z.unknown().optional(),
  })
  .meta({ description: 'Problem details, RFC 9457.' })
export type Problem = z.infer<typeof problem>

/** An answer that says what is wrong, thrown by whoever sees it and written by the server. */
export class ApiProblem extends Error {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
  constructor(
    status: number,
    detail: string,
    more: Pick<Problem, 'errors' | 'plan'> & { headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.name = 'ApiProblem'
    const { headers = {}, ...members } = more
    this.headers = headers
    this.problem = { type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail, ...members }
  }
}

/** A value checked against its schema. Throws ApiProblem 400 with one entry for each mistake. */
export function readAs<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors = result.error.issues.map((issue) => ({
    field:
      issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.map(String).join('.') || '(all of it)',
    detail: issue.message,
  }))
  throw new ApiProblem(400, 'What was asked is not well formed.', { errors })
}

/** What an error becomes on the wire. What an operator may know is said; what broke inside is in the log. */
export function problemOf(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error
  if (error instanceof Fault) {
    switch (error.code) {
      case 'enrolment':
        return new ApiProblem(409, error.message)
      case 'config':
        return new ApiProblem(422, error.message)
      case 'store':
        return new ApiProblem(503, 'The store cannot be used at the moment.', { headers: { 'retry-after': '5' } })
    }
  }
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? Number(error.statusCode) : 500
  if (status >= 400 && status < 500 && error instanceof Error) return new ApiProblem(status, error.message)
  return new ApiProblem(500, 'Something broke inside; the log says what.')
}
