import { describe, expect, it } from 'vitest'
import { type HouseLine, money, renderStreet, type StreetNow } from '../src/screen.ts'
import { createTerminal } from '../src/terminal.ts'
import { createLedger } from '../src/totals.ts'

const house = (overrides: Partial<HouseLine> = {}): HouseLine => ({
  name: 'house-1',
  site: 'ab'.repeat(16),
  importW: 450,
  exportW: 0,
  surplusW: 0,
  meter: 'good',
  openBids: { count: 0, energyWh: 0 },
  openOffers: { count: 0, energyWh: 0 },
  lastTrade: null,
  freeNano: '99500000000',
  lockedNano: '500000000',
  ...overrides,
})
const now = (...houses: HouseLine[]): StreetNow => ({
  clockS: Date.parse('2026-05-16T10:07:00Z') / 1000,
  currency: '€',
  slot: { startsAt: Date.parse('2026-05-16T10:00:00Z') / 1000, endsAt: Date.parse('2026-05-16T10:15:00Z') / 1000 },
  head: { number: 42 },
  houses,
})
const totals = createLedger().totals()

describe('the live table', () => {
  it('shows clock, slot, block, and a line per house', () => {
    const seller = house({
      name: 'house-3',
      importW: 0,
      exportW: 3_700,
      surplusW: 3_700,
      openOffers: { count: 2, energyWh: 900 },
      lastTrade: { side: 'offer', energyWh: 80, rateMicro: 255_000 },
    })
    expect(renderStreet(now(house(), seller), totals, 200)).toEqual([
      '10:07   slot 10:00–10:15   block 42',
      '',
      'house    grid now    surplus  open orders    last trade             balance   of it locked',
      'house-1  in 450 W    0 W      none           –                      100.00 €  0.50 €',
      'house-3  out 3700 W  3700 W   offers 900 Wh  sold 80 Wh at 25.5 ct  100.00 €  0.50 €',
      '',
      '0 orders, 0 trades, 0 settled; bought 0 Wh = sold 0 Wh; paid 0.00 € = received 0.00 €',
    ])
  })

  it('shows a silent meter as missing, not as zero', () => {
    const [, , , line] = renderStreet(
      now(house({ importW: null, exportW: null, surplusW: null, meter: 'missing' })),
      totals,
      200,
    )
    expect(line).toMatch(/^house-1 {2}meter missing {2}– /)
  })

  it('is never wider than the terminal', () => {
    for (const line of renderStreet(now(house()), totals, 40)) expect([...line].length).toBeLessThanOrEqual(40)
  })

  it.each([
    [0n, '0.00 €'],
    [9_999_999n, '0.00 €'],
    [10_000_000n, '0.01 €'],
    [123_456_789_000n, '123.45 €'],
    [-250_000_000n, '−0.25 €'],
  ])('never shows more money than there is: %s', (nano, text) => {
    expect(money(nano, '€')).toBe(text)
  })
})

describe('the terminal', () => {
  const written = (isTTY: boolean) => {
    let text = ''
    const terminal = createTerminal({
      isTTY,
      columns: 80,
      write: (chunk) => {
        text += String(chunk)
        return true
      },
    })
    return { terminal, text: () => text }
  }

  it('draws over what it drew before, and puts lines that stay above it', () => {
    const { terminal, text } = written(true)
    terminal.draw(['a', 'b'])
    terminal.line('stays')
    terminal.draw(['c'])
    expect(text()).toBe('a\nb\n\x1b[2A\r\x1b[0Jstays\nc\n')
  })

  it('writes plain lines where nobody looks', () => {
    const { terminal, text } = written(false)
    terminal.draw(['a'])
    terminal.line('stays')
    expect(text()).toBe('stays\n')
  })
})
