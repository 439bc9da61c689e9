import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { requestsIn } from '../../src/wire/rtu-requests.ts'

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
const READ = '01 04 0068 0001 b016'
const seen = (text: string) => {
  const { requests, rest } = requestsIn(hex(text))
  return {
    requests: requests.map(({ unitId, pdu }) => `${unitId}:${Buffer.from(pdu).toString('hex')}`),
    rest: Buffer.from(rest).toString('hex'),
  }
}

describe('requests in a stream of bytes', () => {
  it.each([
    { what: 'a whole one', text: READ, requests: ['1:0400680001'], rest: '' },
    { what: 'two', text: READ + READ, requests: ['1:0400680001', '1:0400680001'], rest: '' },
    { what: 'one and a beginning', text: `${READ} 01 04 00`, requests: ['1:0400680001'], rest: '010400' },
    { what: 'one behind noise', text: `00 00 ff ${READ}`, requests: ['1:0400680001'], rest: '' },
    {
      what: 'one behind one with a wrong CRC',
      text: `01 04 0068 0001 b017 ${READ}`,
      requests: ['1:0400680001'],
      rest: '',
    },
    {
      what: 'a write of several',
      text: '01 10 0001 0002 04 000a 0102 92 30',
      requests: ['1:100001000204000a0102'],
      rest: '',
    },
    { what: 'a function of no known length', text: '11 07 4c22', requests: ['17:07'], rest: '' },
  ])('finds $what', ({ text, requests, rest }) => {
    expect(seen(text)).toEqual({ requests, rest })
  })

  it('finds the same however the bytes come', () => {
    const all = hex(READ + READ + READ)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 24 }), { maxLength: 6 }), (cuts) => {
        const at = [0, ...[...cuts].sort((a, b) => a - b), all.length]
        let held: Uint8Array = new Uint8Array()
        let count = 0
        for (let i = 1; i < at.length; i++) {
          const found = requestsIn(Uint8Array.of(...held, ...all.subarray(at[i - 1], at[i])))
          count += found.requests.length
          held = found.rest
        }
        expect([count, held.length]).toEqual([3, 0])
      }),
    )
  })

  it('holds no more than a frame of what is none', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2_000 }), (bytes) => {
        expect(requestsIn(bytes).rest.length).toBeLessThanOrEqual(265)
      }),
      { numRuns: 50 },
    )
  })
})
