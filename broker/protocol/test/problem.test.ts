import { describe, expect, it } from 'vitest'
import { httpStatusOf, Refusal } from '../src/problem.ts'

describe('a refusal', () => {
  it('is a problem of RFC 9457, with the members of its API and its headers', () => {
    const { problem, headers, message } = new Refusal(405, 'It can only be read.', {
      members: { errors: [{ field: 'a', detail: 'b' }] },
      headers: { allow: 'GET' },
    })
    expect(problem).toEqual({
      ...{ type: 'about:blank', title: 'Method Not Allowed', status: 405, detail: 'It can only be read.' },
      errors: [{ field: 'a', detail: 'b' }],
    })
    expect([message, headers]).toEqual(['It can only be read.', { allow: 'GET' }])
  })

  it('has a title also where nobody has named its status, and no member that was not given', () => {
    const { problem, headers } = new Refusal(499, 'x')
    expect([problem, headers]).toEqual([{ type: 'about:blank', title: 'Error', status: 499, detail: 'x' }, {}])
  })
})

it.each<[unknown, number]>([
  [Object.assign(new Error('too long'), { statusCode: 413 }), 413],
  [Object.assign(new Error('odd'), { statusCode: '413' }), 500],
  [new Error('broke'), 500],
  [null, 500],
  ['text', 500],
])('the status of %o is %i', (error, status) => {
  expect(httpStatusOf(error)).toBe(status)
})
