import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answerIn, crc16, encodeRequest, withCrc } from '../../src/core/rtu-frame.ts'
import type { RegisterRequest } from '../../src/ports.ts'

const request: RegisterRequest = { unitId: 1, kind: 'input', at: 0x34, count: 2 }
const bytesOf = (hex: string) => Uint8Array.from(hex.split(' ').map((byte) => Number.parseInt(byte, 16)))
const answer = withCrc([1, 4, 4, 0x44, 0x9a, 0x50, 0x00])
const joined = (...parts: readonly (Uint8Array | readonly number[])[]) =>
  Uint8Array.from(parts.flatMap((part) => [...part]))

describe('a request on a serial line', () => {
  it('is the bytes of the specification', () => {
    // Modbus over Serial Line 1.02 and the SDM630's own document: power of phase 1 … total power
    expect(encodeRequest(request)).toEqual(bytesOf('01 04 00 34 00 02 30 05'))
    expect(encodeRequest({ unitId: 17, kind: 'holding', at: 0x6b, count: 3 })).toEqual(
      bytesOf('11 03 00 6b 00 03 76 87'),
    )
  })

  it('has the CRC that the specification shows', () => {
    expect(crc16(bytesOf('02 07'))).toBe(0x1241)
  })
})

describe('a write on a serial line', () => {
  const write = { unitId: 17, at: 1, values: [10, 258] }
  it('is the bytes of the specification', () => {
    // Modbus Application Protocol 1.1b3, 6.12
    expect([...encodeRequest(write).subarray(0, 11)]).toEqual([...bytesOf('11 10 00 01 00 02 04 00 0a 01 02')])
  })

  it('is confirmed by its address and count, and by no other', () => {
    const confirmed = withCrc([17, 16, 0, 1, 0, 2])
    expect(answerIn(confirmed, write)).toEqual({ is: 'registers', registers: [], rest: 0 })
    expect(answerIn(joined(encodeRequest(write), confirmed), write)).toMatchObject({ is: 'registers' })
    expect(answerIn(withCrc([17, 16, 0, 2, 0, 2]), write)).toMatchObject({ is: 'broken' })
    expect(answerIn(withCrc([17, 0x90, 4]), write)).toEqual({ is: 'exception', code: 4, rest: 0 })
    for (let length = 0; length < 8; length++) {
      expect(answerIn(confirmed.subarray(0, length), write)).toEqual({ is: 'incomplete' })
    }
  })
})

describe('an answer on a serial line', () => {
  const registers = { is: 'registers', registers: [0x449a, 0x5000], rest: 0 }
  const exception = withCrc([1, 0x84, 2])

  it.each<[string, Uint8Array, unknown]>([
    ['whole', answer, registers],
    ['an exception', exception, { is: 'exception', code: 2, rest: 0 }],
    ['after the request’s echo', joined(encodeRequest(request), answer), registers],
    ['after noise', joined([0, 0xff], answer), registers],
    ['after noise that looks like its beginning', joined([1], answer), registers],
    ['after an echo and noise', joined(encodeRequest(request), [0], answer), registers],
    ['with more behind it', joined(answer, [7, 7]), { ...registers, rest: 2 }],
    ['of another unit', withCrc([2, 4, 4, 0x44, 0x9a, 0x50, 0x00]), { is: 'broken', why: 'an answer of unit 2' }],
    [
      'to another function',
      withCrc([1, 3, 4, 0x44, 0x9a, 0x50, 0x00]),
      { is: 'broken', why: 'an answer to function 3' },
    ],
    [
      'of another length',
      withCrc([1, 4, 2, 0x44, 0x9a, 0x50, 0x00]),
      { is: 'broken', why: '2 bytes of registers, not 4' },
    ],
  ])('is found: %s', (_, bytes, expected) => {
    expect(answerIn(bytes, request)).toEqual(expected)
  })

  it('is awaited as long as it is not whole', () => {
    for (const whole of [answer, exception, joined(encodeRequest(request), answer), joined([0, 0xff], answer)]) {
      for (let length = 0; length < whole.length; length++) {
        expect(answerIn(whole.subarray(0, length), request), `${length} of ${whole.length}`).toEqual({
          is: 'incomplete',
        })
      }
    }
  })

  it('is not taken with any bit of it changed', () => {
    fc.assert(
      fc.property(fc.nat({ max: answer.length * 8 - 1 }), (bit) => {
        const changed = Uint8Array.from(answer)
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(answerIn(changed, request).is).not.toBe('registers')
      }),
      { numRuns: 72 * 4 },
    )
  })

  it('is never made of bytes that hold none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        expect(['incomplete', 'broken']).toContain(answerIn(bytes, request).is)
      }),
      { numRuns: 2_000 },
    )
  })
})
