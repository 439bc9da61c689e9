import fc from 'fast-check'
import { expect, it } from 'vitest'
import { joined, unhex, withByte } from './bytes.ts'

/** One byte that may hold a few values only. */
interface ClosedByte {
  readonly name: string
  readonly at: number
  readonly valid: readonly number[]
}

export interface LayoutCase<T> {
  readonly values: fc.Arbitrary<T>
  readonly encode: (value: T) => Uint8Array
  readonly decode: (bytes: Uint8Array) => T | undefined
  readonly closedBytes: readonly ClosedByte[]
  /** Where a u64 stands. */
  readonly wideAt: readonly number[]
}

const SUFFIX = fc.uint8Array({ minLength: 1, maxLength: 64 })
const BEYOND_SAFE = unhex('00 00 00 00 00 00 20 00') // 2^53

/** What every signed message's codec owes: whole round trips, and nothing but undefined for anything else. */
export function describeLayout<T>({ values, encode, decode, closedBytes, wideAt }: LayoutCase<T>): void {
  it('comes back whole from its own bytes', () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value))).toEqual(value)
      }),
    )
  })

  it('is read from the middle of a longer buffer, and keeps nothing of that buffer', () => {
    fc.assert(
      fc.property(values, SUFFIX, (value, around) => {
        const bytes = encode(value)
        const buffer = joined(around, bytes, around)
        const decoded = decode(buffer.subarray(around.length, around.length + bytes.length))
        buffer.fill(0)
        expect(decoded).toEqual(value)
      }),
    )
  })

  it('is undefined wherever it is cut off', () => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encode(value)
        for (let length = 0; length < bytes.length; length++) {
          if (decode(bytes.subarray(0, length)) !== undefined)
            throw new Error(`${length} bytes were taken for a message`)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('is undefined with anything behind it', () => {
    fc.assert(
      fc.property(values, SUFFIX, (value, suffix) => {
        expect(decode(joined(encode(value), suffix))).toBeUndefined()
      }),
    )
  })

  it('is undefined under any other tag', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 1, max: 255 }), (value, at, mask) => {
        const bytes = encode(value)
        expect(decode(withByte(bytes, at, (bytes[at] ?? 0) ^ mask))).toBeUndefined()
      }),
    )
  })

  for (const { name, at, valid } of closedBytes) {
    it(`is undefined with a ${name} outside the closed set`, () => {
      const invalid = fc.integer({ min: 0, max: 255 }).filter((byte) => !valid.includes(byte))
      fc.assert(
        fc.property(values, invalid, (value, byte) => {
          expect(decode(withByte(encode(value), at, byte))).toBeUndefined()
        }),
      )
    })
  }

  it.each(wideAt)('is undefined where the u64 at byte %i is beyond the safe integers', (at) => {
    fc.assert(
      fc.property(values, (value) => {
        const bytes = encode(value)
        bytes.set(BEYOND_SAFE, at)
        expect(decode(bytes)).toBeUndefined()
      }),
    )
  })

  it('never throws on random bytes, also behind its own tag', () => {
    fc.assert(
      fc.property(values, fc.uint8Array({ maxLength: 300 }), (value, noise) => {
        const tagged = joined(encode(value).subarray(0, 4), noise)
        for (const bytes of [noise, tagged]) {
          const decoded = decode(bytes)
          if (decoded !== undefined) expect(encode(decoded)).toEqual(bytes)
        }
      }),
      { numRuns: 1000 },
    )
  })
}
