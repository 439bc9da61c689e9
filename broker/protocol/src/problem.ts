import { STATUS_CODES } from 'node:http'

/** Section 6.1: it has no parameters, JSON is UTF-8. */
export const PROBLEM_TYPE = 'application/problem+json'

/** Problem details (RFC 9457, section 3.1). */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
}

/** An answer over HTTP that says what is wrong, thrown by whoever sees it and written by the server. */
export class Refusal extends Error {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
  /** `members`: those of the API itself, beside those of the standard (section 3.2). */
  constructor(
    status: number,
    detail: string,
    more: { readonly members?: object; readonly headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.name = 'Refusal'
    this.headers = more.headers ?? {}
    this.problem = {
      ...{ type: 'about:blank', title: STATUS_CODES[status] ?? 'Error', status, detail },
      ...more.members,
    }
  }
}

/** The status of what an HTTP framework has thrown; 500 of anything else. */
export function httpStatusOf(error: unknown): number {
  const status = typeof error === 'object' && error !== null && 'statusCode' in error ? error.statusCode : undefined
  return typeof status === 'number' ? status : 500
}
