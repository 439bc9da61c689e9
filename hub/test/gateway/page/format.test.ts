import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  counted,
  formatAge,
  formatClock,
  formatDate,
  formatEnergy,
  formatMoney,
  formatMoneyExactly,
  formatPower,
  formatRate,
  formatSlot,
  formatTime,
  shortId,
} from '../../../src/gateway/page/format.js'

/** Expectations are written with plain spaces. */
const plain = (text: string): string => text.replace(/[\u00a0\u202f]/g, ' ')

describe('quantities', () => {
  it.each([
    [0, '0 Wh'],
    [1, '1 Wh'],
    [999, '999 Wh'],
    [1_000, '1.00 kWh'],
    [1_254, '1.25 kWh'],
    [12_345_678, '12 345.68 kWh'],
    [null, '–'],
  ])('%o Wh is %s', (energyWh, text) => {
    expect(plain(formatEnergy(energyWh))).toBe(text)
  })

  it.each([
    [0, '0 W'],
    [412, '412 W'],
    [3_420, '3.42 kW'],
    [null, '–'],
  ])('%o W is %s', (powerW, text) => {
    expect(plain(formatPower(powerW))).toBe(text)
  })

  it.each([
    [245_000, '€', '24.5 ct/kWh'],
    [80_000, '€', '8.0 ct/kWh'],
    [123_456, '€', '12.3456 ct/kWh'],
    [0, '€', '0.0 ct/kWh'],
    [245_000, 'CHF', '0.245 CHF/kWh'],
    [1_000_000, 'CHF', '1.00 CHF/kWh'],
    [1, 'CHF', '0.000001 CHF/kWh'],
    [null, '€', '–'],
  ])('%o micro %s is %s', (rate, currency, text) => {
    expect(plain(formatRate(rate, currency))).toBe(text)
  })

  it.each([
    ['0', 2, '0.00 €'],
    ['48120000000', 2, '48.12 €'],
    ['4999999', 2, '0.00 €'],
    ['5000000', 2, '0.01 €'],
    ['-5000000', 2, '−0.01 €'],
    ['-4999999', 2, '0.00 €'],
    ['726613500', 4, '0.7266 €'],
    ['1500000000', 0, '2 €'],
    ['12345678901234567890', 2, '12 345 678 901.23 €'],
  ])('%s nano with %d places is %s', (nano, places, text) => {
    expect(plain(formatMoney(nano, '€', places))).toBe(text)
  })

  it.each([
    ['0', '0.00 €'],
    ['726613500', '0.7266135 €'],
    ['1', '0.000000001 €'],
    ['-1000000000', '−1.00 €'],
    ['12345678901234567890', '12 345 678 901.23456789 €'],
  ])('%s nano to the last is %s', (nano, text) => {
    expect(plain(formatMoneyExactly(nano, '€'))).toBe(text)
  })

  it('loses no nano', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), (nano) => {
        const text = formatMoneyExactly(String(nano), '').replace(/[\u00a0\u202f]/g, '')
        const [whole = '', fraction = ''] = text.replace('−', '').split('.')
        const size = BigInt(whole) * 10n ** 9n + BigInt(fraction.padEnd(9, '0'))
        expect(text.startsWith('−') ? -size : size).toBe(nano)
      }),
    )
  })

  it('is never off by more than half of the last place', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 10n ** 24n }), (nano) => {
        const shown = BigInt(formatMoney(String(nano), '').replace(/[^\d]/g, '')) * 10_000_000n
        const off = shown > nano ? shown - nano : nano - shown
        expect(off <= 5_000_000n).toBe(true)
      }),
    )
  })

  it('keeps figure and unit on one line', () => {
    expect([formatEnergy(5), formatPower(5), formatMoney('5', '€'), formatAge(5)].join('')).not.toContain(' ')
  })
})

describe('times', () => {
  const AT = Date.UTC(2026, 5, 21, 10, 15, 30) / 1000

  it('are UTC', () => {
    expect([formatTime(AT), formatClock(AT), formatDate(AT)]).toEqual(['10:15', '10:15:30', '2026-06-21'])
    expect(formatSlot(AT - 30, AT - 30 + 900)).toBe('10:15–10:30')
    expect(formatSlot(AT - 30, null)).toBe('from 10:15')
  })

  it.each([
    [0, '0 s'],
    [119, '119 s'],
    [120, '2 min'],
    [7_199, '119 min'],
    [7_200, '2 h'],
  ])('%d s is %s', (seconds, text) => {
    expect(plain(formatAge(seconds))).toBe(text)
  })
})

describe('names', () => {
  it('shortens ids and counts in agreement', () => {
    expect(shortId('0123456789abcdef')).toBe('0123…cdef')
    expect(shortId('0123')).toBe('0123')
    expect([counted(1, 'bid', 'bids'), counted(0, 'bid', 'bids')]).toEqual(['1 bid', '0 bids'])
    expect(plain(counted(1_234, 'bid', 'bids'))).toBe('1 234 bids')
  })
})
