import { describe, expect, it } from 'vitest'
import { lightAt, sunAt } from '../../src/core/weather.ts'
import { loadWeather } from '../../src/data.ts'

const day = loadWeather('sunny-day')
const irradianceAt = (of: typeof day, second: number) => lightAt(of, second, sunAt(of, second))
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0)

describe('the measured day', () => {
  it('is of 24 hours whose global and direct light were measured and whose diffuse light follows by closure', () => {
    expect(day.hours).toHaveLength(24)
    for (const hour of day.hours as unknown as readonly Record<string, unknown>[]) {
      const flags = [hour.ghiFlag, hour.dniFlag, hour.dhiFlag].map((flag) => String(flag)[0])
      expect(flags).toEqual(Number(hour.ghi) > 0 ? ['A', 'A', 'D'] : ['?', '?', '?'])
    }
  })

  it('closes: global is direct on the horizontal plus diffuse, as closely as hours can show', () => {
    for (const [i, { ghi, dni, dhi }] of day.hours.entries()) {
      if (dni === undefined || dhi === undefined) throw new Error('not measured')
      const { elevationDeg } = sunAt(day, (i + 0.5) * 3600)
      const closed = dni * Math.max(0, Math.sin((elevationDeg * Math.PI) / 180)) + dhi
      expect(Math.abs(closed - ghi), `hour ${i + 1}`).toBeLessThan(15)
    }
  })

  it('shows each hour its mean in the middle, and keeps the sum of the day in between', () => {
    for (const [i, { ghi, dni, dhi }] of day.hours.entries()) {
      expect(irradianceAt(day, (i + 0.5) * 3600)).toEqual({ ghi, dni, dhi })
    }
    const minutes = Array.from({ length: 1440 }, (_, i) => irradianceAt(day, i * 60 + 30))
    for (const of of ['ghi', 'dni', 'dhi'] as const) {
      const measured = sum(day.hours.map((hour) => hour[of] ?? Number.NaN))
      expect(sum(minutes.map((light) => light[of])) / 60).toBeCloseTo(measured, 6)
    }
  })

  it('is dark at night and never below zero', () => {
    for (const hour of [0, 3, 4.5, 20.5, 23.99]) {
      expect(irradianceAt(day, hour * 3600)).toEqual({ ghi: 0, dni: 0, dhi: 0 })
    }
  })

  it('has no cloud between 10 and 14 h', () => {
    for (let hour = 10; hour <= 14; hour += 0.25) expect(irradianceAt(day, hour * 3600).dni).toBeGreaterThan(700)
  })
})
