import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { entriesIn } from '../../src/telegrams/sml-list.ts'
import { type Check, telegramIn } from '../../src/telegrams/sml-transport.ts'
import { ISKRA_ID, idOf, message, pushMessages, type SmlOptions, smlTelegram, transported, WH } from './build.ts'

const HOLLEY = { maker: 'HLY', serverId: idOf('HLY', 88_507) }
const telegram = (options: SmlOptions = {}) =>
  smlTelegram({ ...HOLLEY, entries: [{ code: '1.8.0', value: 107_938_987n, unit: WH, scaler: -1 }], ...options })

/** The codes of the values in a telegram; undefined where it is not believed. */
function read(bytes: Uint8Array): readonly string[] | undefined {
  const framed = telegramIn(bytes)
  return framed.is === 'telegram' ? entriesIn(framed.content, framed.check)?.map(({ obis }) => obis) : undefined
}

const CHECKS: readonly Check[] = ['x25', 'kermit']

describe.each(CHECKS)('a telegram with the CRC of %s', (check) => {
  const good = telegram({ check })

  it('is read', () => {
    expect(read(good)).toEqual(['1-0:96.50.1', '1-0:1.8.0'])
  })

  it('is refused with any of its bits changed', () => {
    for (let bit = 0; bit < good.length * 8; bit++) {
      const changed = Uint8Array.from(good)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      expect(read(changed), `bit ${bit}`).toBeUndefined()
    }
  })

  it('is refused with several of them changed', () => {
    const bits = fc.uniqueArray(fc.nat({ max: good.length * 8 - 1 }), { minLength: 2, maxLength: 12 })
    fc.assert(
      fc.property(bits, (changes) => {
        const changed = Uint8Array.from(good)
        for (const bit of changes) changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
        expect(read(changed)).toBeUndefined()
      }),
      { numRuns: 2_000, seed: 25 },
    )
  })

  it('is refused with a message whose bytes were changed before the transport was made', () => {
    const messages = pushMessages({ ...HOLLEY, check })
    const at = messages.lastIndexOf(0x48)
    expect(read(transported(messages, check))).toBeDefined()
    expect(read(transported(messages.with(at, 0x49), check))).toBeUndefined()
  })
})

describe('the CRCs of a telegram', () => {
  it('are the bytes that were worked out by another program', () => {
    const close = (check: Check) => {
      const bytes = transported(message(0x0201, [0x71, 0x01], check), check)
      return Buffer.from(bytes).toString('hex')
    }
    const start = '1b1b1b1b01010101'
    expect(close('x25')).toBe(`${start}7602316200620072630201710163380d000000001b1b1b1b1a030f2a`)
    expect(close('kermit')).toBe(`${start}7602316200620072630201710163c2d3000000001b1b1b1b1a03607c`)
  })

  it.each(CHECKS)('are all of one kind: %s around another is refused', (check) => {
    const other = check === 'x25' ? 'kermit' : 'x25'
    expect(read(telegram({ check, messageCheck: other }))).toBeUndefined()
    const one = [...message(0x0201, [0x71, 0x01], other), ...pushMessages({ ...HOLLEY, check })]
    expect(read(transported(one, check))).toBeUndefined()
  })

  it.each([
    ['another maker', ISKRA_ID],
    ['a maker that is not said', [0x09, ...HOLLEY.serverId.slice(1)]],
    ['nobody', []],
  ])('of Kermit are not believed of %s', (_, serverId) => {
    expect(read(telegram({ check: 'kermit', serverId }))).toBeUndefined()
    expect(read(telegram({ check: 'x25', serverId }))).toBeDefined()
  })

  it.each(CHECKS)('of %s may be shortened to one byte where the first is zero', (check) => {
    // a close message with some signature, until the CRC begins with a zero
    const tries = Array.from({ length: 65_536 }, (_, i) => [0x71, 0x03, i >> 8, i & 0xff])
    const lengthOf = (content: readonly number[]) => message(0x0201, content, check).length
    const content = tries.find((one) => lengthOf(one) < lengthOf([0x71, 0x03, 0, 0])) ?? []
    const short = message(0x0201, content, check)
    expect(short.at(-3)).toBe(0x62)
    expect(read(transported(short, check))).toEqual([])
    const long = [...short.slice(0, -3), 0x63, 0, short.at(-2) ?? 0, 0]
    expect(read(transported(long, check))).toEqual([])
    const wrong = short.with(-2, (short.at(-2) ?? 0) ^ 1)
    expect(read(transported(wrong, check))).toBeUndefined()
  })
})
