import { describe, expect, it } from 'vitest'
import { handlePdu, type Image } from '../../src/wire/pdu.ts'

/** Input registers 100–299 in two runs that touch, holding 0–9 and 20–29, each its own address; 5–8 may be written. */
const run = (kind: 'input' | 'holding', at: number, count: number) => ({
  ...{ kind, at },
  words: Uint16Array.from({ length: count }, (_, i) => at + i),
})
const image: Image = {
  registers: [run('input', 100, 50), run('input', 150, 150), run('holding', 0, 10), run('holding', 20, 10)],
  writable: [
    { at: 5, count: 2 },
    { at: 7, count: 2 },
  ],
}
const onlyInput: Image = { registers: [run('input', 0, 130)] }
const onlyHolding: Image = { registers: [run('holding', 0, 10)] }

const bytes = (hex: string) => Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex'))
const hex = (of: Uint8Array | undefined) => of && Buffer.from(of).toString('hex')

const rows: readonly { what: string; request: string; answer: string; of?: Image }[] = [
  { what: 'input registers', request: '04 0064 0002', answer: '04 04 0064 0065' },
  { what: 'holding registers', request: '03 0000 0001', answer: '03 02 0000' },
  { what: 'registers across two runs that touch', request: '04 0095 0002', answer: '04 04 0095 0096' },
  { what: 'registers across a hole', request: '03 0009 0002', answer: '83 02' },
  { what: 'an address before the first', request: '04 0063 0001', answer: '84 02' },
  { what: 'an address past the last', request: '04 012b 0002', answer: '84 02' },
  { what: 'an address at the very end', request: '04 ffff 0002', answer: '84 02' },
  { what: 'no registers', request: '04 0064 0000', answer: '84 03' },
  { what: '126 registers', request: '04 0064 007e', answer: '84 03' },
  { what: 'the count before the address (6.4)', request: '04 0000 007e', answer: '84 03' },
  {
    what: '125 registers',
    request: '04 0064 007d',
    answer: `04 fa ${Array.from({ length: 125 }, (_, i) => (100 + i).toString(16).padStart(4, '0')).join('')}`,
  },
  {
    what: 'more than the device answers',
    request: '04 0000 0051',
    answer: '84 03',
    of: { ...onlyInput, maxRegisters: 80 },
  },
  { what: 'a request that is too short', request: '04 0064 00', answer: '84 03' },
  { what: 'a request that is too long', request: '04 0064 0001 00', answer: '84 03' },
  { what: 'only a function', request: '04', answer: '84 03' },
  { what: 'a function without registers of its kind', request: '03 0000 0001', answer: '83 01', of: onlyInput },
  { what: 'the other one', request: '04 0000 0001', answer: '84 01', of: onlyHolding },
  { what: 'a function that it does not have', request: '2b 0e 01 00', answer: 'ab 01' },
  { what: 'coils', request: '01 0000 0001', answer: '81 01' },
  { what: 'a write of one', request: '06 0005 1234', answer: '06 0005 1234' },
  { what: 'a write of one that is not to be written', request: '06 0004 1234', answer: '86 02' },
  { what: 'a write that is too short', request: '06 0005 12', answer: '86 03' },
  { what: 'a write to a device without any', request: '06 0000 0001', answer: '86 01', of: onlyHolding },
  { what: 'a write of several', request: '10 0006 0002 04 aaaa bbbb', answer: '10 0006 0002' },
  { what: 'a write that begins outside', request: '10 0004 0002 04 aaaa bbbb', answer: '90 02' },
  { what: 'a write that ends outside', request: '10 0008 0002 04 aaaa bbbb', answer: '90 02' },
  { what: 'a write of none', request: '10 0005 0000 00', answer: '90 03' },
  { what: 'a write of 124', request: `10 0005 007c f8 ${'0000'.repeat(124)}`, answer: '90 03' },
  { what: 'a write whose bytes are not its registers', request: '10 0005 0002 02 aaaa', answer: '90 03' },
  { what: 'a write that holds fewer than it says', request: '10 0005 0002 04 aaaa', answer: '90 03' },
]

describe('the answer to a PDU', () => {
  it.each(rows)('of $what', ({ request, answer, of = image }) => {
    expect(hex(handlePdu(of, bytes(request)).answer)).toBe(answer.replaceAll(' ', ''))
  })

  it('is none to no PDU', () => {
    expect(handlePdu(image, new Uint8Array())).toEqual({})
  })

  it('says what is written only where it is', () => {
    expect(handlePdu(image, bytes('10 0006 0002 04 aaaa bbbb')).written).toEqual({ at: 6, words: [0xaaaa, 0xbbbb] })
    expect(handlePdu(image, bytes('06 0005 1234')).written).toEqual({ at: 5, words: [0x1234] })
    expect(handlePdu(image, bytes('06 0004 1234')).written).toBeUndefined()
  })

  it('takes 123 registers to write', () => {
    const open: Image = { registers: [run('holding', 0, 200)], writable: [{ at: 0, count: 200 }] }
    const { answer, written } = handlePdu(open, bytes(`10 0000 007b f6 ${'0001'.repeat(123)}`))
    expect(hex(answer)).toBe('100000007b')
    expect(written?.words).toHaveLength(123)
  })
})
