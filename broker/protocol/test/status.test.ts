import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodeStatus, encodeStatus, type Status } from '../src/status.ts'
import { badRows } from './support/bad-fields.ts'

const SAMPLE: Status = {
  gateway: 'ab'.repeat(32),
  epoch: 3,
  lastNotice: 0,
  clockMs: 1_750_413_600_123,
  clock: 'trusted',
  meter: 'good',
  importW: 0,
  exportW: 4_200,
  findings: ['export-counter-coarse', 'phase-2-reversed'],
}

const anyStatus: fc.Arbitrary<Status> = fc.record({
  gateway: fc.uint8Array({ minLength: 32, maxLength: 32 }).map((bytes) => Buffer.from(bytes).toString('hex')),
  epoch: fc.maxSafeNat(),
  lastNotice: fc.maxSafeNat(),
  clockMs: fc.maxSafeNat(),
  clock: fc.constantFrom('trusted' as const, 'doubted' as const),
  meter: fc.constantFrom('good' as const, 'missing' as const),
  importW: fc.maxSafeNat(),
  exportW: fc.maxSafeNat(),
  findings: fc.array(fc.constantFrom('import-counter-stuck', 'phase-1-reversed', 'a'), { maxLength: 32 }),
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

  it('says what became of what the utility told', () => {
    const told: Status = {
      ...{ ...SAMPLE, version: '1.2.3', config: 4 },
      lastConfig: { counter: 5, is: 'rolled-back', reason: 'no meter' },
      lastCommand: { counter: 2, is: 'applied' },
      devices: { meter: 'none', inverter: 'grant', reason: 'grant: meter: expected a port' },
    }
    expect(decodeStatus(encodeStatus(told))).toEqual(told)
  })

  it.each([
    { version: '1' },
    { version: 1 },
    { config: -1 },
    { config: null },
    { lastConfig: null },
    { lastConfig: { counter: 1, is: 'fine' } },
    { lastCommand: { counter: 1, is: 'refused', reason: 'x'.repeat(161) } },
    { devices: 'file' },
    { devices: { meter: 'file' } },
    { devices: { meter: 'elsewhere', inverter: 'none' } },
    { devices: { meter: 'none', inverter: 'none', reason: 7 } },
  ])('is undefined with only %o wrong of what it says to the utility', (wrong) => {
    expect(decodeStatus(utf8({ ...SAMPLE, ...wrong }))).toBeUndefined()
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

  it.each([
    { clock: 'unknown' },
    { clock: null },
    { findings: 'phase-1-reversed' },
    { findings: null },
    { findings: [1] },
    { findings: [''] },
    { findings: ['<b>'] },
    { findings: ['-a'] },
    { findings: ['a\n'] },
    { findings: ['a'.repeat(65)] },
    { findings: Array.from({ length: 33 }, () => 'a') },
  ])('is undefined with %j', (wrong) => {
    expect(decodeStatus(utf8({ ...SAMPLE, ...wrong }))).toBeUndefined()
  })

  it('is taken from a gateway that says nothing yet of its clock or of what it found', () => {
    const { clock: _, findings: __, ...older } = SAMPLE
    expect(decodeStatus(utf8(older))).toEqual({ ...SAMPLE, clock: 'trusted', findings: [] })
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
