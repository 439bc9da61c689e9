import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeStatus, encodeStatus, type Status } from '../src/status.ts'
import { badRows } from './support/bad-fields.ts'

const SAMPLE: Status = {
  gateway: 'ab'.repeat(32),
  epoch: 3,
  lastNotice: 0,
  clockMs: 1_750_413_600_123,
  meter: 'good',
  importW: 0,
  exportW: 4_200,
}

const anyStatus: fc.Arbitrary<Status> = fc.record({
  gateway: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  epoch: fc.maxSafeNat(),
  lastNotice: fc.maxSafeNat(),
  clockMs: fc.maxSafeNat(),
  meter: fc.constantFrom('good' as const, 'missing' as const),
  importW: fc.maxSafeNat(),
  exportW: fc.maxSafeNat(),
})

const utf8 = (value: unknown) => Buffer.from(JSON.stringify(value), 'utf8')

describe('status', () => {
  it('comes back whole', () => {
    fc.assert(
      fc.property(anyStatus, (status) => {
        expect(decodeStatus(encodeStatus(status))).toEqual(status)
      }),
    )
  })

  it.each(
    badRows(
      { ...SAMPLE },
      {
        gateway: 'hex32',
        epoch: 'natural',
        lastNotice: 'natural',
        clockMs: 'natural',
        meter: 'meter',
        importW: 'natural',
        exportW: 'natural',
      },
    ),
  )('is undefined with only $field wrong: $value', ({ bad }) => {
    expect(decodeStatus(utf8(bad))).toBeUndefined()
  })

  it('leaves out what it does not know', () => {
    expect(decodeStatus(utf8({ ...SAMPLE, later: 1 }))).toEqual(SAMPLE)
  })

  it.each(['', '{', 'null', '[]', '7', '"good"'])('is undefined for %j', (text) => {
    expect(decodeStatus(Buffer.from(text))).toBeUndefined()
  })

  it('is undefined wherever it is cut off', () => {
    const whole = encodeStatus(SAMPLE)
    for (let length = 0; length < whole.length; length++) {
      expect(decodeStatus(whole.subarray(0, length))).toBeUndefined()
    }
  })

  it('is undefined for random bytes and never throws', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
        expect(decodeStatus(noise)).toBeUndefined()
      }),
    )
  })
})
