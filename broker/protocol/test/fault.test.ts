import { describe, expect, it } from 'vitest'
import { Fault, invariant, messageOf } from '../src/fault.ts'

describe('Fault', () => {
  it('carries code, message, cause and whether a retry can help', () => {
    const cause = new Error('disk full')
    const fault = new Fault('store', 'the outbox cannot be written', { cause, retryable: true })
    expect(fault).toBeInstanceOf(Error)
    expect(fault).toMatchObject({ name: 'Fault', code: 'store', retryable: true, cause })
    expect(fault.message).toBe('the outbox cannot be written')
  })

  it('is permanent and without a cause unless it says otherwise', () => {
    const fault = new Fault('config', 'no')
    expect(fault.retryable).toBe(false)
    expect('cause' in fault).toBe(false)
  })
})

describe('invariant', () => {
  it.each([false, 0, '', null, undefined])('stops at %j with an internal fault', (condition) => {
    expect(() => invariant(condition, 'sums agree')).toThrow(
      expect.objectContaining({ code: 'internal', message: 'invariant broken: sums agree' }),
    )
  })
  it.each([true, 1, 'a', {}])('lets %j pass', (condition) => {
    expect(() => invariant(condition, 'sums agree')).not.toThrow()
  })
})

describe('messageOf', () => {
  it.each([
    { thrown: new Fault('chain', 'refused'), text: 'refused' },
    { thrown: new TypeError('a bug'), text: 'a bug' },
    { thrown: 'a text', text: 'a text' },
    { thrown: undefined, text: 'undefined' },
    { thrown: 7, text: '7' },
  ])('of $thrown is "$text"', ({ thrown, text }) => {
    expect(messageOf(thrown)).toBe(text)
  })
})
