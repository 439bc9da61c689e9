import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromHex, sameBytes, sha256, toHex } from '../src/bytes.ts'
import { joined, run, unhex } from './support/bytes.ts'

describe('hex', () => {
  it('comes back from its text, with or without 0x, in either case', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        for (const text of [toHex(bytes), `0x${toHex(bytes)}`, toHex(bytes).toUpperCase()]) {
          expect(fromHex(text, bytes.length)).toEqual(bytes)
        }
      }),
    )
  })

  it('writes a part of a buffer as that part', () => {
    expect(toHex(run(0, 10).subarray(3, 6))).toBe('030405')
  })

  it.each([
    { text: '', length: 1 },
    { text: '0', length: 1 },
    { text: '000', length: 1 },
    { text: '0g', length: 1 },
    { text: ' 0', length: 1 },
    { text: '00\n', length: 1 },
    { text: '0x0x', length: 1 },
    { text: '0X00', length: 1 },
    { text: '0000', length: 1 },
    { text: '00', length: 2 },
  ])('does not take "$text" for $length bytes', ({ text, length }) => {
    expect(fromHex(text, length)).toBeUndefined()
  })
})

describe('sha256', () => {
  // FIPS 180-2, appendix B.1 and B.2, and the empty message
  it.each([
    { text: '', hash: 'e3b0c44298fc1c149afbf4c8996fb924 27ae41e4649b934ca495991b7852b855' },
    { text: 'abc', hash: 'ba7816bf8f01cfea414140de5dae2223 b00361a396177a9cb410ff61f20015ad' },
    {
      text: 'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      hash: '248d6a61d20638b8e5c026930c3e6039 a33ce45964ff2167f6ecedd419db06c1',
    },
  ])('of "$text" is that of the standard', ({ text, hash }) => {
    expect(sha256(Buffer.from(text))).toEqual(unhex(hash))
  })

  it('of parts is that of the whole', () => {
    const any = fc.uint8Array({ maxLength: 100 })
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(sha256(a, b)).toEqual(sha256(joined(a, b)))
      }),
    )
  })
})

describe('sameBytes', () => {
  it.each([
    { a: run(0, 0), b: run(0, 0), same: true },
    { a: run(1, 4), b: run(1, 4), same: true },
    { a: run(1, 4), b: run(1, 5), same: false },
    { a: run(1, 5), b: run(1, 4), same: false },
    { a: unhex('010203'), b: unhex('010204'), same: false },
  ])('of $a and $b is $same', ({ a, b, same }) => {
    expect(sameBytes(a, b)).toBe(same)
  })
})
