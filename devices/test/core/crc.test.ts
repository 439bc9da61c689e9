import { describe, expect, it } from 'vitest'
import { crcOf, crcTable } from '../../src/core/crc.ts'

describe('a CRC of sixteen bits', () => {
  // check values and parameters as catalogues of CRCs give them
  it.each([
    ['MODBUS', 0xa001, 0xffff, 0, 0x4b37],
    ['ARC', 0xa001, 0, 0, 0xbb3d],
    ['X-25', 0x8408, 0xffff, 0xffff, 0x906e],
    ['KERMIT', 0x8408, 0, 0, 0x2189],
    ['MCRF4XX', 0x8408, 0xffff, 0, 0x6f91],
  ])('%s of the check bytes is what catalogues say', (_, polynomial, initial, final, check) => {
    const bytes = new TextEncoder().encode('123456789')
    expect(crcOf(bytes, crcTable(polynomial), initial) ^ final).toBe(check)
  })

  it('of nothing is where it began', () => {
    expect(crcOf(new Uint8Array(), crcTable(0xa001), 0x1234)).toBe(0x1234)
  })
})
