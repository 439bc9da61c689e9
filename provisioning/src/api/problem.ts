import { Fault, httpStatusOf, Refusal } from '@wattfleet/protocol'
import { z } from 'zod'

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
/** A value checked against its schema. Throws Refusal 400 with one entry for each mistake. */
export function readAs<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const errors = result.error.issues.map((issue) => ({
    field:
      issue.code === 'unrecognized_keys' ? issue.keys.join(', ') : issue.path.map(String).join('.') || '(all of it)',
    detail: issue.message,
  }))
  throw new Refusal(400, 'What was asked is not well formed.', { members: { errors } })
}

/** What an error becomes on the wire. What an operator may know is said; what broke inside is in the log. */
export function refusalOf(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  if (error instanceof Fault) {
    switch (error.code) {
      case 'enrolment':
        return new Refusal(409, error.message)
      case 'config':
        return new Refusal(422, error.message)
      case 'store':
        return new Refusal(503, 'The store cannot be used at the moment.', { headers: { 'retry-after': '5' } })
    }
  }
  const status = httpStatusOf(error)
  if (status >= 400 && status < 500 && error instanceof Error) return new Refusal(status, error.message)
  return new Refusal(500, 'Something broke inside; the log says what.')
}
