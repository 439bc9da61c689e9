import { STATUS_CODES } from 'node:http'

/** A problem document (RFC 9457, section 3). */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly detail: string
  /** One entry for each mistake in what was sent. */
  readonly errors?: readonly { readonly pointer: string; readonly detail: string }[]
}

export const PROBLEM_TYPE = 'application/problem+json'

/** What is wrong with a request, thrown by whoever sees it and written as RFC 9457. */
export class Refusal extends Error {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>

  constructor(
    status: number,
    detail: string,
    { errors, headers = {} }: { errors?: Problem['errors']; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(detail)
    this.name = 'Refusal'
    this.headers = headers
    const title = STATUS_CODES[status] ?? 'Error'
    this.problem = { type: 'about:blank', title, status, detail, ...(errors !== undefined && { errors }) }
  }
}

/** A JSON Pointer (RFC 6901) to a path of keys. */
export function pointerTo(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
